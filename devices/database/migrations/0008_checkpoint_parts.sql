-- A checkpoint is written in parts, so that nobody waits for all of it. Each
-- state names the part it was written in, and each part how far the engine had
-- read then; what a missing part or lane had read is what the checkpoint says.

ALTER TABLE alert_snapshots ADD COLUMN part BIGINT NOT NULL DEFAULT 0;

CREATE TABLE alert_parts (
    part    BIGINT NOT NULL,
    lane    TEXT NOT NULL,
    seq     BIGINT NOT NULL,
    watched BIGINT NOT NULL,           -- microseconds on the clock of watched time
    PRIMARY KEY (part, lane)
);
