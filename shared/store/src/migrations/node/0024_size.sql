-- How long an entry is as it was signed: its bytes here are packed. Where it is not said they are
-- the whole entry, or nearly.
ALTER TABLE entry ADD COLUMN size INTEGER;
