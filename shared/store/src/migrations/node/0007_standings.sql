CREATE INDEX entry_excepted ON entry (feed_row) WHERE standing = 1;
CREATE INDEX entry_refused ON entry (detail) WHERE standing = 2;
CREATE INDEX record_by_status ON record (status);
