-- When a scan that came from the relay was last fetched or read, and whether it was given up for
-- room since: then it comes again when its dossier is opened.
ALTER TABLE blob ADD COLUMN fetched_ms INTEGER;
ALTER TABLE blob ADD COLUMN given_up INTEGER NOT NULL DEFAULT 0;
CREATE INDEX blob_fetched ON blob (fetched_ms) WHERE fetched_ms IS NOT NULL;
