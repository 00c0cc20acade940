CREATE TABLE opening (
    id INTEGER PRIMARY KEY,
    point TEXT NOT NULL,
    weekdays INTEGER NOT NULL,
    opens_min INTEGER NOT NULL,
    closes_min INTEGER NOT NULL,
    first_day INTEGER NOT NULL,
    last_day INTEGER
) STRICT;
