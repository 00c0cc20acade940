DROP INDEX record_by_due;
CREATE INDEX record_open ON record (coalesce(due_at_ms, 9223372036854775807), document)
    WHERE closed_at_ms IS NULL;
CREATE INDEX record_in_review ON record (received_at_ms, document) WHERE needs_review;
