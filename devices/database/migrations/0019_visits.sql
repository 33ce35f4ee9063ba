-- Visits by plan: home visits, calls back, and the daily call to those whose
-- devices see too little. Labels: what people found out about what a detector
-- said.

ALTER TABLE visits ADD COLUMN kind TEXT NOT NULL DEFAULT 'home';      -- home or phone
ALTER TABLE visits ADD COLUMN plan TEXT NOT NULL DEFAULT '';          -- routine, quota, callback, daily; '' when a person asked for it
ALTER TABLE visits ADD COLUMN plan_key TEXT NOT NULL DEFAULT '';      -- of two with one key only the first is made
ALTER TABLE visits ADD COLUMN arrived_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE visits ADD COLUMN left_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE visits ADD COLUMN report_cause TEXT NOT NULL DEFAULT '';
ALTER TABLE visits ADD COLUMN reminded BIGINT NOT NULL DEFAULT 0;     -- percent of the time to due, of the last reminder
ALTER TABLE visits ADD COLUMN remind_at BIGINT NOT NULL DEFAULT 0;    -- of the next one
ALTER TABLE visits ADD COLUMN settled_at BIGINT NOT NULL DEFAULT 0;   -- a verified contact that counts as the planned visit
ALTER TABLE visits ADD COLUMN settled_how TEXT NOT NULL DEFAULT '';
ALTER TABLE visits ADD COLUMN settled_by TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX visits_planned ON visits (plan_key) WHERE plan_key <> '';
CREATE INDEX visits_remind ON visits (remind_at) WHERE remind_at > 0;
CREATE INDEX visits_due ON visits (due);
CREATE INDEX alert_contacts_recorded ON alert_contacts (recorded);

-- One for each time an alert was closed; they hold from when they were recorded,
-- and the newest one of an alert counts.
CREATE TABLE alert_labels (
    alert    TEXT NOT NULL,
    recorded BIGINT NOT NULL,
    resident TEXT NOT NULL,            -- '' for a device without one
    kind     TEXT NOT NULL,
    severity TEXT NOT NULL,
    area     TEXT NOT NULL,
    rule     TEXT NOT NULL,
    version  BIGINT NOT NULL,
    outcome  TEXT NOT NULL,
    cause    TEXT NOT NULL,            -- of a false alarm
    from_at  BIGINT NOT NULL,          -- what the alert was about: the episode
    to_at    BIGINT NOT NULL,
    unusual  BIGINT NOT NULL,          -- 1: that time is no habit and is not learnt
    evidence TEXT NOT NULL,            -- JSON, what the detector had said
    PRIMARY KEY (alert, recorded)
);
CREATE INDEX alert_labels_resident ON alert_labels (resident, recorded);
CREATE INDEX alert_labels_recorded ON alert_labels (recorded);
CREATE INDEX alerts_closed ON alerts (closed_at) WHERE closed_at > 0;
CREATE INDEX visits_plan ON visits (plan, resident, due) WHERE plan <> '';
