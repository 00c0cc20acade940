-- Which scans each dossier names, as the fold of its entries has it.
CREATE TABLE attachment (
    document BLOB NOT NULL,
    blob BLOB NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    unit INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (document, blob)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachment_of_blob ON attachment (blob);

-- The bytes of scans, which stand in files: how many of them are on disk for certain, since when
-- they are known, and when there was last no room for them.
CREATE TABLE blob (
    hash BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    held INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    unkept_ms INTEGER,
    CHECK (held BETWEEN 0 AND size)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_missing ON blob (hash) WHERE held < size;
