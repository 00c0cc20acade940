-- Which exercise of a training realm somebody has completed, and when.
CREATE TABLE practice (
    person BLOB NOT NULL,
    exercise TEXT NOT NULL,
    completed_ms INTEGER NOT NULL,
    PRIMARY KEY (person, exercise)
) STRICT, WITHOUT ROWID;
