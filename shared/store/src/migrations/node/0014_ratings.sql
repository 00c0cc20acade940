-- How many people gave which mark on which day; nothing says who, or for what.
CREATE TABLE rating (
    day TEXT NOT NULL,
    mark INTEGER NOT NULL CHECK (mark BETWEEN 1 AND 3),
    given INTEGER NOT NULL,
    PRIMARY KEY (day, mark)
) STRICT, WITHOUT ROWID;
