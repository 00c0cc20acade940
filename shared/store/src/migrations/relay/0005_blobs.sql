-- The bytes of scans, which stand in files: how many of them are on disk for certain, and since
-- when they are known of.
CREATE TABLE blob (
    hash BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    held INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    unkept_ms INTEGER,
    CHECK (held BETWEEN 0 AND size)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_missing ON blob (hash) WHERE held < size;

-- Which dossiers name them, as the nodes say that brought them, and since when one does so no more.
CREATE TABLE blob_of (
    hash BLOB NOT NULL,
    document BLOB NOT NULL,
    gone_ms INTEGER,
    PRIMARY KEY (hash, document)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_of_gone ON blob_of (gone_ms) WHERE gone_ms IS NOT NULL;

-- Scans that are on their way to the node or from it.
ALTER TABLE node_status ADD COLUMN scans INTEGER NOT NULL DEFAULT 0;
