ALTER TABLE record ADD COLUMN closed_at_ms INTEGER;
DROP INDEX record_by_due;
CREATE INDEX record_by_due ON record (due_at_ms)
    WHERE due_at_ms IS NOT NULL AND closed_at_ms IS NULL;
