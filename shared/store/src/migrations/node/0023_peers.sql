-- The other machines of the unit: how far the journal of a copy of each is here, by the place and
-- the digest that it said, and up to which number of the own journal it has everything.
CREATE TABLE peer (
    node BLOB PRIMARY KEY,
    incarnation BLOB NOT NULL,
    through INTEGER NOT NULL,
    digest BLOB NOT NULL,
    copied INTEGER NOT NULL,
    copied_at_ms INTEGER
) STRICT, WITHOUT ROWID;

-- Which numbers of the own journal came from which copy of another machine.
CREATE TABLE brought (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    node BLOB NOT NULL,
    incarnation BLOB NOT NULL,
    CHECK (first <= last)
) STRICT;
