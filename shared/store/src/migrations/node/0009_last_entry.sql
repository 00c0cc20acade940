ALTER TABLE record DROP COLUMN last_entry;
