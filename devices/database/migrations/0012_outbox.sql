-- Notices to people, written with the change they tell of and sent after it.
CREATE TABLE outbox (
    key      TEXT PRIMARY KEY,             -- of two with one key the first is kept
    person   TEXT NOT NULL,
    reason   TEXT NOT NULL,
    alert    TEXT NOT NULL,
    severity TEXT NOT NULL,
    area     TEXT NOT NULL,
    at       BIGINT NOT NULL,
    data     TEXT NOT NULL,                -- JSON
    state    TEXT NOT NULL                 -- waiting until it was sent or given up
);
CREATE INDEX outbox_waiting ON outbox (at) WHERE state = 'waiting';
