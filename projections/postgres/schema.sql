-- The tables of one generation. Primary keys and other indexes of those that
-- grow are made when it was first filled: see indexes.sql. What the columns of
-- the read models mean is told in projections/store.go. "row" counts the rows
-- of a table from 1, without gaps, in the order in which they were added.

-- The timelines that decisions are made on: the entries of each subject without
-- what identifies a person.
CREATE TABLE subject (
    kind     text COLLATE "C" NOT NULL,
    id       text COLLATE "C" NOT NULL,
    number   bigint           NOT NULL, -- of members, from 1; 0 for others
    position bigint           NOT NULL,
    count    bigint           NOT NULL,
    entries  bytea            NOT NULL
);

-- The cells of the roll. 0, which has no row, is outside.
CREATE TABLE cell (
    number       bigint           PRIMARY KEY,
    organisation text COLLATE "C" NOT NULL,
    status       text COLLATE "C" NOT NULL,
    gender       text COLLATE "C" NOT NULL,
    ethnicity    text COLLATE "C" NOT NULL,
    religion     text COLLATE "C" NOT NULL
);

CREATE INDEX cell_organisation ON cell (organisation);

-- Postings: each takes one person out of a cell and puts them into another.
-- effective_on counts days since 0000-12-31. Rows are only ever added.
CREATE TABLE headcount (
    row          bigint   NOT NULL,
    sequence     bigint   NOT NULL,
    member       integer  NOT NULL,
    effective_on integer  NOT NULL,
    cause        bigint   NOT NULL,
    from_cell    integer  NOT NULL,
    to_cell      integer  NOT NULL,
    sign         smallint NOT NULL
);

-- Those postings that carry a member in, out, across or to another status.
CREATE TABLE movements (
    row          bigint   NOT NULL,
    sequence     bigint   NOT NULL,
    member       integer  NOT NULL,
    effective_on integer  NOT NULL,
    cause        bigint   NOT NULL,
    movement     smallint NOT NULL,
    from_cell    integer  NOT NULL,
    to_cell      integer  NOT NULL,
    sign         smallint NOT NULL
);

-- Changes of what indicators follow: probation, mentors, ratings.
CREATE TABLE indicators (
    row          bigint   NOT NULL,
    sequence     bigint   NOT NULL,
    member       integer  NOT NULL,
    effective_on integer  NOT NULL,
    cause        bigint   NOT NULL,
    line         smallint NOT NULL,
    year         smallint NOT NULL,
    from_value   integer  NOT NULL,
    to_value     integer  NOT NULL,
    sign         smallint NOT NULL
);

-- Where the events stand whose id was given to them. An id that was derived
-- from its event's content, and is marked so, needs no look-up: it can only be
-- in that subject. Ids are kept as bytes, for not every id is a text.
CREATE TABLE event_id (
    id       bytea  NOT NULL,
    position bigint NOT NULL
);

-- Subjects that wait because one of their records was not understood.
CREATE TABLE parked (
    subject  bytea            PRIMARY KEY, -- of a record by another hand: not every one is a text
    position bigint           NOT NULL,
    records  bigint           NOT NULL,
    reason   text COLLATE "C" NOT NULL
);

-- Subjects whose ethnicity and religion are unknown because the key to them is
-- not there.
CREATE TABLE missing_key (
    subject  text COLLATE "C" PRIMARY KEY,
    position bigint           NOT NULL
);

-- The entries that say who a member is, as the log has them: sealed. A register
-- opens them to show names; nothing of them is here in clear.
CREATE TABLE sealed (
    sequence bigint           NOT NULL,
    member   integer          NOT NULL,
    id       bytea            NOT NULL,
    type     text COLLATE "C" NOT NULL,
    schema   text COLLATE "C" NOT NULL,
    data     bytea            NOT NULL
);
