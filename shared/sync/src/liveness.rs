//! When a link is dead: a dropped packet looks like silence, so both sides speak regularly.

/// Milliseconds without a word from the other side after which one asks: 8 s.
pub const ASK_AFTER_MS: u64 = 8_000;
/// Milliseconds without a word after which the link is down: 20 s, so that `GET /sync` says so
/// within 30 s whatever else is going on.
pub const DEAD_AFTER_MS: u64 = 20_000;

/// What the time says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulse {
    /// Nothing to do before that time.
    Quiet(u64),
    /// Ask with this number; look again at that time.
    Ask(u64, u64),
    /// The link is dead.
    Dead,
}

/// Watches one link.
#[derive(Clone, Debug)]
pub struct Liveness {
    heard_ms: u64,
    asked_ms: u64,
    count: u64,
}

impl Liveness {
    /// A link that begins now.
    #[must_use]
    pub fn new(now_ms: u64) -> Self {
        Self { heard_ms: now_ms, asked_ms: now_ms, count: 0 }
    }

    /// Something was heard.
    pub fn heard(&mut self, now_ms: u64) {
        self.heard_ms = self.heard_ms.max(now_ms);
    }

    /// What to do now.
    pub fn pulse(&mut self, now_ms: u64) -> Pulse {
        if now_ms >= self.heard_ms.saturating_add(DEAD_AFTER_MS) {
            return Pulse::Dead;
        }
        let ask_ms = self.heard_ms.max(self.asked_ms).saturating_add(ASK_AFTER_MS);
        if now_ms >= ask_ms {
            self.asked_ms = now_ms;
            self.count = self.count.saturating_add(1);
            return Pulse::Ask(self.count, now_ms.saturating_add(ASK_AFTER_MS));
        }
        Pulse::Quiet(ask_ms.min(self.heard_ms.saturating_add(DEAD_AFTER_MS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_asked_about_and_then_taken_for_the_end() {
        let mut link = Liveness::new(0);
        assert_eq!(link.pulse(0), Pulse::Quiet(8_000));
        assert_eq!(link.pulse(8_000), Pulse::Ask(1, 16_000));
        assert_eq!(link.pulse(16_000), Pulse::Ask(2, 24_000));
        assert_eq!(link.pulse(20_000), Pulse::Dead);
        link.heard(20_000);
        assert_eq!(link.pulse(20_000), Pulse::Quiet(28_000));
    }
}
