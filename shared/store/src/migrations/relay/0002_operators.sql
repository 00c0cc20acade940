CREATE TABLE operator (
    name TEXT PRIMARY KEY,
    grant_id BLOB NOT NULL,
    wrapped_key BLOB NOT NULL,
    roles TEXT NOT NULL,
    disabled INTEGER NOT NULL,
    since_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE invitation (
    key BLOB PRIMARY KEY,
    unit INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    approve INTEGER NOT NULL,
    used INTEGER NOT NULL
) STRICT;

CREATE TABLE join_request (
    transport BLOB PRIMARY KEY,
    unit INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    at_ms INTEGER NOT NULL,
    decided INTEGER NOT NULL
) STRICT;

CREATE TABLE contact (
    node BLOB PRIMARY KEY,
    seen_ms INTEGER NOT NULL,
    backlog_entries INTEGER NOT NULL,
    backlog_bytes INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    refused INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL
) STRICT;
