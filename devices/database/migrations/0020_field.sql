-- 0020_field: what is entered at the door, each entry once by the uuid that the
-- phone gave it; photos; where a resident lives and what matters at the door.
-- Times are microseconds since 1970, 0 for none.

CREATE TABLE visit_entries (
    uuid     TEXT PRIMARY KEY,
    visit    TEXT NOT NULL,
    kind     TEXT NOT NULL,          -- checkin, checkout, checklist, photo
    at       BIGINT NOT NULL,        -- by our clock
    phone_at BIGINT NOT NULL,        -- as the phone's clock said
    received BIGINT NOT NULL,
    actor    TEXT NOT NULL,
    data     TEXT NOT NULL           -- JSON, '{}' of somebody who was erased
);
CREATE INDEX visit_entries_visit ON visit_entries (visit, at);

CREATE TABLE visit_photos (
    id    TEXT PRIMARY KEY,          -- random; also in the entry's data
    visit TEXT NOT NULL,
    image BLOB NOT NULL              -- JPEG without metadata
);
CREATE INDEX visit_photos_visit ON visit_photos (visit);

-- Who has had a visit: a phone that was offline may still report one that was
-- given to another organisation meanwhile.
CREATE TABLE visit_holders (
    visit    TEXT NOT NULL,
    provider TEXT NOT NULL,
    PRIMARY KEY (visit, provider)
);
INSERT INTO visit_holders (visit, provider) SELECT id, provider FROM visits WHERE provider <> '';

CREATE TABLE resident_homes (
    resident  TEXT PRIMARY KEY,
    lat       DOUBLE PRECISION NOT NULL,   -- WGS-84; 0, 0 while not known
    lon       DOUBLE PRECISION NOT NULL,
    source    TEXT NOT NULL,               -- entered or door, '' while not known
    door_code TEXT NOT NULL,               -- '' while none was made
    note      TEXT NOT NULL,               -- what matters at the door: where the key is, a dog, hard of hearing
    changed   BIGINT NOT NULL,
    actor     TEXT NOT NULL
);
CREATE UNIQUE INDEX resident_homes_door ON resident_homes (door_code) WHERE door_code <> '';

-- What a report says beyond its outcome and note: JSON.
ALTER TABLE visits ADD COLUMN report_more TEXT NOT NULL DEFAULT '';
