-- The generations of the read models. Each lies in a file of its own beside this
-- one, with its checkpoint.
CREATE TABLE generation (
    number  INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice
    version TEXT    NOT NULL,                  -- of what the program stores
    ready   INTEGER NOT NULL                   -- 0 while it is being filled
);

-- Whose read models these are, which generation is live, and which was before.
CREATE TABLE home (
    one    INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    ledger TEXT    NOT NULL,
    live   INTEGER REFERENCES generation (number),
    before INTEGER REFERENCES generation (number) ON DELETE SET NULL
);
