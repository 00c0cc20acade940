INSERT INTO to_apply (document, feed_row) SELECT document, 0 FROM record WHERE true
    ON CONFLICT (document) DO UPDATE SET times = times + 1;
