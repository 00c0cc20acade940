//! What an operator sees first: every unit with its state, last contact and backlog.

use std::collections::BTreeSet;

/// How a unit stands, most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Refused or waiting entries, or an alert that nobody has acknowledged, such as a suspected
    /// copy: someone must look.
    Attention,
    /// No contact for longer than the limit.
    Silent,
    /// No contact, within the limit: an island may be dark for days.
    Away,
    /// In contact.
    Connected,
    /// No node yet.
    Empty,
}

impl Standing {
    /// All of them, most urgent first.
    pub const ALL: [Self; 5] =
        [Self::Attention, Self::Silent, Self::Away, Self::Connected, Self::Empty];

    /// A stable code for programs and for the words on the page.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::Silent => "silent",
            Self::Away => "away",
            Self::Connected => "connected",
            Self::Empty => "empty",
        }
    }
}

/// Seconds without contact after which a unit counts as silent: a day.
pub const SILENT_AFTER_S: u64 = 24 * 3600;

/// What the relay knows of one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeFacts {
    /// Whether a session is open now.
    pub connected: bool,
    /// Unix milliseconds of the last frame, if there ever was one.
    pub last_seen_ms: Option<u64>,
    /// Entries that the node reported as not yet sent.
    pub backlog_entries: u64,
    /// Their bytes.
    pub backlog_bytes: u64,
    /// When the oldest of them was made, Unix milliseconds.
    pub oldest_pending_ms: Option<u64>,
    /// Entries of this node that were refused or wait.
    pub troubled: u64,
    /// Its clock less the relay's, milliseconds.
    pub clock_skew_ms: i64,
    /// The version of its program; empty before its first report.
    pub version: String,
    /// Scans that are on their way to it or from it.
    pub scans: u64,
}

/// One unit with the facts of all its nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRow {
    /// The five-digit code.
    pub code: String,
    /// The name with its kind.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
    /// Whether any of its nodes is in contact, whatever else there is to say.
    pub connected: bool,
    /// Seconds since any of its nodes was heard, if ever.
    pub last_seen_s: Option<u64>,
    /// Entries not yet sent, over all nodes.
    pub backlog_entries: u64,
    /// Their bytes.
    pub backlog_bytes: u64,
    /// Seconds since the oldest of them was made; zero if there is none.
    pub oldest_unsent_s: u64,
    /// The clock that is farthest off, less the relay's, milliseconds.
    pub clock_skew_ms: i64,
    /// The versions of its programs, each once.
    pub versions: Vec<String>,
    /// How many nodes it has.
    pub nodes: usize,
    /// Entries that were refused or wait, over all nodes.
    pub troubled: u64,
    /// Alerts that nobody has acknowledged.
    pub alerts: usize,
    /// Scans that are on their way to its nodes or from them.
    pub scans: u64,
    /// Bytes of scans that are kept for it.
    pub scan_bytes: u64,
}

impl UnitRow {
    /// Sums up one unit.
    #[must_use]
    pub fn new(
        (code, name): (String, String),
        nodes: &[NodeFacts],
        alerts: usize,
        now_ms: u64,
    ) -> Self {
        let seconds_since = |ms: u64| now_ms.saturating_sub(ms) / 1000;
        let last_seen_s = nodes.iter().filter_map(|node| node.last_seen_ms).max();
        let last_seen_s = last_seen_s.map(seconds_since);
        let connected = nodes.iter().any(|node| node.connected);
        let standing = if alerts > 0 || nodes.iter().any(|node| node.troubled > 0) {
            Standing::Attention
        } else if nodes.is_empty() {
            Standing::Empty
        } else if connected {
            Standing::Connected
        } else if last_seen_s.is_some_and(|seconds| seconds <= SILENT_AFTER_S) {
            Standing::Away
        } else {
            Standing::Silent
        };
        let sum = |of: fn(&NodeFacts) -> u64| nodes.iter().map(of).fold(0, u64::saturating_add);
        let oldest = nodes.iter().filter_map(|node| node.oldest_pending_ms).min();
        let skews = nodes.iter().map(|node| node.clock_skew_ms);
        let versions: BTreeSet<&String> = nodes.iter().map(|node| &node.version).collect();
        Self {
            code,
            name,
            standing,
            connected,
            last_seen_s,
            backlog_entries: sum(|node| node.backlog_entries),
            backlog_bytes: sum(|node| node.backlog_bytes),
            oldest_unsent_s: oldest.map_or(0, seconds_since),
            clock_skew_ms: skews.max_by_key(|skew| skew.unsigned_abs()).unwrap_or(0),
            versions: versions.into_iter().filter(|one| !one.is_empty()).cloned().collect(),
            nodes: nodes.len(),
            troubled: sum(|node| node.troubled),
            alerts,
            scans: sum(|node| node.scans),
            scan_bytes: 0,
        }
    }
}

/// Orders the rows: what is urgent first, then by code.
pub fn sort_by_urgency(rows: &mut [UnitRow]) {
    rows.sort_by(|one, other| {
        one.standing.cmp(&other.standing).then_with(|| one.code.cmp(&other.code))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = SILENT_AFTER_S * 1000;

    fn alerted(nodes: &[NodeFacts], alerts: usize) -> UnitRow {
        let unit = ("07192".to_owned(), "Đặc khu Cô Tô".to_owned());
        UnitRow::new(unit, nodes, alerts, 10 * DAY_MS)
    }

    fn row(nodes: &[NodeFacts]) -> UnitRow {
        alerted(nodes, 0)
    }

    #[test]
    fn a_dark_island_is_away_for_a_day_and_silent_after_it() {
        let seen =
            |ago| NodeFacts { last_seen_ms: Some(10 * DAY_MS - ago), ..NodeFacts::default() };
        assert_eq!(row(&[seen(DAY_MS)]).standing, Standing::Away);
        assert_eq!(row(&[seen(DAY_MS + 1000)]).standing, Standing::Silent);
        assert_eq!(row(&[seen(DAY_MS + 1000), seen(5000)]).last_seen_s, Some(5));
        assert_eq!(row(&[]).standing, Standing::Empty);
    }

    #[test]
    fn an_alert_needs_someone_though_the_unit_is_in_contact_or_has_no_node_yet() {
        let connected = NodeFacts { connected: true, ..NodeFacts::default() };
        let alerted_row = alerted(&[connected], 1);
        assert_eq!(alerted_row.standing, Standing::Attention);
        assert!(alerted_row.connected);
        assert_eq!(alerted(&[], 1).standing, Standing::Attention);
    }

    #[test]
    fn the_oldest_entry_and_the_worst_clock_of_all_nodes_are_shown() {
        let node = |pending: u64, clock_skew_ms| NodeFacts {
            oldest_pending_ms: Some(10 * DAY_MS - pending),
            clock_skew_ms,
            version: "0.1.0".to_owned(),
            ..NodeFacts::default()
        };
        let shown = row(&[node(5_000, 100), node(90_000, -7_000), NodeFacts::default()]);
        assert_eq!((shown.oldest_unsent_s, shown.clock_skew_ms), (90, -7_000));
        assert_eq!(shown.versions, ["0.1.0"]);
        assert_eq!(row(&[NodeFacts::default()]).oldest_unsent_s, 0);
    }

    #[test]
    fn trouble_outranks_contact() {
        let troubled = NodeFacts { connected: true, troubled: 1, ..NodeFacts::default() };
        let mut rows =
            [row(&[NodeFacts { connected: true, ..NodeFacts::default() }]), row(&[troubled])];
        sort_by_urgency(&mut rows);
        assert_eq!(rows[0].standing, Standing::Attention);
    }
}
