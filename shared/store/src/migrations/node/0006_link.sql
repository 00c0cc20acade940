ALTER TABLE entry ADD COLUMN kept_at_ms INTEGER;

CREATE TABLE link (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    state TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    acknowledged_ms INTEGER,
    healed INTEGER NOT NULL
) STRICT;
INSERT INTO link VALUES (1, 'down', 0, NULL, 0);
