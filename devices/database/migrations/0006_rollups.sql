-- 0006_rollups: which hours of which devices have readings that their rollups do
-- not yet tell of. revision grows with each mark, so that a rollup that was worked
-- out meanwhile does not take a newer mark away.

CREATE TABLE rollup_marks (
    device   TEXT NOT NULL,
    hour     BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (device, hour)
);
CREATE INDEX rollup_marks_hour ON rollup_marks (hour, device);

-- One row. Of an hour in [unsure_from, unsure_to) that has no rollup nobody knows
-- whether it has readings; seen is when marks were last kept.
CREATE TABLE rollup_state (
    id          BIGINT PRIMARY KEY,
    unsure_from BIGINT NOT NULL,
    unsure_to   BIGINT NOT NULL,
    seen        BIGINT NOT NULL
);
