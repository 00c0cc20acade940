ALTER TABLE record ADD COLUMN name_key BLOB NOT NULL DEFAULT x'';
CREATE INDEX record_by_name ON record (name_key, document);
INSERT INTO to_apply (document, feed_row) SELECT document, 0 FROM record WHERE true
    ON CONFLICT (document) DO UPDATE SET times = times + 1;
