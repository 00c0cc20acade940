ALTER TABLE record ADD COLUMN words TEXT NOT NULL DEFAULT '';
UPDATE record SET words = coalesce(
    (SELECT group_concat(word, ' ') FROM record_word WHERE record_word.seq = record.seq), '');
DROP TABLE record_word;
CREATE VIRTUAL TABLE record_word USING fts5 (
    words, content = '', columnsize = 0, detail = none, tokenize = 'ascii'
);
INSERT INTO record_word (rowid, words) SELECT seq, words FROM record WHERE words <> '';
