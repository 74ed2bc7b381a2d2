-- +goose Up

-- The generations of the read models, each in a schema of its own, with its
-- checkpoint: all records up to position are in its tables.
CREATE TABLE generation (
    number   bigint           PRIMARY KEY,
    schema   text COLLATE "C" NOT NULL UNIQUE,
    version  text COLLATE "C" NOT NULL, -- of what the program stores
    ready    boolean          NOT NULL, -- false while it is being filled
    filled   boolean          NOT NULL DEFAULT false, -- something was written to it
    position bigint           NOT NULL DEFAULT 0,
    previous bigint           NOT NULL DEFAULT 0, -- the position before the last transaction
    owner    bigint           NOT NULL DEFAULT 0  -- the epoch of who wrote it last
);

-- Whose read models these are, which generation is live, and which was before.
-- Each opening takes the next epoch.
CREATE TABLE home (
    one    integer          PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    ledger text COLLATE "C" NOT NULL,
    epoch  bigint           NOT NULL DEFAULT 0,
    live   bigint           REFERENCES generation (number) ON UPDATE CASCADE,
    before bigint           REFERENCES generation (number) ON UPDATE CASCADE ON DELETE SET NULL
);

-- Schemas that nothing refers to any more. They are dropped when nobody reads
-- them.
CREATE TABLE discarded (
    schema text COLLATE "C" PRIMARY KEY
);

CREATE SEQUENCE generation_number;
