-- 0024_erasures: what is erased of a resident may be one type of data alone, when
-- the resident withdraws consent for it; data is '' for everything.

CREATE TABLE erasures_by_data (
    resident     TEXT NOT NULL,
    data         TEXT NOT NULL,
    actor        TEXT NOT NULL,
    requested    BIGINT NOT NULL,
    spans        TEXT NOT NULL,
    state_done   BIGINT NOT NULL,
    series_done  BIGINT NOT NULL,
    journal_done BIGINT NOT NULL,
    PRIMARY KEY (resident, data)
);
INSERT INTO erasures_by_data (resident, data, actor, requested, spans, state_done, series_done, journal_done)
SELECT resident, '', actor, requested, spans, state_done, series_done, journal_done FROM erasures;
DROP TABLE erasures;
ALTER TABLE erasures_by_data RENAME TO erasures;
