-- The newest sign of life of the service's own devices that alerting has written,
-- for each lane. Times are microseconds since 1970.
CREATE TABLE canary_beats (
    lane      TEXT PRIMARY KEY,
    mark      BIGINT NOT NULL,     -- by which the canary knows it again
    at        BIGINT NOT NULL,
    logged    BIGINT NOT NULL,     -- number of the newest event that is a beat of this lane, 0 for none
    logged_at BIGINT NOT NULL
);
