-- Whose keys these are, and the master key that they are wrapped under.
CREATE TABLE keyring (
    one    INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    format INTEGER NOT NULL,
    origin TEXT    NOT NULL,
    kek    TEXT    NOT NULL
);

-- One key for each subject and class. A key that was destroyed leaves its row
-- behind, without the key, so that it is never made anew.
CREATE TABLE key (
    subject   TEXT    NOT NULL,
    class     TEXT    NOT NULL,
    kid       TEXT    NOT NULL,
    kek       TEXT    NOT NULL,
    wrapped   BLOB,
    created   INTEGER NOT NULL DEFAULT (unixepoch()),
    destroyed INTEGER,
    PRIMARY KEY (subject, class),
    CHECK ((wrapped IS NULL) = (destroyed IS NOT NULL))
) WITHOUT ROWID;

CREATE INDEX key_destroyed ON key (destroyed) WHERE destroyed IS NOT NULL;
