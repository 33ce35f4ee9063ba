-- The alerts that an outage stands for, one row of each subject and kind, and the
-- residents who were phoned about it. They are no part of its evidence: that is
-- written with every change.

CREATE TABLE alert_members (
    alert         TEXT NOT NULL,           -- the outage
    subject_type  TEXT NOT NULL,
    subject       TEXT NOT NULL,
    kind          TEXT NOT NULL,
    episode       BIGINT NOT NULL,
    resident      TEXT NOT NULL,           -- '' for a device without one
    resident_name TEXT NOT NULL,
    area          TEXT NOT NULL,
    provider      TEXT NOT NULL,
    severity      TEXT NOT NULL,
    rule_id       TEXT NOT NULL,
    rule_version  BIGINT NOT NULL,
    found_at      BIGINT NOT NULL,
    known_at      BIGINT NOT NULL,
    back          BIGINT NOT NULL,         -- the episode is over
    evidence      TEXT NOT NULL,           -- JSON
    PRIMARY KEY (alert, subject_type, subject, kind)
);
CREATE INDEX alert_members_resident ON alert_members (resident, alert);

CREATE TABLE alert_calls (
    alert    TEXT NOT NULL,
    resident TEXT NOT NULL,
    at       BIGINT NOT NULL,
    result   TEXT NOT NULL,
    actor    TEXT NOT NULL,
    PRIMARY KEY (alert, resident)
);

-- Alerts of devices that are not closed, by when they became known.
CREATE INDEX alerts_known ON alerts (known_at) WHERE state <> 'closed' AND subject_type = 'device';
