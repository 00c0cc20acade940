-- Whether a newer program has written something in the dossier that this one cannot read. Every
-- dossier is applied again, since what is here already was not asked for it.
ALTER TABLE record ADD COLUMN needs_newer INTEGER NOT NULL DEFAULT 0;
CREATE INDEX record_newer ON record (document) WHERE needs_newer;
INSERT INTO to_apply (document, feed_row) SELECT document, 0 FROM record WHERE true
    ON CONFLICT (document) DO UPDATE SET times = times + 1;
