-- Own entries without a position: what another machine may lack is counted among them, and not in
-- the journal of many years.
CREATE INDEX entry_unplaced ON entry (journal) WHERE number IS NULL;
