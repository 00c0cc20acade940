//! What stood in databases of every schema: rows in the shape that their tables had when they came,
//! and where they must be found today.

use hoso_identity::{EntryId, Epoch, Incarnation};

pub(crate) const LIFE: Incarnation = Incarnation([0x17; 16]);
pub(crate) const EPOCH: Epoch = Epoch { generation: 3, random: [0x18; 8] };
pub(crate) const ENTRY: EntryId = EntryId([0x19; 32]);
pub(crate) const BYTES: &[u8] = b"an entry of long ago";

/// Rows of one time.
pub(crate) struct RowsOfThen {
    /// The migration after which they could stand there.
    pub(crate) since: usize,
    /// How they were written.
    pub(crate) put: &'static str,
    /// The table and the condition that find one row today.
    pub(crate) now: &'static str,
}

/// The statement with what stands for bytes written out.
pub(crate) fn spelled(sql: &str) -> String {
    let hex = |bytes: &[u8]| {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("x'{digits}'")
    };
    let values: [(&str, &[u8]); 7] = [
        (":life", &LIFE.0),
        (":random", &EPOCH.random),
        (":key", &ENTRY.0[..16]),
        (":entry", &ENTRY.0),
        (":document", &[0x1a; 16]),
        (":digest", &[0x1b; 32]),
        (":bytes", BYTES),
    ];
    values.iter().fold(sql.to_owned(), |sql, (name, value)| sql.replace(name, &hex(value)))
}

const fn rows(since: usize, put: &'static str, now: &'static str) -> RowsOfThen {
    RowsOfThen { since, put, now }
}

pub(crate) const OF_A_NODE: &[RowsOfThen] = &[
    rows(1, "UPDATE opened SET times = 1", "opened WHERE times > 1"),
    rows(
        1,
        "INSERT INTO meta VALUES ('database', :life)",
        "meta WHERE name = 'database' AND value = :life",
    ),
    rows(
        1,
        "INSERT INTO facts VALUES (1, :life, 3, :random, NULL, 1, :digest, 0, 0)",
        "facts WHERE incarnation = :life AND journal_head = 1 AND diverged = 0",
    ),
    rows(
        1,
        "INSERT INTO entry VALUES (1, :key, :entry, :document, 257, 7, :bytes, 1, NULL, NULL, NULL,
            NULL, 0, NULL)",
        "entry WHERE id = :entry AND bytes = :bytes AND kind = 257 AND author_unit = 7",
    ),
    rows(
        1,
        "INSERT INTO journal VALUES (1, 1, :digest)",
        "journal WHERE entry = 1 AND digest = :digest",
    ),
    rows(1, "INSERT INTO cursor VALUES (0, 40, :digest)", "cursor WHERE feed_row = 40"),
    rows(1, "INSERT INTO audience VALUES (:document, 7)", "audience WHERE unit = 7"),
    rows(
        1,
        "INSERT INTO to_apply (document, feed_row, attempts) VALUES (:document, 39, 1)",
        "to_apply WHERE document = :document AND feed_row = 39 AND attempts = 1",
    ),
    rows(
        1,
        "INSERT INTO delivered VALUES (8, 38, x'', 1795143600000)",
        "delivered WHERE unit = 8 AND through = 38",
    ),
    rows(
        1,
        "INSERT INTO quarantine VALUES (:digest, :bytes, 2, 1795143600000)",
        "quarantine WHERE key = :digest AND bytes = :bytes",
    ),
    rows(
        2,
        "INSERT INTO record VALUES (1, :document, :digest, '22.07.192-261124-0010001', '1.001193',
            'Người thử', 7, 7, 7, 2, 1795143600000, 1795143600000, 0, :entry, 1795143600000);
        INSERT INTO record_body VALUES (1, x'00', x'00');
        INSERT INTO record_word VALUES ('nguoi', 1);",
        "record WHERE document = :document AND applicant = 'Người thử' AND status = 2",
    ),
    rows(2, "", "record_word WHERE record_word MATCH 'nguoi' AND rowid = 1"),
    rows(
        2,
        "INSERT INTO account VALUES ('an', 'An', :life, :entry, :bytes, 'An', 'reception', 0, 1)",
        "account WHERE username = 'An' AND wrapped_key = :bytes",
    ),
    rows(
        2,
        "INSERT INTO session VALUES (:digest, 'an', 1, 9, 2, 0)",
        "session WHERE token_hash = :digest",
    ),
    rows(
        2,
        "INSERT INTO draft VALUES (:life, 'new', :bytes, 5)",
        "draft WHERE id = 'new' AND bytes = :bytes",
    ),
    rows(
        2,
        "INSERT INTO idempotency VALUES (:life, 'once', :digest, 201, :document, :bytes, 5)",
        "idempotency WHERE key = 'once' AND document = :document",
    ),
    rows(
        4,
        "INSERT INTO delivered VALUES (9, 37, x'', 1795143600000, :life)",
        "delivered WHERE unit = 9 AND node = :life",
    ),
    rows(6, "UPDATE link SET state = 'up', healed = 12", "link WHERE state = 'up' AND healed = 12"),
    rows(
        8,
        "UPDATE facts SET checked_at_ms = 1795143600000",
        "facts WHERE checked_at_ms = 1795143600000",
    ),
    rows(
        11,
        "INSERT INTO record VALUES (2, :life, :digest, NULL, '1.001193', 'Người mới', 7, 7, 7, 2,
            NULL, 1795143600000, 0, 1795143600000, NULL, 'moi');
        INSERT INTO record_word (rowid, words) VALUES (2, 'moi');",
        "record WHERE seq = 2 AND applicant = 'Người mới' AND words = 'moi' AND needs_newer = 0",
    ),
    rows(11, "", "record_word WHERE record_word MATCH 'moi' AND rowid = 2"),
    rows(
        13,
        "INSERT INTO opening VALUES (1, 'Nhà văn hóa', 3, 450, 660, 20261101, NULL)",
        "opening WHERE point = 'Nhà văn hóa' AND opens_min = 450",
    ),
    rows(
        14,
        "INSERT INTO rating VALUES ('2026-11-24', 1, 5)",
        "rating WHERE day = '2026-11-24' AND given = 5",
    ),
    rows(
        15,
        "INSERT INTO practice VALUES (:life, 'reception', 5)",
        "practice WHERE exercise = 'reception'",
    ),
    rows(16, "INSERT INTO one_off VALUES ('an')", "one_off WHERE folded = 'an'"),
    rows(
        17,
        "UPDATE record SET name_key = x'05' WHERE seq = 1",
        "record WHERE seq = 1 AND name_key = x'05'",
    ),
    rows(
        19,
        "INSERT INTO attachment VALUES (:document, :digest, 'Tờ khai.pdf', 'application/pdf', 9, 7,
            5);
        INSERT INTO blob VALUES (:digest, 9, 9, 5, NULL);",
        "attachment JOIN blob ON hash = blob WHERE name = 'Tờ khai.pdf' AND held = 9",
    ),
    rows(
        20,
        "INSERT INTO attachment_gone VALUES (:document, :digest);
        UPDATE attachment SET placed = 1;",
        "attachment_gone WHERE blob = :digest",
    ),
    rows(
        21,
        "UPDATE blob SET fetched_ms = 6, given_up = 1;",
        "blob WHERE fetched_ms = 6 AND given_up = 1",
    ),
    rows(
        22,
        "INSERT INTO signer VALUES (3, :life, :digest, :entry)",
        "signer WHERE number = 3 AND author = :digest",
    ),
    rows(
        23,
        "INSERT INTO peer VALUES (:document, :life, 4, :digest, 3, 5);
        INSERT INTO brought VALUES (2, 3, :document, :life);",
        "peer JOIN brought USING (node) WHERE copied = 3 AND last = 3",
    ),
    rows(27, "UPDATE attachment_gone SET told_ms = 6", "attachment_gone WHERE told_ms = 6"),
];

pub(crate) const OF_A_RELAY: &[RowsOfThen] = &[
    rows(1, "UPDATE opened SET times = 1", "opened WHERE times > 1"),
    rows(
        1,
        "INSERT INTO meta VALUES ('database', :life)",
        "meta WHERE name = 'database' AND value = :life",
    ),
    rows(1, "INSERT INTO head VALUES (1, 3, :random, 41)", "head WHERE number = 41"),
    rows(
        1,
        "INSERT INTO entry VALUES (1, :key, :entry, :document, :bytes, 3, :random, 41, NULL, NULL,
            NULL)",
        "entry WHERE id = :entry AND bytes = :bytes AND number = 41",
    ),
    rows(1, "INSERT INTO audience VALUES (:document, 7)", "audience WHERE unit = 7"),
    rows(1, "INSERT INTO neighbour VALUES (7, 8)", "neighbour WHERE unit = 7 AND other = 8"),
    rows(1, "INSERT INTO feed VALUES (8, 41, 1, :digest)", "feed WHERE scope = 8 AND entry = 1"),
    rows(
        1,
        "INSERT INTO waiting VALUES (1, :digest, :bytes, x'0102', :life, :life, 4, 5)",
        "waiting WHERE id = :digest AND bytes = :bytes AND origin_number = 4",
    ),
    rows(
        1,
        "INSERT INTO quarantine VALUES (:digest, NULL, :bytes, 2, :life, :life, 6, 5)",
        "quarantine WHERE bytes = :bytes AND origin_number = 6",
    ),
    rows(
        1,
        "INSERT INTO sender VALUES (:life, :life, 9, :digest, :life, NULL, 1, 0)",
        "sender WHERE through = 9 AND confirmed = 1",
    ),
    rows(
        1,
        "INSERT INTO reader VALUES (:life, 8, 41, 40, x'')",
        "reader WHERE stored = 41 AND applied = 40",
    ),
    rows(1, "INSERT INTO healing VALUES (:life, 5)", "healing WHERE at_ms = 5"),
    rows(
        2,
        "INSERT INTO account VALUES ('an', 'An', :life, :entry, :bytes, 'An', 'operator', 0, 1)",
        "account WHERE username = 'An' AND wrapped_key = :bytes",
    ),
    rows(
        2,
        "INSERT INTO invitation VALUES (:key, 7, 'An', 5, 9, 0, :life);
        INSERT INTO join_request VALUES (:digest, :key, 7, :bytes, 'ba từ này', 5, 1, :life);",
        "invitation JOIN join_request ON invitation = key WHERE words = 'ba từ này'",
    ),
    rows(
        2,
        "INSERT INTO node_status VALUES (:life, 0, 5, :life, 1, 2, NULL, 3, 4, -5, '0.1.0')",
        "node_status WHERE node = :life AND clock_skew_ms = -5",
    ),
    rows(
        2,
        "INSERT INTO alert VALUES (1, 'copy', 7, 'hai máy', 5, 6, 2, NULL, NULL)",
        "alert WHERE kind = 'copy' AND detail = 'hai máy'",
    ),
    rows(
        2,
        "INSERT INTO audit VALUES (1, 5, 'An', 'approve', 'máy 1', :digest)",
        "audit WHERE who = 'An' AND chain = :digest",
    ),
    rows(
        4,
        "INSERT INTO ended_epoch VALUES (2, :random, 30)",
        "ended_epoch WHERE epoch_generation = 2 AND number = 30",
    ),
    rows(
        5,
        "INSERT INTO blob VALUES (:digest, 9, 9, 5, NULL);
        INSERT INTO blob_of VALUES (:digest, :document, NULL);",
        "blob_of JOIN blob ON blob.hash = blob_of.hash WHERE held = 9",
    ),
    rows(
        6,
        "INSERT INTO signer VALUES (3, :life, :digest, :entry)",
        "signer WHERE number = 3 AND author = :digest",
    ),
    rows(7, "UPDATE blob SET unit = 7", "blob_share WHERE unit = 7 AND bytes = 9"),
];
