-- For which unit a scan is kept: that of the node which brought it first. What came before nobody
-- noted that is counted for none.
ALTER TABLE blob ADD COLUMN unit INTEGER;

-- Bytes of the scans that are kept for each unit. One counts whole from when it begins to come, so
-- that what has begun has its place.
CREATE TABLE blob_share (unit INTEGER PRIMARY KEY, bytes INTEGER NOT NULL) STRICT;
CREATE TRIGGER blob_share_grows AFTER INSERT ON blob WHEN new.unit IS NOT NULL
BEGIN
    INSERT INTO blob_share VALUES (new.unit, new.size)
        ON CONFLICT (unit) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER blob_share_moves AFTER UPDATE OF size, unit ON blob
BEGIN
    UPDATE blob_share SET bytes = bytes - old.size WHERE unit = old.unit;
    INSERT INTO blob_share SELECT new.unit, new.size WHERE new.unit IS NOT NULL
        ON CONFLICT (unit) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER blob_share_shrinks AFTER DELETE ON blob WHEN old.unit IS NOT NULL
BEGIN
    UPDATE blob_share SET bytes = bytes - old.size WHERE unit = old.unit;
END;
