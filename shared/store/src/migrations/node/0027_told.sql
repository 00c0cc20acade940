-- When the relay was told that a dossier no longer names a scan: one that was set back since then
-- is told again.
ALTER TABLE attachment_gone ADD COLUMN told_ms INTEGER;
