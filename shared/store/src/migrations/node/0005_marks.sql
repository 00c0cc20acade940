ALTER TABLE to_apply ADD COLUMN times INTEGER NOT NULL DEFAULT 1;
CREATE INDEX to_apply_by_row ON to_apply (feed_row) WHERE feed_row > 0;
DROP TABLE record_body;
