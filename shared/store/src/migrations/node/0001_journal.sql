CREATE TABLE opened (times INTEGER NOT NULL) STRICT;
INSERT INTO opened (times) VALUES (0);

CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;

CREATE TABLE facts (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    incarnation BLOB NOT NULL,
    epoch_generation INTEGER,
    epoch_random BLOB,
    token BLOB,
    journal_head INTEGER NOT NULL,
    journal_digest BLOB NOT NULL,
    journal_through INTEGER NOT NULL,
    rechecking INTEGER NOT NULL
) STRICT;

CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    id BLOB NOT NULL,
    document BLOB NOT NULL,
    kind INTEGER NOT NULL,
    author_unit INTEGER,
    bytes BLOB NOT NULL,
    journal INTEGER,
    epoch_generation INTEGER,
    epoch_random BLOB,
    number INTEGER,
    feed_row INTEGER,
    standing INTEGER NOT NULL,
    detail BLOB
) STRICT;
CREATE UNIQUE INDEX entry_by_key ON entry (key);
CREATE INDEX entry_by_document ON entry (document, seq);
CREATE INDEX entry_waiting ON entry (detail) WHERE standing = 1;

CREATE TABLE journal (
    number INTEGER PRIMARY KEY,
    entry INTEGER NOT NULL REFERENCES entry (seq),
    digest BLOB NOT NULL
) STRICT;

CREATE TABLE cursor (
    scope INTEGER PRIMARY KEY,
    feed_row INTEGER NOT NULL,
    digest BLOB NOT NULL
) STRICT;

CREATE TABLE audience (
    document BLOB NOT NULL,
    unit INTEGER NOT NULL,
    PRIMARY KEY (document, unit)
) STRICT, WITHOUT ROWID;
CREATE INDEX audience_by_unit ON audience (unit);

CREATE TABLE to_apply (
    seq INTEGER PRIMARY KEY,
    document BLOB NOT NULL UNIQUE,
    feed_row INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE delivered (
    unit INTEGER PRIMARY KEY,
    through INTEGER NOT NULL,
    except_ids BLOB NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE quarantine (
    key BLOB PRIMARY KEY,
    bytes BLOB NOT NULL,
    reason INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
