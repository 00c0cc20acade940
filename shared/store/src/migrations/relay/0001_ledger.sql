CREATE TABLE opened (times INTEGER NOT NULL) STRICT;
INSERT INTO opened (times) VALUES (0);

CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;

CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch_generation INTEGER NOT NULL,
    epoch_random BLOB NOT NULL,
    number INTEGER NOT NULL
) STRICT;

CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    id BLOB NOT NULL,
    document BLOB NOT NULL,
    bytes BLOB NOT NULL,
    epoch_generation INTEGER NOT NULL,
    epoch_random BLOB NOT NULL,
    number INTEGER NOT NULL,
    origin_node BLOB,
    origin_incarnation BLOB,
    origin_number INTEGER
) STRICT;
CREATE UNIQUE INDEX entry_by_key ON entry (key);
CREATE INDEX entry_by_document ON entry (document, epoch_generation, epoch_random, number);
CREATE UNIQUE INDEX entry_by_position ON entry (number, epoch_generation, epoch_random);

CREATE TABLE audience (
    document BLOB NOT NULL,
    unit INTEGER NOT NULL,
    PRIMARY KEY (document, unit)
) STRICT, WITHOUT ROWID;
CREATE INDEX audience_by_unit ON audience (unit);

CREATE TABLE neighbour (
    unit INTEGER NOT NULL,
    other INTEGER NOT NULL,
    PRIMARY KEY (unit, other)
) STRICT, WITHOUT ROWID;

CREATE TABLE feed (
    scope INTEGER NOT NULL,
    feed_row INTEGER NOT NULL,
    entry INTEGER NOT NULL REFERENCES entry (seq),
    digest BLOB NOT NULL,
    PRIMARY KEY (scope, feed_row)
) STRICT, WITHOUT ROWID;

CREATE TABLE waiting (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    bytes BLOB NOT NULL,
    what BLOB NOT NULL,
    origin_node BLOB,
    origin_incarnation BLOB,
    origin_number INTEGER,
    since_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX waiting_by_what ON waiting (what, seq);

CREATE TABLE quarantine (
    key BLOB PRIMARY KEY,
    id BLOB,
    bytes BLOB NOT NULL,
    reason INTEGER NOT NULL,
    origin_node BLOB,
    origin_incarnation BLOB,
    origin_number INTEGER,
    since_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE sender (
    node BLOB NOT NULL,
    incarnation BLOB NOT NULL,
    through INTEGER NOT NULL,
    digest BLOB NOT NULL,
    token BLOB NOT NULL,
    previous BLOB,
    confirmed INTEGER NOT NULL,
    healed INTEGER NOT NULL,
    PRIMARY KEY (node, incarnation)
) STRICT;

CREATE TABLE reader (
    node BLOB NOT NULL,
    scope INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    applied INTEGER NOT NULL,
    except_ids BLOB NOT NULL,
    PRIMARY KEY (node, scope)
) STRICT;
CREATE INDEX reader_by_scope ON reader (scope);

CREATE TABLE healing (node BLOB NOT NULL, at_ms INTEGER NOT NULL) STRICT;
CREATE INDEX healing_by_node ON healing (node, at_ms);
