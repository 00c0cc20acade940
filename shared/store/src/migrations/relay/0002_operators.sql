CREATE TABLE account (
    folded TEXT PRIMARY KEY,
    username TEXT NOT NULL,
    person BLOB NOT NULL,
    grant_entry BLOB NOT NULL,
    wrapped_key BLOB NOT NULL,
    display_name TEXT NOT NULL,
    roles TEXT NOT NULL,
    disabled INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX account_by_person ON account (person);

CREATE TABLE invitation (
    key BLOB PRIMARY KEY,
    unit INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    auto_approve INTEGER NOT NULL,
    used_by BLOB
) STRICT;

CREATE TABLE join_request (
    transport BLOB PRIMARY KEY,
    invitation BLOB NOT NULL REFERENCES invitation (key),
    unit INTEGER NOT NULL,
    request BLOB NOT NULL,
    words TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    state INTEGER NOT NULL,
    node BLOB
) STRICT;
CREATE INDEX join_request_by_state ON join_request (state, at_ms);
CREATE INDEX join_request_by_node ON join_request (node) WHERE node IS NOT NULL;

CREATE TABLE node_status (
    node BLOB PRIMARY KEY,
    connected INTEGER NOT NULL,
    last_seen_ms INTEGER NOT NULL,
    incarnation BLOB,
    backlog_entries INTEGER NOT NULL,
    backlog_bytes INTEGER NOT NULL,
    oldest_pending_ms INTEGER,
    waiting INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    clock_skew_ms INTEGER NOT NULL,
    version TEXT NOT NULL
) STRICT;

CREATE TABLE alert (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    unit INTEGER,
    detail TEXT NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    times INTEGER NOT NULL,
    acknowledged_by TEXT,
    acknowledged_ms INTEGER
) STRICT;
CREATE INDEX alert_open ON alert (kind, unit, detail) WHERE acknowledged_ms IS NULL;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL,
    chain BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
