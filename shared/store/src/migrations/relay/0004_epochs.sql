CREATE TABLE ended_epoch (
    epoch_generation INTEGER NOT NULL,
    epoch_random BLOB NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (epoch_generation, epoch_random)
) STRICT, WITHOUT ROWID;
