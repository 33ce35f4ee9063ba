-- The newest sign of life of the service's own devices that alerting has written,
-- for each lane. Times are microseconds since 1970.
CREATE TABLE canary_beats (
    lane TEXT PRIMARY KEY,
    mark BIGINT NOT NULL,          -- by which the canary knows it again
    at   BIGINT NOT NULL
);
