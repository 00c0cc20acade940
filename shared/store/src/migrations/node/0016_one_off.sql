-- Whose password was given to them on paper and must be changed before anything else.
CREATE TABLE one_off (
    folded TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
