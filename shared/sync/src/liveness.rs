//! When a link is dead: a dropped packet looks like silence, so both sides speak regularly. On a
//! link that costs money they agree to be silent for longer; whoever then says something that is
//! to be answered finds out as soon as on any other.

/// Milliseconds without a word from the other side after which one asks: 8 s.
pub const ASK_AFTER_MS: u64 = 8_000;
/// Milliseconds without a word after which the link is down: 20 s, so that `GET /sync` says so
/// within 30 s whatever else is going on.
pub const DEAD_AFTER_MS: u64 = 20_000;
/// Milliseconds without a word on any link at most: two hours.
pub const SILENCE_MS_MAX: u64 = 7_200_000;
/// Milliseconds of silence at most that mean nothing, before those above begin.
pub const QUIET_MS_MAX: u64 = SILENCE_MS_MAX - DEAD_AFTER_MS;

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
    /// Since when an answer is awaited, if something was said since the other side was heard.
    awaited_ms: Option<u64>,
    asked_ms: u64,
    count: u64,
    quiet_ms: u64,
}

impl Liveness {
    /// A link that begins now.
    #[must_use]
    pub fn new(now_ms: u64) -> Self {
        Self { heard_ms: now_ms, awaited_ms: None, asked_ms: now_ms, count: 0, quiet_ms: 0 }
    }

    /// So many milliseconds of silence mean nothing, [`QUIET_MS_MAX`] at most.
    pub fn allow(&mut self, quiet_ms: u64) {
        self.quiet_ms = quiet_ms.min(QUIET_MS_MAX);
    }

    /// Something was heard.
    pub fn heard(&mut self, now_ms: u64) {
        self.heard_ms = self.heard_ms.max(now_ms);
        self.awaited_ms = None;
    }

    /// An answer is awaited: silence counts from now on. Gives when to look, if that is earlier
    /// than it was.
    pub fn awaits(&mut self, now_ms: u64) -> Option<u64> {
        if self.awaited_ms.is_some() || now_ms >= self.silent_ms() {
            return None;
        }
        self.awaited_ms = Some(now_ms);
        Some(now_ms.saturating_add(ASK_AFTER_MS))
    }

    /// Since when silence counts.
    fn silent_ms(&self) -> u64 {
        let rested_ms = self.heard_ms.saturating_add(self.quiet_ms);
        self.awaited_ms.map_or(rested_ms, |awaited_ms| awaited_ms.min(rested_ms))
    }

    /// What to do now.
    pub fn pulse(&mut self, now_ms: u64) -> Pulse {
        let silent_ms = self.silent_ms();
        if now_ms >= silent_ms.saturating_add(DEAD_AFTER_MS) {
            return Pulse::Dead;
        }
        let ask_ms = silent_ms.max(self.asked_ms).saturating_add(ASK_AFTER_MS);
        if now_ms >= ask_ms {
            self.asked_ms = now_ms;
            self.count = self.count.saturating_add(1);
            return Pulse::Ask(self.count, now_ms.saturating_add(ASK_AFTER_MS));
        }
        Pulse::Quiet(ask_ms.min(silent_ms.saturating_add(DEAD_AFTER_MS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_asked_about_and_then_taken_for_the_end() {
        let mut link = Liveness::new(0);
        assert_eq!(link.awaits(0), None, "whoever is never quiet looks as early anyway");
        assert_eq!(link.pulse(0), Pulse::Quiet(8_000));
        assert_eq!(link.pulse(8_000), Pulse::Ask(1, 16_000));
        assert_eq!(link.pulse(16_000), Pulse::Ask(2, 24_000));
        assert_eq!(link.pulse(20_000), Pulse::Dead);
        link.heard(20_000);
        assert_eq!(link.pulse(20_000), Pulse::Quiet(28_000));
    }

    #[test]
    fn a_link_that_may_be_silent_is_asked_about_once_before_its_end() {
        let mut link = Liveness::new(0);
        link.allow(600_000);
        assert_eq!(link.pulse(20_000), Pulse::Quiet(608_000));
        assert_eq!(link.pulse(608_000), Pulse::Ask(1, 616_000));
        link.heard(609_000);
        assert_eq!(link.pulse(616_000), Pulse::Quiet(1_217_000));
        assert_eq!(link.pulse(1_228_999), Pulse::Ask(2, 1_236_999));
        assert_eq!(link.pulse(1_229_000), Pulse::Dead);
        link.allow(u64::MAX);
        assert_eq!(link.pulse(1_229_000), Pulse::Quiet(609_000 + SILENCE_MS_MAX - 12_000));
    }

    #[test]
    fn what_is_to_be_answered_is_awaited_no_longer_than_on_any_other_link() {
        let mut link = Liveness::new(0);
        link.allow(600_000);
        assert_eq!(link.awaits(100_000), Some(108_000));
        assert_eq!(link.awaits(107_000), None, "the first one counts");
        assert_eq!(link.pulse(108_000), Pulse::Ask(1, 116_000));
        let dead = link.clone().pulse(120_000);
        assert_eq!(dead, Pulse::Dead);
        link.heard(110_000);
        assert_eq!(link.pulse(120_000), Pulse::Quiet(718_000), "it was answered");
    }
}
