CREATE TABLE record (
    seq INTEGER PRIMARY KEY,
    document BLOB NOT NULL UNIQUE,
    version BLOB NOT NULL,
    code TEXT,
    procedure TEXT NOT NULL,
    applicant TEXT NOT NULL,
    receiving_unit INTEGER NOT NULL,
    competent_unit INTEGER,
    return_unit INTEGER,
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 31),
    due_at_ms INTEGER,
    received_at_ms INTEGER NOT NULL,
    needs_review INTEGER NOT NULL,
    last_entry BLOB NOT NULL,
    changed_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX record_newest ON record (received_at_ms, document);
CREATE INDEX record_by_code ON record (code) WHERE code IS NOT NULL;
CREATE INDEX record_by_due ON record (due_at_ms) WHERE due_at_ms IS NOT NULL;

CREATE TABLE record_body (
    seq INTEGER PRIMARY KEY REFERENCES record (seq),
    view BLOB NOT NULL,
    snapshot BLOB NOT NULL
) STRICT;

CREATE TABLE record_word (
    word TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES record (seq),
    PRIMARY KEY (word, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_word_by_record ON record_word (seq);

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

CREATE TABLE session (
    token_hash BLOB PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (folded),
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    last_used_ms INTEGER NOT NULL,
    locked INTEGER NOT NULL
) STRICT;
CREATE INDEX session_by_account ON session (account);

CREATE TABLE draft (
    person BLOB NOT NULL,
    id TEXT NOT NULL,
    bytes BLOB NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (person, id)
) STRICT;

CREATE TABLE idempotency (
    person BLOB NOT NULL,
    key TEXT NOT NULL,
    body_digest BLOB NOT NULL,
    status INTEGER NOT NULL,
    document BLOB,
    answer BLOB NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (person, key)
) STRICT;
CREATE INDEX idempotency_by_age ON idempotency (at_ms);
