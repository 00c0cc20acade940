//! What a relay's conversation asks of its memory: outputs of `sync` become calls of the ledger's
//! rules, their results become inputs. The same over SQLite and over a simulated disk.

use hoso_identity::{
    EntryId, Epoch, Incarnation, NodeId, PublicKey, Realm, Scope, SessionToken, UnitId,
};
use hoso_registry::State;
use hoso_store::{
    rules::{feed, greeting, ledger, mend, recheck},
    tables::{Admission, EXCEPTIONS_MAX, LedgerTables, ScopePoint},
};
use hoso_sync::{
    bundle::Receipt,
    frame::{BATCH_BYTES, MINOR_MAX},
    relay::{Asked, CREDIT_ENTRIES, Greeted, Input, Output},
    wire::{self, Farewell, Hello},
};

use crate::node_host::{from_point, from_wire, short, to_listed, to_point};

/// Feed rows that are read at once.
const FEED_ROWS: usize = 512;

/// One greeted session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The node.
    pub node: NodeId,
    /// The copy of its database.
    pub incarnation: Incarnation,
    /// Its unit.
    pub unit: UnitId,
    /// Whether it has ended: it may upload to quarantine and read the province's statements.
    pub ended: bool,
    /// What it reads.
    pub scopes: Vec<Scope>,
    /// The token of this session's `Welcome`.
    pub token: SessionToken,
}

/// What one piece of work gave. The input may be told only after the commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// What the conversation is told.
    pub input: Option<Input>,
    /// Whether there are new rows: live sessions read on.
    pub ledger_grew: bool,
    /// Whether a node has applied more: live sessions are told.
    pub reached_grew: bool,
}

/// The answer to a `Hello`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What the conversation is told.
    pub greeted: Greeted,
    /// The session, if there is one.
    pub session: Option<Session>,
    /// Whether a new epoch was minted: all other sessions must begin anew.
    pub minted: bool,
    /// What an operator must look at.
    pub alarm: Option<Alarm>,
}

/// What a `Hello` can show that an operator must look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// A copy of the node's database is about.
    Copy,
    /// Healing was stopped after too many in an hour.
    Fuse,
    /// An epoch that no ledger can have reached.
    Epoch,
    /// The ledger has lost commits, and a new epoch has begun.
    LostCommits,
    /// The node says that the ledger's rows do not fit its own.
    Diverged,
    /// The node brought a scan that is not what it named.
    ScanDamaged,
    /// The node has brought a scan for which its unit's share, or the disk, has no more room.
    ScanRoom,
}

impl Alarm {
    /// The word under which the alarm is raised.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Fuse => "healing",
            Self::Epoch => "epoch",
            Self::LostCommits => "lost-commits",
            Self::Diverged => "diverged",
            Self::ScanDamaged => "scan-damaged",
            Self::ScanRoom => "scan-room",
        }
    }
}

impl Answer {
    fn refuse(why: Farewell) -> Self {
        Self { greeted: Greeted::Refuse(why), session: None, minted: false, alarm: None }
    }

    fn alarm(why: Farewell, alarm: Alarm) -> Self {
        Self { alarm: Some(alarm), ..Self::refuse(why) }
    }
}

/// Who says `Hello`.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The key that the connection has proved.
    pub key: PublicKey,
    /// Whether a request to join with this key waits for its approval.
    pub pending: bool,
}

/// Decides how a session begins, in the caller's transaction.
///
/// # Errors
///
/// As the storage fails.
pub fn greet<T: LedgerTables>(
    tables: &mut T,
    state: &State,
    caller: Caller,
    hello: &Hello,
    (chance, now_ms): (greeting::Chance, u64),
) -> Result<Answer, T::Error> {
    let Some(node) = state.node_by_transport(&caller.key) else {
        let why = if caller.pending { Farewell::Pending } else { Farewell::Unknown };
        return Ok(Answer::refuse(why));
    };
    if state.realm() != Some(hello.realm) {
        return Ok(Answer::refuse(Farewell::Realm));
    }
    let ended = node.ended.is_some();
    let scopes = if ended { vec![Scope::Province] } else { state.scopes_of(node.unit) };
    let cursors = hello.cursors.iter().filter(|point| scopes.contains(&point.scope));
    let shown = greeting::Shown {
        node: node.id,
        incarnation: hello.incarnation,
        token: hello.token,
        epoch: hello.epoch,
        cursors: cursors.map(from_point).collect(),
        through: hello.journal_head.saturating_sub(hello.unanswered.unwrap_or(u64::MAX)),
        wish: hello.wish.map(|wish| match wish {
            wire::Wish::Week => recheck::Wish::Week,
            wire::Wish::Unfinished => recheck::Wish::Unfinished,
            wire::Wish::Diverged => recheck::Wish::Diverged,
        }),
        ended,
    };
    let welcome = match greeting::greet(tables, &shown, chance, now_ms)? {
        greeting::Greeting::Welcome(welcome) => welcome,
        greeting::Greeting::Copy => return Ok(Answer::alarm(Farewell::Copy, Alarm::Copy)),
        greeting::Greeting::Fuse => return Ok(Answer::alarm(Farewell::Fuse, Alarm::Fuse)),
        greeting::Greeting::Epoch => return Ok(Answer::alarm(Farewell::Epoch, Alarm::Epoch)),
    };
    let alarm = match welcome.heal {
        _ if welcome.minted => Some(Alarm::LostCommits),
        Some(greeting::HealReason::Diverged) => Some(Alarm::Diverged),
        Some(_) | None => None,
    };
    let heal = welcome.heal.is_some();
    let greeted = Greeted::Welcome(wire::Welcome {
        minor: MINOR_MAX.min(hello.minor_max),
        epoch: welcome.epoch,
        token: welcome.token,
        through: welcome.through,
        digest: short(&welcome.digest),
        heal,
        renumber: heal && welcome.through == 0,
        scopes: scopes.clone(),
        credit: welcome.through.saturating_add(CREDIT_ENTRIES),
        clock_ms: now_ms,
    });
    let session = Session {
        node: node.id,
        incarnation: hello.incarnation,
        unit: node.unit,
        ended,
        scopes,
        token: welcome.token,
    };
    Ok(Answer { greeted, session: Some(session), minted: welcome.minted, alarm })
}

/// Does one piece of work of a greeted session in the caller's transaction.
///
/// # Errors
///
/// As the storage fails; then nothing of it may be committed.
pub fn work<T: LedgerTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    session: &Session,
    output: Output,
    now_ms: u64,
) -> Result<Done, T::Error> {
    if !only_reads(&output) && !is_newest(tables, session)? {
        return Ok(Done { input: Some(Input::End(Farewell::Replaced)), ..Done::default() });
    }
    let before = tables.head()?.number;
    let mut reached_grew = false;
    let input = match output {
        Output::Store(batch) => store(tables, admission, session, batch, now_ms)?,
        Output::ReadFeed(points) => read_feed(tables, session, &points)?,
        Output::StoreAck(ack) => {
            let before = farthest(tables, session.unit)?;
            let input = acknowledge(tables, session, &ack)?;
            reached_grew = farthest(tables, session.unit)? != before;
            input
        }
        Output::ReadReached => {
            let reached = feed::reached(tables, session.unit)?;
            let reached = reached.into_iter().map(delivered).collect();
            Input::ReachedRead { reached, statements: tables.feed_end(Scope::Province)?.row }
        }
        Output::ReadListing(scope) if session.scopes.contains(&scope) => {
            let ScopePoint { row, digest, .. } = tables.feed_end(scope)?;
            let taken = tables.taken()?;
            let listed = mend::of_ledger(tables, scope)?.into_iter().map(to_listed).collect();
            Input::ListingRead { head: wire::Head { scope, row, digest }, taken, listed }
        }
        Output::ReadListing(_) => Input::End(Farewell::Protocol),
        Output::Compare { asked, taken } => compare(tables, asked, taken)?,
        Output::ReadEntries(ids) => {
            let mut entries = Vec::new();
            for id in ids {
                let entry = tables.entry(&id)?.filter(|entry| !entry.bytes.is_empty());
                entries.extend(entry.map(|entry| wire::Positioned {
                    bytes: entry.bytes,
                    position: entry.position,
                }));
            }
            entries.sort_by_key(|entry| entry.position);
            Input::EntriesRead(entries)
        }
        Output::StoreClaims(entries) => {
            let entries: Vec<mend::Positioned> = entries.into_iter().map(from_wire).collect();
            let outcomes = mend::claim(tables, admission, &entries, session.ended, now_ms)?;
            let outcomes = outcomes.into_iter().filter_map(|(id, outcome)| {
                Some(wire::ClaimOutcome { id, outcome: to_outcome(outcome)? })
            });
            Input::ClaimsStored(outcomes.collect())
        }
        Output::StoreHealed => {
            greeting::healed(tables, &session.node, &session.incarnation)?;
            Input::HealedStored
        }
        Output::Send(_)
        | Output::Greet(_)
        | Output::KeepJoin(_)
        | Output::KeepReport(_)
        | Output::Up
        | Output::WakeAt(_)
        | Output::Close(_) => return Ok(Done::default()),
    };
    let ledger_grew = tables.head()?.number > before;
    Ok(Done { input: Some(input), ledger_grew, reached_grew })
}

/// Whether the token of this session is the current one of its copy of the node. Where a later
/// `Hello` was answered with another one, what the older session still brings is of a journal that
/// may be numbered anew since.
fn is_newest<T: LedgerTables>(tables: &mut T, session: &Session) -> Result<bool, T::Error> {
    let sender = tables.sender(&session.node, &session.incarnation)?;
    Ok(sender.is_some_and(|sender| sender.token == session.token))
}

/// Whether this work only reads, so that it need not wait for the writer.
#[must_use]
pub fn only_reads(output: &Output) -> bool {
    matches!(
        output,
        Output::ReadFeed(_)
            | Output::ReadReached
            | Output::ReadListing(_)
            | Output::Compare { .. }
            | Output::ReadEntries(_)
    )
}

/// The entries that this work brings, to be read ahead.
#[must_use]
pub fn brought(output: &Output) -> Vec<Vec<u8>> {
    if let Output::Store(batch) = output {
        return batch.entries.iter().map(|entry| entry.bytes.clone()).collect();
    }
    let Output::StoreClaims(entries) = output else { return Vec::new() };
    entries.iter().map(|entry| entry.bytes.clone()).collect()
}

/// The receipt for what was taken of a bundle: what an `Ack` would say.
#[must_use]
pub fn receipt(
    (realm, epoch): (Realm, Epoch),
    from: ledger::Pusher,
    ingested: ledger::Ingested,
) -> Receipt {
    Receipt {
        realm,
        epoch,
        node: from.node,
        incarnation: from.incarnation,
        through: ingested.through,
        digest: short(&ingested.digest),
        outcomes: numbered(ingested.outcomes),
    }
}

/// How far any node of the unit has applied its feed; others are told when that changes.
fn farthest<T: LedgerTables>(
    tables: &mut T,
    unit: UnitId,
) -> Result<Option<(u64, Vec<EntryId>)>, T::Error> {
    let readers = tables.readers(Scope::Unit(unit))?.into_iter();
    Ok(readers.max_by_key(|reader| reader.applied).map(|best| (best.applied, best.except)))
}

fn store<T: LedgerTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    session: &Session,
    batch: wire::PushedBatch,
    now_ms: u64,
) -> Result<Input, T::Error> {
    let from = ledger::Pusher {
        node: session.node,
        incarnation: session.incarnation,
        ended: session.ended,
    };
    let pushed = batch.entries.into_iter();
    let pushed: Vec<ledger::Pushed> =
        pushed.map(|entry| ledger::Pushed { number: entry.number, bytes: entry.bytes }).collect();
    let Some(ingested) = ledger::ingest(tables, admission, from, &pushed, now_ms)? else {
        return Ok(Input::End(Farewell::Again));
    };
    Ok(Input::Stored {
        through: ingested.through,
        digest: short(&ingested.digest),
        outcomes: numbered(ingested.outcomes),
        gap: ingested.gap,
    })
}

fn numbered(outcomes: Vec<(u64, ledger::Outcome)>) -> Vec<wire::NumberedOutcome> {
    let outcomes = outcomes.into_iter().filter_map(|(number, outcome)| {
        Some(wire::NumberedOutcome { number, outcome: to_outcome(outcome)? })
    });
    outcomes.collect()
}

/// What is sent of an outcome; nothing of acceptance.
fn to_outcome(outcome: ledger::Outcome) -> Option<wire::Outcome> {
    match outcome {
        ledger::Outcome::Accepted(_) => None,
        ledger::Outcome::Waiting(what) => Some(wire::Outcome::Waiting(what)),
        ledger::Outcome::Refused(reason) => Some(wire::Outcome::Refused(reason)),
    }
}

fn read_feed<T: LedgerTables>(
    tables: &mut T,
    session: &Session,
    points: &[wire::Point],
) -> Result<Input, T::Error> {
    let after: Vec<ScopePoint> = points
        .iter()
        .filter(|point| session.scopes.contains(&point.scope))
        .map(from_point)
        .collect();
    let reader = (&session.node, &session.incarnation);
    let page = feed::read(tables, reader, &after, BATCH_BYTES, FEED_ROWS)?;
    let items = page.items.into_iter().map(|item| {
        let content = match item.content {
            feed::Content::Entry { bytes, position } => wire::Content::Entry(bytes, position),
            feed::Content::Yours { number, position } => wire::Content::Yours(number, position),
            feed::Content::Erased(id) => wire::Content::Erased(id),
        };
        wire::FeedItem { scope: item.scope, row: item.row, content }
    });
    Ok(Input::FeedRead(wire::Feed {
        epoch: page.epoch,
        items: items.collect(),
        points: page.points.iter().map(to_point).collect(),
    }))
}

fn acknowledge<T: LedgerTables>(
    tables: &mut T,
    session: &Session,
    ack: &wire::FeedAck,
) -> Result<Input, T::Error> {
    if ack.except.len() > EXCEPTIONS_MAX {
        return Ok(Input::End(Farewell::Protocol));
    }
    let stored: Vec<ScopePoint> = ack
        .stored
        .iter()
        .filter(|point| session.scopes.contains(&point.scope))
        .map(from_point)
        .collect();
    let applied: Vec<feed::Applied> = ack
        .applied
        .iter()
        .map(|applied| feed::Applied { scope: applied.scope, row: applied.row })
        .collect();
    greeting::confirm(tables, &session.node, &session.incarnation, session.token)?;
    let differs = feed::acknowledge(tables, &session.node, &stored, &applied, &ack.except)?;
    Ok(Input::AckStored { agrees: differs.is_none() })
}

fn compare<T: LedgerTables>(
    tables: &mut T,
    asked: Vec<Asked>,
    taken: u64,
) -> Result<Input, T::Error> {
    let held = asked.into_iter().map(|Asked { document, held }| mend::Held {
        name: held.document,
        document,
        after: held.after,
        entries: held.entries.iter().map(|entry| (entry.id, entry.position)).collect(),
        more: held.more,
    });
    let held: Vec<mend::Held> = held.collect();
    let mend::Difference { send, want } = mend::difference(tables, &held, taken)?;
    Ok(Input::Compared { send, want })
}

fn delivered(reached: feed::Reached) -> wire::Delivered {
    let feed::Reached { unit, node, through, except } = reached;
    wire::Delivered { unit, through, except, node: Some(node) }
}
