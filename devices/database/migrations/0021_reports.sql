-- 0021_reports: random tests of whether somebody is at a desk (抽查值守).
CREATE TABLE duty_checks (
    id       TEXT PRIMARY KEY,
    area     TEXT NOT NULL,                -- the desk's
    asked    BIGINT NOT NULL,              -- from then on the desk sees it
    until_at BIGINT NOT NULL,              -- an answer after that is none
    answered BIGINT NOT NULL,              -- 0 while nobody has
    actor    TEXT NOT NULL,                -- who answered; before, who asked by hand
    told     BIGINT NOT NULL               -- the supervisor was told that nobody answered
);
CREATE INDEX duty_checks_asked ON duty_checks (asked);
-- Hours in which nobody could be told of a red alert, as they began.
CREATE TABLE duty_uncovered (
    area    TEXT NOT NULL,
    from_at BIGINT NOT NULL,
    to_at   BIGINT NOT NULL,
    PRIMARY KEY (area, from_at)
);
-- What a report counts.
CREATE INDEX alerts_opened ON alerts (opened_at);
