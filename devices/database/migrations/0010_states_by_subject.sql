-- The detector states of one subject are one row: writing and reading them costs
-- a fifth. Rows of alert_snapshots are those of older releases, and go when their
-- subject is next written.

CREATE TABLE alert_states (
    subject_type TEXT NOT NULL,
    subject      TEXT NOT NULL,
    state        BLOB NOT NULL,
    part         BIGINT NOT NULL,
    PRIMARY KEY (subject_type, subject)
);

-- New rules are brought to those who are silent over many ticks: those that held
-- at swept_to to those that have seen those of swept_from.
ALTER TABLE alert_clock ADD COLUMN swept_from BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alert_clock ADD COLUMN swept_to BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alert_clock ADD COLUMN sweep_left BIGINT NOT NULL DEFAULT 0;
