-- The countdown of an acknowledgement, the log of phone calls, and the chain of
-- the event log. Times are microseconds since 1970, 0 for none.

ALTER TABLE alerts ADD COLUMN ack_due BIGINT NOT NULL DEFAULT 0;    -- back to the queue when nothing is done by then
ALTER TABLE alerts ADD COLUMN next_call BIGINT NOT NULL DEFAULT 0;  -- the earliest call that is promised
CREATE INDEX alerts_ack_due ON alerts (ack_due) WHERE ack_due > 0;

-- Phone calls about alerts, both ways. A number is never kept whole.
CREATE TABLE calls (
    id        TEXT PRIMARY KEY,
    alert     TEXT NOT NULL,
    resident  TEXT NOT NULL,           -- whom the alert, or of an outage the call, is about; '' for nobody
    area      TEXT NOT NULL,           -- the alert's
    direction TEXT NOT NULL,           -- in or out
    whom      TEXT NOT NULL,           -- resident, a contact's name, 120 ...
    number    TEXT NOT NULL,           -- masked, '' when not known
    started   BIGINT NOT NULL,
    seconds   BIGINT NOT NULL,         -- -1: not known
    result    TEXT NOT NULL,
    actor     TEXT NOT NULL,
    next_call BIGINT NOT NULL,         -- promised by this call, 0 for none
    kept      BIGINT NOT NULL          -- when a later call, or the end of the alert, settled it
);
CREATE INDEX calls_alert ON calls (alert, started);
CREATE INDEX calls_promised ON calls (next_call) WHERE next_call > 0 AND kept = 0;

-- Each event holds the hash of the one before it (see docs/event-log.md). What
-- people wrote and what names them is in the chain only as a digest made with a
-- random salt: an erasure takes text and salt away and the chain stays whole.
ALTER TABLE alert_events ADD COLUMN salt TEXT NOT NULL DEFAULT '';
ALTER TABLE alert_events ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE alert_events ADD COLUMN hash TEXT NOT NULL DEFAULT '';  -- '' until the chain of an older database is built

-- The log is append-only. (PostgreSQL: the same as trigger functions.)
CREATE TRIGGER alert_events_keep BEFORE UPDATE OF number, type, at, alert, visit, area, provider, actor, digest, hash ON alert_events
WHEN OLD.hash <> '' BEGIN
    SELECT RAISE(ABORT, 'the event log is append-only');
END;
CREATE TRIGGER alert_events_stay BEFORE DELETE ON alert_events BEGIN
    SELECT RAISE(ABORT, 'the event log is append-only');
END;
