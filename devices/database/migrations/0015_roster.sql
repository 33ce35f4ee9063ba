-- Who is told of alerts. Every change of a policy, rota, override, holiday or of
-- the settings is a row; the newest of each holds, one without a body took it
-- away. Rows are never changed.
CREATE TABLE duty_changes (
    version BIGINT PRIMARY KEY,
    held    BIGINT NOT NULL,               -- from then on
    what    TEXT NOT NULL,                 -- policy, rota, override, holiday or settings
    id      TEXT NOT NULL,
    area    TEXT NOT NULL,
    body    TEXT NOT NULL,                 -- JSON, '' once it is gone
    actor   TEXT NOT NULL,
    reason  TEXT NOT NULL
);

-- Until when an alert waits for the morning, by when somebody must have seen it,
-- and who was the first to.
ALTER TABLE alerts ADD COLUMN waits_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN see_by BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN delivered_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN delivered_to TEXT NOT NULL DEFAULT '';
CREATE INDEX alerts_see_by ON alerts (see_by) WHERE see_by > 0;
CREATE INDEX alerts_waits_until ON alerts (waits_until) WHERE waits_until > 0;
-- What rings now.
CREATE INDEX alerts_ringing ON alerts (rang_at) WHERE state = 'open' AND late = 0;

-- Whom an alert that rang was shown to, or whose device says that it arrived.
CREATE TABLE alert_seen (
    alert  TEXT NOT NULL,
    rung   BIGINT NOT NULL,                -- which ringing it was
    person TEXT NOT NULL,                  -- user name
    at     BIGINT NOT NULL,
    via    TEXT NOT NULL,                  -- board, or the channel that gave a receipt
    PRIMARY KEY (alert, rung, person)
);
