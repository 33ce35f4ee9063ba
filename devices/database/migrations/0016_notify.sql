-- What becomes of notices, by which channels people are told, and links that
-- have been used. A notice's next look is at next_at (0: at once); done_at and
-- why say when and how its wait ended, via by which channel.
ALTER TABLE outbox ADD COLUMN next_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN done_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN via TEXT NOT NULL DEFAULT '';
CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'waiting';
CREATE INDEX outbox_newest ON outbox (at, key);
CREATE INDEX outbox_done ON outbox (done_at);

-- The newest try of a notice by one channel and address. It is written as
-- 'sending' before it goes out: what a killed process has left so may have been
-- sent, and goes out again with the same message, which is its key.
CREATE TABLE notice_attempts (
    key      TEXT NOT NULL,
    channel  TEXT NOT NULL,
    address  TEXT NOT NULL,                -- the channel's own, may be empty
    message  TEXT NOT NULL,                -- key of the message, shared in a digest
    tries    BIGINT NOT NULL,
    state    TEXT NOT NULL,                -- sending, taken, delivered, failed, limited, refused
    at       BIGINT NOT NULL,
    next_at  BIGINT NOT NULL,              -- not tried again before it
    provider TEXT NOT NULL,                -- the provider's id of the message
    error    TEXT NOT NULL,
    PRIMARY KEY (key, channel, address)
);
CREATE INDEX notice_attempts_recent ON notice_attempts (at);

-- By which channels a person is told, in this order. Quiet hours, in minutes of
-- the county's day, hold for all but red; the same twice is none.
CREATE TABLE person_channels (
    person      TEXT NOT NULL,
    position    BIGINT NOT NULL,
    channel     TEXT NOT NULL,
    address     TEXT NOT NULL,
    enabled     BIGINT NOT NULL,
    verified_at BIGINT NOT NULL,           -- when the channel last took a test
    quiet_from  BIGINT NOT NULL,
    quiet_to    BIGINT NOT NULL,
    PRIMARY KEY (person, channel, address)
);
CREATE TABLE person_languages (
    person   TEXT PRIMARY KEY,
    language TEXT NOT NULL                 -- zh or en
);

-- Keys that the service makes for itself, such as that of its links.
CREATE TABLE service_keys (
    name TEXT PRIMARY KEY,
    key  BLOB NOT NULL
);
CREATE TABLE used_links (
    link TEXT PRIMARY KEY,                 -- SHA-256, hex
    at   BIGINT NOT NULL
);
