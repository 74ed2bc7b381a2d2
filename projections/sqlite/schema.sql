-- How far the generation has come, and its number.
CREATE TABLE checkpoint (
    one        INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    position   INTEGER NOT NULL,
    generation INTEGER NOT NULL
);

-- The timelines that decisions are made on: the entries of each subject without
-- what identifies a person.
CREATE TABLE subject (
    kind     TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    number   INTEGER NOT NULL, -- of members, from 1; 0 for others
    position INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    entries  BLOB    NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE INDEX subject_number ON subject (number);

-- The cells of the roll. 0, which has no row, is outside.
CREATE TABLE cell (
    number       INTEGER PRIMARY KEY,
    organisation TEXT NOT NULL,
    status       TEXT NOT NULL,
    gender       TEXT NOT NULL,
    ethnicity    TEXT NOT NULL,
    religion     TEXT NOT NULL
);

CREATE INDEX cell_organisation ON cell (organisation);

-- Postings: each takes one person out of a cell and puts them into another.
-- effective_on counts days since 0000-12-31. Rows are only ever added.
CREATE TABLE headcount (
    sequence     INTEGER NOT NULL,
    member       INTEGER NOT NULL,
    effective_on INTEGER NOT NULL,
    cause        INTEGER NOT NULL,
    from_cell    INTEGER NOT NULL,
    to_cell      INTEGER NOT NULL,
    sign         INTEGER NOT NULL
);

CREATE INDEX headcount_to_cell ON headcount (to_cell, member);

-- Those postings that carry a member in, out, across or to another status.
CREATE TABLE movements (
    sequence     INTEGER NOT NULL,
    member       INTEGER NOT NULL,
    effective_on INTEGER NOT NULL,
    cause        INTEGER NOT NULL,
    movement     INTEGER NOT NULL,
    from_cell    INTEGER NOT NULL,
    to_cell      INTEGER NOT NULL,
    sign         INTEGER NOT NULL
);

-- Changes of what indicators follow: probation, mentors, ratings.
CREATE TABLE indicators (
    sequence     INTEGER NOT NULL,
    member       INTEGER NOT NULL,
    effective_on INTEGER NOT NULL,
    cause        INTEGER NOT NULL,
    line         INTEGER NOT NULL,
    year         INTEGER NOT NULL,
    from_value   INTEGER NOT NULL,
    to_value     INTEGER NOT NULL,
    sign         INTEGER NOT NULL
);

-- Where the events stand whose id was given to them. An id that was derived
-- from its event's content, and is marked so, needs no look-up: it can only be in that subject.
CREATE TABLE event_id (
    id       TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) WITHOUT ROWID;

-- Subjects that wait because one of their records was not understood.
CREATE TABLE parked (
    subject  TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    records  INTEGER NOT NULL,
    reason   TEXT    NOT NULL
);

-- Subjects whose ethnicity and religion are unknown because the key to them is
-- not there.
CREATE TABLE missing_key (
    subject  TEXT PRIMARY KEY,
    position INTEGER NOT NULL
);

-- The entries that say who a member is, as the log has them: sealed. A register
-- opens them to show names; nothing of them is here in clear.
CREATE TABLE sealed (
    sequence INTEGER PRIMARY KEY,
    member   INTEGER NOT NULL,
    id       TEXT    NOT NULL,
    type     TEXT    NOT NULL,
    schema   TEXT    NOT NULL,
    data     BLOB    NOT NULL
);
