-- Who signs under which grant stands here once; the entries' bytes are packed without it from here
-- on. What is here already stays as it is and is read as before.
CREATE TABLE signer (
    number INTEGER PRIMARY KEY,
    realm BLOB NOT NULL,
    author BLOB NOT NULL,
    grant_id BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX signer_by_author ON signer (author, grant_id, realm);
ALTER TABLE entry ADD COLUMN signer INTEGER;
CREATE VIEW whole_entry AS SELECT entry.*, signer.realm, signer.author, signer.grant_id
    FROM entry LEFT JOIN signer ON signer.number = entry.signer;
