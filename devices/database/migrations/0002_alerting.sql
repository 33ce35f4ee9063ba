-- Alerts, visits, their numbered events, and what the engine needs to go on
-- after a restart. Times are microseconds since 1970, 0 for none. Areas and
-- sort keys are compared byte by byte (PostgreSQL: COLLATE "C").

CREATE TABLE alerts (
    id            TEXT PRIMARY KEY,
    kind          TEXT NOT NULL,
    severity      TEXT NOT NULL,
    state         TEXT NOT NULL,
    late          BIGINT NOT NULL,
    subject_type  TEXT NOT NULL,
    subject       TEXT NOT NULL,
    resident      TEXT NOT NULL,           -- '' for a device without one
    resident_name TEXT NOT NULL,           -- as it was when the alert opened
    area          TEXT NOT NULL,           -- as it was when the alert opened
    provider      TEXT NOT NULL,
    since         BIGINT NOT NULL,
    opened_at     BIGINT NOT NULL,
    rang_at       BIGINT NOT NULL,
    acked_at      BIGINT NOT NULL,
    acked_by      TEXT NOT NULL,
    recovered_at  BIGINT NOT NULL,
    closed_at     BIGINT NOT NULL,
    assignee      TEXT NOT NULL,
    outcome       TEXT NOT NULL,
    evidence      TEXT NOT NULL,           -- JSON
    rule_id       TEXT NOT NULL,
    rule_version  BIGINT NOT NULL,
    escalation    BIGINT NOT NULL,
    escalate_at   BIGINT NOT NULL,
    clock_at      BIGINT NOT NULL,
    raise_at      BIGINT NOT NULL,
    found_at      BIGINT NOT NULL,
    known_at      BIGINT NOT NULL,
    episode       BIGINT NOT NULL,         -- start of the current one
    merged_into   TEXT NOT NULL,
    sort_key      TEXT NOT NULL            -- order of the worklist
);
-- At most one open alert per subject and kind.
CREATE UNIQUE INDEX alerts_open ON alerts (subject_type, subject, kind) WHERE state <> 'closed';
CREATE UNIQUE INDEX alerts_sorted ON alerts (sort_key);
CREATE INDEX alerts_resident ON alerts (resident, sort_key);
CREATE INDEX alerts_escalate ON alerts (escalate_at) WHERE escalate_at > 0;
CREATE INDEX alerts_raise ON alerts (raise_at) WHERE raise_at > 0;

-- What has been made of findings: one that is met again is known from here.
CREATE TABLE alert_episodes (
    subject_type TEXT NOT NULL,
    subject      TEXT NOT NULL,
    kind         TEXT NOT NULL,
    episode      BIGINT NOT NULL,
    alert        TEXT NOT NULL,
    severity     TEXT NOT NULL,
    recovered    BIGINT NOT NULL,
    PRIMARY KEY (subject_type, subject, kind, episode)
);
CREATE INDEX alert_episodes_alert ON alert_episodes (alert);

-- When residents were reached alive, and from when on we knew.
CREATE TABLE alert_contacts (
    resident TEXT NOT NULL,
    recorded BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    alert    TEXT NOT NULL,
    how      TEXT NOT NULL,
    actor    TEXT NOT NULL,
    PRIMARY KEY (resident, recorded, at)
);

CREATE TABLE visits (
    id              TEXT PRIMARY KEY,
    alert           TEXT NOT NULL,         -- '' for a planned one
    resident        TEXT NOT NULL,
    resident_name   TEXT NOT NULL,
    area            TEXT NOT NULL,
    state           TEXT NOT NULL,
    assignee        TEXT NOT NULL,
    provider        TEXT NOT NULL,
    due             BIGINT NOT NULL,
    created         BIGINT NOT NULL,
    started         BIGINT NOT NULL,
    report_uuid     TEXT NOT NULL,         -- '' while there is none
    report_outcome  TEXT NOT NULL,
    report_note     TEXT NOT NULL,
    report_at       BIGINT NOT NULL,
    report_by       TEXT NOT NULL,
    report_received BIGINT NOT NULL,
    sort_key        TEXT NOT NULL
);
CREATE UNIQUE INDEX visits_sorted ON visits (sort_key);
CREATE INDEX visits_alert ON visits (alert, created) WHERE alert <> '';
CREATE INDEX visits_resident ON visits (resident, sort_key);
CREATE UNIQUE INDEX visits_report ON visits (report_uuid) WHERE report_uuid <> '';

-- Every change in commit order; also the log of each alert. The last number is
-- kept apart so that numbers never come back after old events are removed.
CREATE TABLE alert_events (
    number     BIGINT PRIMARY KEY,
    type       TEXT NOT NULL,
    at         BIGINT NOT NULL,
    alert      TEXT NOT NULL,
    visit      TEXT NOT NULL,
    area       TEXT NOT NULL,
    provider   TEXT NOT NULL,
    actor      TEXT NOT NULL,
    text       TEXT NOT NULL,
    data       TEXT NOT NULL,              -- JSON
    alert_json TEXT NOT NULL,              -- the alert after the change, '' without one
    visit_json TEXT NOT NULL
);
CREATE INDEX alert_events_alert ON alert_events (alert, number);
CREATE TABLE alert_event_number (one BIGINT PRIMARY KEY, last BIGINT NOT NULL);
INSERT INTO alert_event_number (one, last) VALUES (1, 0);

CREATE TABLE alert_rules (
    version  BIGINT PRIMARY KEY,
    held     BIGINT NOT NULL,              -- from this time of receipt on
    body     TEXT NOT NULL,                -- JSON
    actor    TEXT NOT NULL,
    reason   TEXT NOT NULL
);

-- The engine's checkpoint: written together or not at all.
CREATE TABLE alert_snapshots (
    subject_type TEXT NOT NULL,
    subject      TEXT NOT NULL,
    detector     TEXT NOT NULL,
    state        BLOB NOT NULL,
    PRIMARY KEY (subject_type, subject, detector)
);
CREATE TABLE alert_positions (lane TEXT PRIMARY KEY, seq BIGINT NOT NULL);
CREATE TABLE alert_clock (one BIGINT PRIMARY KEY, watched BIGINT NOT NULL, last_tick BIGINT NOT NULL, connected BIGINT NOT NULL);
