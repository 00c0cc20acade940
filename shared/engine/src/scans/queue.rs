//! Which scan a node carries next, and how long one rests that could not be carried.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hoso_identity::{DocumentId, PayloadHash};
use hoso_store::attachments::{Errand, Purpose};
use hoso_sync::scan::{Frame, Named, STREAMS_MAX};
use tokio::time::Instant;

/// Errands that are looked at at once, beside those that rest.
const ERRANDS: usize = 64;
/// How long to wait for something to do, when nothing says that there is.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long an errand rests at least when it failed.
const REST_MIN: Duration = Duration::from_secs(1);
/// How long it rests at most.
const REST_MAX: Duration = Duration::from_secs(6 * 3600);
/// How long it rests while the same scan is coming to the relay from elsewhere.
const REST_BUSY: Duration = Duration::from_secs(5);
/// Age from which on a scan that nobody has is asked for once a session: 30 days.
const OLD: Duration = Duration::from_secs(30 * 24 * 3600);

/// An errand with whom it is about, by which it rests.
type Key = (DocumentId, PayloadHash, Purpose);

/// The errands of one session.
#[derive(Debug, Default)]
pub struct Queue {
    under_way: Vec<Key>,
    /// Until when errands rest that failed; none: until the session ends or the relay has news.
    resting: BTreeMap<Key, Option<Instant>>,
    /// Wishes under way of which there were news: what they hear may be older.
    awoken: BTreeSet<Key>,
    /// Those for which the relay had no room.
    roomless: BTreeSet<Key>,
    asks_for_ever: bool,
}

impl Queue {
    /// With the planted mistake that what nobody has is asked for as often as at first.
    #[doc(hidden)]
    #[must_use]
    pub fn planted(asks_for_ever: bool) -> Self {
        Self { asks_for_ever, ..Self::default() }
    }

    /// Whether one more may be under way.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.under_way.len() < STREAMS_MAX
    }

    /// How many errands are to be read for [`Queue::begin`].
    #[must_use]
    pub fn limit(&self) -> u32 {
        u32::try_from(self.resting.len().saturating_add(ERRANDS)).unwrap_or(u32::MAX)
    }

    /// What there is to begin and room for: what goes up and what comes down share the room.
    pub fn begin(&mut self, now: Instant, mut errands: Vec<Errand>) -> Vec<Errand> {
        errands.retain(|errand| {
            let rests = self.resting.get(&key(errand));
            let is_rested = rests.is_none_or(|until| until.is_some_and(|until| until <= now));
            let same = |under_way: &Key| under_way.1 == errand.blob;
            is_rested && !self.under_way.iter().any(same)
        });
        let mut begun = Vec::new();
        while self.has_room() {
            let alike = |errand: &Errand| {
                self.under_way.iter().any(|under_way| under_way.2 == errand.purpose)
            };
            let Some(errand) = errands.iter().min_by_key(|errand| alike(errand)).copied() else {
                break;
            };
            errands.retain(|other| other.blob != errand.blob);
            self.under_way.push(key(&errand));
            begun.push(errand);
        }
        begun
    }

    /// How long there is nothing to do.
    #[must_use]
    pub fn wait(&self, now: Instant) -> Duration {
        let soonest = self.resting.values().flatten().filter(|until| **until > now).min();
        let wait = soonest.map_or(LOOK_EVERY, |until| until.saturating_duration_since(now));
        wait.min(LOOK_EVERY)
    }

    /// An errand was done.
    pub fn done(&mut self, errand: &Errand) {
        self.under_way.retain(|under_way| *under_way != key(errand));
        self.resting.remove(&key(errand));
        self.awoken.remove(&key(errand));
        self.roomless.remove(&key(errand));
    }

    /// The relay had no room for an errand, or it failed for another reason.
    pub fn put_roomless(&mut self, errand: &Errand, is_roomless: bool) {
        if is_roomless {
            self.roomless.insert(key(errand));
        } else {
            self.roomless.remove(&key(errand));
        }
    }

    /// For how many scans the relay had no room; what is no errand any more is forgotten.
    pub fn roomless(&mut self, errands: &[Errand]) -> u64 {
        let keys: BTreeSet<Key> = errands.iter().map(key).collect();
        self.roomless.retain(|roomless| keys.contains(roomless));
        let blobs: BTreeSet<PayloadHash> = self.roomless.iter().map(|key| key.1).collect();
        u64::try_from(blobs.len()).unwrap_or(u64::MAX)
    }

    /// An errand failed, of a scan that was heard of so long ago; `busy`: because the same scan is
    /// on its way from elsewhere.
    pub fn failed(&mut self, now: Instant, errand: &Errand, age: Duration, busy: bool) {
        let key = key(errand);
        self.under_way.retain(|under_way| *under_way != key);
        if self.awoken.remove(&key) {
            self.resting.remove(&key);
            return;
        }
        let rest = match errand.purpose {
            _ if busy => Some(REST_BUSY),
            Purpose::Wish if self.asks_for_ever => Some(REST_MIN),
            Purpose::Wish => rest(age),
            Purpose::Offer | Purpose::Unname => Some(rest(age).unwrap_or(REST_MAX)),
        };
        self.resting.insert(key, rest.map(|rest| now + rest));
    }

    /// The relay lacks something or has got it: what waited for that rests no longer. What it has
    /// got as one of a single dossier has no size.
    pub fn told(&mut self, news: &Frame) {
        match news {
            Frame::Here(Named { document, blob, bytes }) => {
                let is_meant = |key: &Key| {
                    (key.1, key.2) == (*blob, Purpose::Wish) && (*bytes > 0 || key.0 == *document)
                };
                self.resting.retain(|key, _| !is_meant(key));
                self.awoken.extend(self.under_way.iter().filter(|key| is_meant(key)));
            }
            Frame::Lack(Named { blob, .. }) => {
                self.resting.retain(|key, _| (key.1, key.2) != (*blob, Purpose::Offer));
            }
            Frame::Offer(_)
            | Frame::Wish(_)
            | Frame::Take(_)
            | Frame::Outline(_)
            | Frame::Group(_)
            | Frame::Took(_)
            | Frame::Refuse(_)
            | Frame::Unname(_) => {}
        }
    }
}

fn key(errand: &Errand) -> Key {
    (errand.document, errand.blob, errand.purpose)
}

/// How long a wish of that age rests when it was not granted: an eighth of its age, so that what is
/// asked for often is what has just been attached. None for one that is old.
fn rest(age: Duration) -> Option<Duration> {
    (age < OLD).then(|| (age / 8).clamp(REST_MIN, REST_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errand(purpose: Purpose, document: u8, blob: u8) -> Errand {
        Errand {
            purpose,
            document: DocumentId([document; 16]),
            blob: PayloadHash([blob; 32]),
            size: 9,
            held: 0,
            since_ms: 5,
        }
    }

    #[test]
    fn scans_without_room_are_counted_once_each_until_they_go_up_or_are_named_no_more() {
        let errand = |document, blob| errand(Purpose::Offer, document, blob);
        let errands = [errand(1, 1), errand(2, 1), errand(1, 2), errand(1, 3)];
        let mut queue = Queue::default();
        assert_eq!(queue.roomless(&errands), 0);
        errands.iter().for_each(|errand| queue.put_roomless(errand, true));
        assert_eq!(queue.roomless(&errands), 3, "two dossiers name one scan");
        queue.done(&errands[2]);
        queue.put_roomless(&errands[3], false);
        assert_eq!(queue.roomless(&errands), 1);
        assert_eq!(queue.roomless(&errands[2..]), 0, "no dossier names it any more");
        assert_eq!(queue.roomless(&errands), 0);
    }

    #[test]
    fn news_of_a_scan_wake_the_wishes_that_they_are_of_also_one_that_is_under_way() {
        let wish = |document, blob| errand(Purpose::Wish, document, blob);
        let here =
            |of: &Errand, bytes| Frame::Here(Named { document: of.document, blob: of.blob, bytes });
        let (one, other, now) = (wish(1, 1), wish(2, 1), Instant::now());
        let hour = Duration::from_secs(3600);
        let mut queue = Queue::default();
        for errand in [&one, &other] {
            queue.failed(now, errand, hour, false);
        }
        assert_eq!(queue.begin(now, vec![one, other]), [], "both rest");
        queue.told(&here(&other, 0));
        assert_eq!(queue.begin(now, vec![one, other]), [other], "that is of one dossier");
        queue.failed(now, &other, hour, false);
        queue.told(&here(&other, 9));
        assert_eq!(queue.begin(now, vec![one, other]), [one], "the bytes are there for both");
        queue.told(&here(&one, 0));
        queue.failed(now, &one, hour, false);
        assert_eq!(queue.begin(now, vec![one]), [one], "what it heard was older than the news");
        queue.failed(now, &one, hour, false);
        assert_eq!(queue.begin(now, vec![one]), []);
    }

    #[test]
    fn a_scan_that_nobody_has_is_asked_for_ever_more_rarely_and_in_the_end_not_at_all() {
        let (mut age, mut asked, mut first_minute) = (Duration::ZERO, 0, 0);
        while let Some(rest) = rest(age) {
            age += rest;
            asked += 1;
            first_minute += u32::from(age < Duration::from_secs(60));
        }
        assert!(age >= OLD && first_minute > 15, "{first_minute} times in the first minute");
        assert!((100..250).contains(&asked), "asked {asked} times");
    }
}
