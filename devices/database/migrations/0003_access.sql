-- 0003_access: accounts of people and programs, their sessions and tokens, and
-- what they did. Areas are a JSON array of area paths; [""] is everything.

CREATE TABLE accounts (
    username TEXT PRIMARY KEY,
    name     TEXT NOT NULL,
    role     TEXT NOT NULL,
    areas    TEXT NOT NULL,
    provider TEXT NOT NULL,
    vendor   TEXT NOT NULL,
    password TEXT NOT NULL,
    disabled BIGINT NOT NULL,
    created  BIGINT NOT NULL
);

-- Only the SHA-256 of a session's token is kept.
CREATE TABLE sessions (
    hash     TEXT PRIMARY KEY,
    username TEXT NOT NULL REFERENCES accounts (username),
    created  BIGINT NOT NULL,
    used     BIGINT NOT NULL
);
CREATE INDEX sessions_username ON sessions (username);

CREATE TABLE api_tokens (
    hash     TEXT PRIMARY KEY,
    username TEXT NOT NULL REFERENCES accounts (username),
    created  BIGINT NOT NULL
);
CREATE INDEX api_tokens_username ON api_tokens (username);

-- Rows are added and never changed.
CREATE TABLE audit (
    id     BIGINT PRIMARY KEY,
    at     BIGINT NOT NULL,
    actor  TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    area   TEXT NOT NULL,
    detail TEXT NOT NULL
);
