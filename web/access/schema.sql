-- The same on SQLite and PostgreSQL. Times are seconds since 1970, of notes
-- microseconds; hashes are SHA-256 in hex. What is released is never edited:
-- a later format adds statements at the end.

CREATE TABLE IF NOT EXISTS account (
    id       TEXT   PRIMARY KEY,
    name     TEXT   NOT NULL,
    login    TEXT   UNIQUE,           -- of who signs in with a password
    password TEXT,                    -- argon2id, as a PHC string
    issuer   TEXT   NOT NULL DEFAULT '', -- of who signs in elsewhere (OpenID Connect)
    subject  TEXT   NOT NULL DEFAULT '',
    language TEXT   NOT NULL,
    disabled BIGINT NOT NULL DEFAULT 0, -- since when
    created  BIGINT NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS account_elsewhere ON account (issuer, subject) WHERE subject <> '';

CREATE TABLE IF NOT EXISTS role_grant (
    account      TEXT   NOT NULL REFERENCES account (id),
    role         TEXT   NOT NULL,
    organisation TEXT   NOT NULL, -- '' is the whole ledger
    granted_by   TEXT   NOT NULL,
    created      BIGINT NOT NULL,
    PRIMARY KEY (account, role, organisation)
);

CREATE TABLE IF NOT EXISTS invitation (
    hash    TEXT   PRIMARY KEY,
    account TEXT   NOT NULL REFERENCES account (id),
    expires BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS session (
    hash    TEXT   PRIMARY KEY,
    account TEXT   NOT NULL REFERENCES account (id),
    form    TEXT   NOT NULL, -- what forms send back
    created BIGINT NOT NULL,
    seen    BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS token (
    hash    TEXT   PRIMARY KEY,
    prefix  TEXT   NOT NULL UNIQUE, -- its beginning, to be known by
    account TEXT   NOT NULL REFERENCES account (id),
    name    TEXT   NOT NULL,
    actions TEXT   NOT NULL, -- that it is limited to, with commas between; '' for all
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    revoked BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS note (
    at           BIGINT NOT NULL,
    id           TEXT   NOT NULL,
    account      TEXT   NOT NULL,
    means        TEXT   NOT NULL,
    what         TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    organisation TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    request      TEXT   NOT NULL,
    PRIMARY KEY (at, id)
);

CREATE INDEX IF NOT EXISTS note_subject ON note (subject, at);

-- Format 2: tries to sign in, which all instances of the service count together;
-- and sign-ins that have gone to an OpenID provider and not come back.

CREATE TABLE IF NOT EXISTS try (
    key   TEXT   PRIMARY KEY, -- hash of a login or an address
    began BIGINT NOT NULL,
    n     BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS departure (
    hash    TEXT   PRIMARY KEY,
    next    TEXT   NOT NULL, -- the page that was asked for
    expires BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS format (
    one     BIGINT PRIMARY KEY,
    version BIGINT NOT NULL
);

INSERT INTO format (one, version) VALUES (1, 2) ON CONFLICT (one) DO UPDATE SET version = 2 WHERE format.version < 2;
