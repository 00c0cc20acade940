//! The frames of every session in few bytes: what both sides can know by themselves is left out.

use hoso_identity::{EntryId, Epoch, Scope, SessionToken};
use minicbor::{Decode, Encode};

use crate::{
    relay::CREDIT_ENTRIES,
    wire::{Ack, AppliedRow, FeedAck, Hello, NumberedOutcome, Point, Report, ShortDigest, Welcome},
};

/// A `Welcome` to a known `Hello`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct BriefWelcome {
    #[n(0)]
    minor: u16,
    /// None: that of the `Hello`.
    #[n(1)]
    epoch: Option<Epoch>,
    #[n(2)]
    token: SessionToken,
    #[n(3)]
    through: u64,
    #[cbor(n(4), with = "minicbor::bytes")]
    digest: ShortDigest,
    /// None: no.
    #[n(5)]
    heal: Option<bool>,
    /// None: no.
    #[n(6)]
    renumber: Option<bool>,
    /// None: those of the cursors of the `Hello`, in their order.
    #[n(7)]
    scopes: Option<Vec<Scope>>,
    /// None: the usual number beyond `through`.
    #[n(8)]
    credit: Option<u64>,
    #[n(9)]
    clock_ms: u64,
}

/// An `Ack`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct BriefAck {
    #[n(0)]
    through: u64,
    #[cbor(n(1), with = "minicbor::bytes")]
    digest: ShortDigest,
    /// None: all were accepted.
    #[n(2)]
    outcomes: Option<Vec<NumberedOutcome>>,
    /// None: the usual number beyond `through`.
    #[n(3)]
    credit: Option<u64>,
}

/// What has changed since the last `FeedAck`, or since the `Hello`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct BriefFeedAck {
    /// Points that have moved; all of them when `whole` is set.
    #[n(0)]
    stored: Option<Vec<Point>>,
    /// All rows applied, when they have moved and are not those stored.
    #[n(1)]
    applied: Option<Vec<AppliedRow>>,
    /// The exceptions, when they have changed.
    #[n(2)]
    except: Option<Vec<EntryId>>,
    /// Everything stored is applied.
    #[n(3)]
    level: Option<bool>,
    /// Whether `stored` names all points and not only those that have moved.
    #[n(4)]
    whole: Option<bool>,
}

/// What has changed since the last `Report`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct BriefReport {
    #[n(0)]
    backlog_entries: Option<u64>,
    #[n(1)]
    backlog_bytes: Option<u64>,
    #[n(2)]
    oldest_ms: Option<u64>,
    #[n(3)]
    clock_ms: Option<u64>,
    #[n(4)]
    version: Option<String>,
    #[n(5)]
    scans: Option<u64>,
}

/// What one end knows of what went over the control stream in one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    stored: Vec<Point>,
    applied: Vec<AppliedRow>,
    except: Vec<EntryId>,
    report: Report,
}

impl Told {
    /// What is known after the `Hello`.
    pub(crate) fn hello(&mut self, hello: &Hello) {
        self.stored.clone_from(&hello.cursors);
    }

    /// What is left to say in an acknowledgement.
    pub(crate) fn shorten_feed_ack(&mut self, ack: &FeedAck) -> BriefFeedAck {
        let same_scopes = self.stored.iter().map(|point| point.scope);
        let whole = !same_scopes.eq(ack.stored.iter().map(|point| point.scope));
        let said: Vec<Point> = if whole {
            ack.stored.clone()
        } else {
            let pairs = ack.stored.iter().zip(&self.stored);
            pairs.filter(|(now, before)| now != before).map(|(now, _)| *now).collect()
        };
        let level = ack.applied == level(&ack.stored);
        let moved = ack.applied != self.applied && !level;
        let brief = BriefFeedAck {
            stored: (whole || !said.is_empty()).then_some(said),
            applied: moved.then(|| ack.applied.clone()),
            except: (ack.except != self.except).then(|| ack.except.clone()),
            level: level.then_some(true),
            whole: whole.then_some(true),
        };
        self.acknowledged(ack);
        brief
    }

    /// The whole acknowledgement.
    pub(crate) fn feed_ack(&mut self, brief: BriefFeedAck) -> FeedAck {
        let said = brief.stored.unwrap_or_default();
        let stored = if brief.whole == Some(true) {
            said
        } else {
            let now = |point: &Point| said.iter().find(|said| said.scope == point.scope);
            self.stored.iter().map(|point| *now(point).unwrap_or(point)).collect()
        };
        let applied = match (brief.applied, brief.level) {
            (Some(applied), _) => applied,
            (None, Some(true)) => level(&stored),
            (None, _) => self.applied.clone(),
        };
        let except = brief.except.unwrap_or_else(|| self.except.clone());
        let ack = FeedAck { stored, applied, except };
        self.acknowledged(&ack);
        ack
    }

    fn acknowledged(&mut self, ack: &FeedAck) {
        self.stored.clone_from(&ack.stored);
        self.applied.clone_from(&ack.applied);
        self.except.clone_from(&ack.except);
    }

    /// What is left to say in a report.
    pub(crate) fn shorten_report(&mut self, report: &Report) -> BriefReport {
        let last = std::mem::replace(&mut self.report, report.clone());
        let news = |now: u64, then: u64| (now != then).then_some(now);
        BriefReport {
            backlog_entries: news(report.backlog_entries, last.backlog_entries),
            backlog_bytes: news(report.backlog_bytes, last.backlog_bytes),
            oldest_ms: news(report.oldest_ms, last.oldest_ms),
            clock_ms: news(report.clock_ms, last.clock_ms),
            version: (report.version != last.version).then(|| report.version.clone()),
            scans: report.scans.filter(|_| report.scans != last.scans),
        }
    }

    /// The whole report.
    pub(crate) fn report(&mut self, brief: BriefReport) -> Report {
        let last = &self.report;
        self.report = Report {
            backlog_entries: brief.backlog_entries.unwrap_or(last.backlog_entries),
            backlog_bytes: brief.backlog_bytes.unwrap_or(last.backlog_bytes),
            oldest_ms: brief.oldest_ms.unwrap_or(last.oldest_ms),
            clock_ms: brief.clock_ms.unwrap_or(last.clock_ms),
            version: brief.version.unwrap_or_else(|| last.version.clone()),
            scans: brief.scans.or(last.scans),
        };
        self.report.clone()
    }
}

/// The rows of these points, as applied.
fn level(stored: &[Point]) -> Vec<AppliedRow> {
    stored.iter().map(|point| AppliedRow { scope: point.scope, row: point.row }).collect()
}

fn scopes(hello: &Hello) -> Vec<Scope> {
    hello.cursors.iter().map(|point| point.scope).collect()
}

impl BriefWelcome {
    pub(crate) fn of(welcome: &Welcome, hello: &Hello) -> Self {
        let usual = welcome.through.saturating_add(CREDIT_ENTRIES);
        Self {
            minor: welcome.minor,
            epoch: (hello.epoch != Some(welcome.epoch)).then_some(welcome.epoch),
            token: welcome.token,
            through: welcome.through,
            digest: welcome.digest,
            heal: welcome.heal.then_some(true),
            renumber: welcome.renumber.then_some(true),
            scopes: (scopes(hello) != welcome.scopes).then(|| welcome.scopes.clone()),
            credit: (welcome.credit != usual).then_some(welcome.credit),
            clock_ms: welcome.clock_ms,
        }
    }

    /// The whole `Welcome`; `None` when it leaves out an epoch that the `Hello` did not have.
    pub(crate) fn whole(self, hello: &Hello) -> Option<Welcome> {
        Some(Welcome {
            minor: self.minor,
            epoch: self.epoch.or(hello.epoch)?,
            token: self.token,
            through: self.through,
            digest: self.digest,
            heal: self.heal == Some(true),
            renumber: self.renumber == Some(true),
            scopes: self.scopes.unwrap_or_else(|| scopes(hello)),
            credit: self.credit.unwrap_or(self.through.saturating_add(CREDIT_ENTRIES)),
            clock_ms: self.clock_ms,
        })
    }
}

impl BriefAck {
    pub(crate) fn of(ack: &Ack) -> Self {
        let usual = ack.through.saturating_add(CREDIT_ENTRIES);
        Self {
            through: ack.through,
            digest: ack.digest,
            outcomes: (!ack.outcomes.is_empty()).then(|| ack.outcomes.clone()),
            credit: (ack.credit != usual).then_some(ack.credit),
        }
    }

    pub(crate) fn whole(self) -> Ack {
        Ack {
            through: self.through,
            digest: self.digest,
            outcomes: self.outcomes.unwrap_or_default(),
            credit: self.credit.unwrap_or(self.through.saturating_add(CREDIT_ENTRIES)),
        }
    }
}
