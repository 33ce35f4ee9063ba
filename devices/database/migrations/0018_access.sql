-- 0018_access: second factors, tokens with a name, an end and a narrower reach,
-- consents, and an audit log that cannot be changed.

-- The secret of an authenticator app. It must be known to check a code, so it
-- cannot be hashed; the file is readable to the service's user alone.
-- confirmed is 0 until a first code was entered; step is the newest time step
-- whose code was taken, so that none is taken twice.
CREATE TABLE second_factors (
    username  TEXT PRIMARY KEY REFERENCES accounts (username),
    secret    TEXT NOT NULL,
    confirmed BIGINT NOT NULL,
    step      BIGINT NOT NULL
);

-- SHA-256, hex, of codes that stand in for the app once each.
CREATE TABLE recovery_codes (
    username TEXT NOT NULL REFERENCES accounts (username),
    hash     TEXT NOT NULL,
    used     BIGINT NOT NULL,
    PRIMARY KEY (username, hash)
);

-- An empty role or areas is the account's own; expires 0 is never. The id of a
-- token from before is the beginning of its hash.
ALTER TABLE api_tokens ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE api_tokens ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE api_tokens ADD COLUMN role TEXT NOT NULL DEFAULT '';
ALTER TABLE api_tokens ADD COLUMN areas TEXT NOT NULL DEFAULT '[]';
ALTER TABLE api_tokens ADD COLUMN read_only BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_tokens ADD COLUMN expires BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_tokens ADD COLUMN used BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_tokens ADD COLUMN maker TEXT NOT NULL DEFAULT '';
UPDATE api_tokens SET id = substr(hash, 1, 16);

-- What residents have agreed to, or not, by type of data, as people entered it.
-- The newest decision that has begun counts; to_at 0 is no end.
CREATE TABLE consents (
    id       TEXT PRIMARY KEY,
    resident TEXT NOT NULL REFERENCES residents (id),
    data     TEXT NOT NULL,
    granted  BIGINT NOT NULL,
    from_at  BIGINT NOT NULL,
    to_at    BIGINT NOT NULL,
    paper    TEXT NOT NULL,
    by_user  TEXT NOT NULL,
    edit     BIGINT NOT NULL
);
CREATE INDEX consents_resident ON consents (resident);

-- Each line's hash covers the line and the hash before it; lines from before
-- this migration have none. Nothing changes or deletes a line.
ALTER TABLE audit ADD COLUMN hash TEXT NOT NULL DEFAULT '';
CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_object ON audit (object, id);
CREATE TRIGGER audit_not_changed BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_not_deleted BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
