-- +goose Up

-- Whose keys these are, and the master key that they are wrapped under.
CREATE TABLE keyring (
    one    integer          PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    format integer          NOT NULL,
    origin text COLLATE "C" NOT NULL,
    kek    text COLLATE "C" NOT NULL
);

-- One key for each subject and class. A key that was destroyed leaves its row
-- behind, without the key, so that it is never made anew.
CREATE TABLE key (
    subject   text COLLATE "C" NOT NULL,
    class     text COLLATE "C" NOT NULL,
    kid       text COLLATE "C" NOT NULL,
    kek       text COLLATE "C" NOT NULL,
    wrapped   bytea,
    created   bigint NOT NULL DEFAULT extract(epoch FROM now()),
    destroyed bigint,
    PRIMARY KEY (subject, class),
    CHECK ((wrapped IS NULL) = (destroyed IS NOT NULL))
);

CREATE INDEX key_destroyed ON key (subject, class) WHERE destroyed IS NOT NULL;
