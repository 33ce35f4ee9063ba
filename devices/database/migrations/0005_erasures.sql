-- 0005_erasures: residents whose data is erased, and how far that is. Times are
-- microseconds since 1970, 0 while a step is not done. spans is JSON: which
-- device told of the resident from when to when.

CREATE TABLE erasures (
    resident     TEXT PRIMARY KEY,
    actor        TEXT NOT NULL,
    requested    BIGINT NOT NULL,
    spans        TEXT NOT NULL,
    state_done   BIGINT NOT NULL,
    series_done  BIGINT NOT NULL,
    journal_done BIGINT NOT NULL
);
