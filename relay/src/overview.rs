//! What an operator sees first: every unit with its state, last contact and backlog.

/// How a unit stands, most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Refused or waiting entries, or a suspected copy: someone must look.
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
    /// Entries of this node that were refused or wait.
    pub troubled: u64,
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
    /// Seconds since any of its nodes was heard, if ever.
    pub last_seen_s: Option<u64>,
    /// Entries not yet sent, over all nodes.
    pub backlog_entries: u64,
    /// Their bytes.
    pub backlog_bytes: u64,
    /// How many nodes it has.
    pub nodes: usize,
}

impl UnitRow {
    /// Sums up one unit.
    #[must_use]
    pub fn new(code: String, name: String, nodes: &[NodeFacts], now_ms: u64) -> Self {
        let last_seen_s = nodes
            .iter()
            .filter_map(|node| node.last_seen_ms)
            .max()
            .map(|seen| now_ms.saturating_sub(seen) / 1000);
        let standing = if nodes.is_empty() {
            Standing::Empty
        } else if nodes.iter().any(|node| node.troubled > 0) {
            Standing::Attention
        } else if nodes.iter().any(|node| node.connected) {
            Standing::Connected
        } else if last_seen_s.is_some_and(|seconds| seconds <= SILENT_AFTER_S) {
            Standing::Away
        } else {
            Standing::Silent
        };
        let sum = |of: fn(&NodeFacts) -> u64| nodes.iter().map(of).fold(0, u64::saturating_add);
        Self {
            code,
            name,
            standing,
            last_seen_s,
            backlog_entries: sum(|node| node.backlog_entries),
            backlog_bytes: sum(|node| node.backlog_bytes),
            nodes: nodes.len(),
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

    fn row(nodes: &[NodeFacts]) -> UnitRow {
        UnitRow::new("07192".to_owned(), "Đặc khu Cô Tô".to_owned(), nodes, 10 * DAY_MS)
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
    fn trouble_outranks_contact() {
        let troubled = NodeFacts { connected: true, troubled: 1, ..NodeFacts::default() };
        let mut rows =
            [row(&[NodeFacts { connected: true, ..NodeFacts::default() }]), row(&[troubled])];
        sort_by_urgency(&mut rows);
        assert_eq!(rows[0].standing, Standing::Attention);
    }
}
