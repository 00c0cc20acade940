-- Whether the relay has the scan as one of this dossier.
ALTER TABLE attachment ADD COLUMN placed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX attachment_unplaced ON attachment (since_ms) WHERE placed = 0;

-- Scans that a dossier no longer names, of which the relay is still to be told.
CREATE TABLE attachment_gone (
    document BLOB NOT NULL,
    blob BLOB NOT NULL,
    PRIMARY KEY (document, blob)
) STRICT, WITHOUT ROWID;
