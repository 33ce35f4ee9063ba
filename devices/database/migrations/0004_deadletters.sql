-- 0004_deadletters: what was refused, and why. A row is one refusal with the
-- payload, or (payload NULL) the count of those that came too thick to keep.
-- bucket and minute are what the bound on thickness is held to.

CREATE TABLE dead_letters (
    id       TEXT PRIMARY KEY,
    received BIGINT NOT NULL,
    bucket   TEXT NOT NULL,
    minute   BIGINT NOT NULL,
    vendor   TEXT NOT NULL,
    device   TEXT NOT NULL,
    topic    TEXT NOT NULL,
    code     TEXT NOT NULL,
    field    TEXT NOT NULL,
    value    TEXT NOT NULL,
    rule     TEXT NOT NULL,
    sha256   TEXT NOT NULL,
    payload  BLOB,
    count    BIGINT NOT NULL
);
CREATE INDEX dead_letters_received ON dead_letters (received, id);
CREATE INDEX dead_letters_bucket ON dead_letters (bucket, minute);
CREATE INDEX dead_letters_device ON dead_letters (device, received, id);
CREATE INDEX dead_letters_vendor ON dead_letters (vendor, received, id);
