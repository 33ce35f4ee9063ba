-- 0001_registry: areas, providers, residents, devices, who has which device and
-- who is away.
--
-- What rules and detectors ask is kept in versions, and each version by the edit
-- that entered it: a journal that is read again must see what was known when a
-- message came. An edit gets its time at the very end of its transaction. A
-- column "ended" names the edit that ended the row, 0 while none has.

CREATE TABLE registry_edits (
    id       BIGINT PRIMARY KEY,
    recorded BIGINT NOT NULL
);

CREATE TABLE areas (
    path TEXT PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE providers (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE provider_villages (
    provider TEXT NOT NULL REFERENCES providers (id),
    village  TEXT NOT NULL,
    edit     BIGINT NOT NULL,
    ended    BIGINT NOT NULL,
    PRIMARY KEY (provider, village, edit)
);

-- The present version; edit is the one from which area, tier and state hold.
CREATE TABLE residents (
    id       TEXT PRIMARY KEY,
    name     TEXT NOT NULL,
    phone    TEXT NOT NULL,
    address  TEXT NOT NULL,
    born     BIGINT NOT NULL,
    area     TEXT NOT NULL REFERENCES areas (path),
    tier     TEXT NOT NULL,
    state    TEXT NOT NULL,
    contacts TEXT NOT NULL,
    edit     BIGINT NOT NULL
);
CREATE INDEX residents_area ON residents (area, id);

-- Versions before the present one. Names are not versioned: a corrected or
-- erased name is so everywhere.
CREATE TABLE resident_versions (
    resident TEXT NOT NULL REFERENCES residents (id),
    edit     BIGINT NOT NULL,
    area     TEXT NOT NULL,
    tier     TEXT NOT NULL,
    state    TEXT NOT NULL,
    PRIMARY KEY (resident, edit)
);

CREATE TABLE devices (
    id        TEXT PRIMARY KEY,
    vendor    TEXT NOT NULL,
    kind      TEXT NOT NULL,
    area      TEXT NOT NULL REFERENCES areas (path),
    client_id TEXT NOT NULL,
    disabled  BIGINT NOT NULL,
    created   BIGINT NOT NULL,
    edit      BIGINT NOT NULL
);
CREATE INDEX devices_vendor ON devices (vendor, id);
CREATE INDEX devices_area ON devices (area, id);

CREATE TABLE device_versions (
    device    TEXT NOT NULL REFERENCES devices (id),
    edit      BIGINT NOT NULL,
    kind      TEXT NOT NULL,
    area      TEXT NOT NULL,
    client_id TEXT NOT NULL,
    disabled  BIGINT NOT NULL,
    PRIMARY KEY (device, edit)
);

-- to_at and ended_at are 0 for "no end". to_at was known from the start,
-- ended_at came with the edit "ended".
CREATE TABLE assignments (
    device   TEXT NOT NULL REFERENCES devices (id),
    edit     BIGINT NOT NULL,
    from_at  BIGINT NOT NULL,
    resident TEXT NOT NULL REFERENCES residents (id),
    to_at    BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    ended    BIGINT NOT NULL,
    PRIMARY KEY (device, edit, from_at)
);
CREATE INDEX assignments_resident ON assignments (resident);

CREATE TABLE absences (
    id       TEXT PRIMARY KEY,
    resident TEXT NOT NULL REFERENCES residents (id),
    from_at  BIGINT NOT NULL,
    to_at    BIGINT NOT NULL,
    reason   TEXT NOT NULL,
    edit     BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    ended    BIGINT NOT NULL
);
CREATE INDEX absences_resident ON absences (resident);

CREATE TABLE gateways (
    vendor  TEXT PRIMARY KEY,
    created BIGINT NOT NULL
);

-- SHA-256, hex, of a random secret.
CREATE TABLE credentials (
    username TEXT PRIMARY KEY,
    sha256   TEXT NOT NULL,
    created  BIGINT NOT NULL
);
