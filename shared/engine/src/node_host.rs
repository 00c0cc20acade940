//! What a node's conversation asks of its memory: outputs of `sync` become calls of the journal's
//! rules, their results become inputs. The same over SQLite and over a simulated disk.

use hoso_identity::{Incarnation, Realm};
use hoso_store::{
    StoreError,
    rules::{
        feed, intake,
        intake::{Misfit, Taken},
        journal, ledger, mend, recheck,
    },
    tables::{self, Admission, Digest, JournalTables, NodeEntry, ScopePoint},
};
use hoso_sync::{
    frame::{BATCH_BYTES, HELD_ENTRIES_MAX, MINOR_MAX, MINOR_MIN},
    listing::Listed,
    node::{Input, Output},
    wire::{self, Hello, Point},
};

/// Journal entries that are read at once.
const JOURNAL_ENTRIES: usize = 512;

/// What the shell brings to one piece of work.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Unix milliseconds.
    pub now_ms: u64,
    /// Fresh chance, should this database have to become a copy of its own.
    pub incarnation: Incarnation,
}

/// What one piece of work gave. The input may be told only after the commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// What the conversation is told.
    pub input: Option<Input>,
    /// What came in.
    pub taken: Taken,
}

/// Why a piece of work must be undone.
#[derive(Debug)]
pub enum Undone<E> {
    /// The storage failed.
    Storage(E),
    /// The page does not fit what is here.
    Misfit(Misfit),
}

impl<E> From<E> for Undone<E> {
    fn from(error: E) -> Self {
        Self::Storage(error)
    }
}

/// The running digest in the bytes that are sent.
#[must_use]
pub fn short(digest: &Digest) -> wire::ShortDigest {
    let mut sent = [0; 8];
    sent.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    sent
}

/// A digest that was sent, for [`tables::digests_agree`]: only its first 8 bytes are known.
#[must_use]
pub fn long(sent: &wire::ShortDigest) -> Digest {
    let mut digest = [0; 32];
    digest.iter_mut().zip(sent).for_each(|(to, from)| *to = *from);
    digest
}

/// The first frame of a session, now, Unix milliseconds.
///
/// # Errors
///
/// As the storage fails.
pub fn hello<T: JournalTables>(
    tables: &mut T,
    realm: Realm,
    now_ms: u64,
) -> Result<Hello, T::Error> {
    let facts = tables.facts()?;
    Ok(Hello {
        minor_min: MINOR_MIN,
        minor_max: MINOR_MAX,
        realm,
        incarnation: facts.incarnation,
        token: facts.token,
        epoch: facts.epoch,
        cursors: tables.cursors()?.iter().map(to_point).collect(),
        journal_head: facts.journal_head,
        wish: recheck::wish(&facts, now_ms).map(|wish| match wish {
            recheck::Wish::Week => wire::Wish::Week,
            recheck::Wish::Unfinished => wire::Wish::Unfinished,
            recheck::Wish::Diverged => wire::Wish::Diverged,
        }),
        quiet_ms: None,
        unanswered: Some(facts.journal_head.saturating_sub(facts.journal_through)),
    })
}

/// What has been applied, as the conversation is told it.
///
/// # Errors
///
/// As the storage fails.
pub fn applied<T: JournalTables>(tables: &mut T) -> Result<Input, T::Error> {
    let progress = journal::progress(tables)?;
    let applied = progress.applied.iter();
    let applied =
        applied.map(|applied| wire::AppliedRow { scope: applied.scope, row: applied.row });
    Ok(Input::Applied { applied: applied.collect(), except: progress.except })
}

/// Whether this work only reads, so that it need not wait for the writer.
#[must_use]
pub fn only_reads(output: &Output) -> bool {
    matches!(
        output,
        Output::ReadJournal { .. }
            | Output::ReadListing(_)
            | Output::ReadHeld { .. }
            | Output::ReadClaims(_)
    )
}

/// The entries that this work brings, to be read ahead.
#[must_use]
pub fn brought(output: &Output) -> Vec<Vec<u8>> {
    if let Output::StorePage(page) = output {
        let entry = |item: &wire::FeedItem| match &item.content {
            wire::Content::Entry(bytes, _) => Some(bytes.clone()),
            wire::Content::Yours(..) | wire::Content::Erased(_) => None,
        };
        return page.items.iter().filter_map(entry).collect();
    }
    let Output::StoreHealed(entries, _) = output else { return Vec::new() };
    entries.iter().map(|entry| entry.bytes.clone()).collect()
}

/// Does one piece of work in the caller's transaction.
///
/// # Errors
///
/// [`Undone`]: then nothing of it may be committed.
pub fn work<T: JournalTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    output: Output,
    moment: Moment,
) -> Result<Done, Undone<T::Error>> {
    let input = match output {
        Output::StoreWelcome(welcome) => welcomed(tables, &welcome, moment.now_ms)?,
        Output::ReadJournal { after } => {
            let entries = journal::read(tables, after, BATCH_BYTES, JOURNAL_ENTRIES)?;
            Input::JournalRead(entries.into_iter().filter_map(to_pushed).collect())
        }
        Output::StorePage(page) => return page_stored(tables, admission, &page, moment),
        Output::StoreAck(ack) => {
            let taken = journal::acknowledged(tables, &acknowledgement(ack))?;
            let input = Some(Input::AckStored { agrees: taken.is_some() });
            return Ok(Done { input, taken: taken.unwrap_or_default() });
        }
        Output::StoreDelivered(delivered) => {
            let wire::Delivered { unit, through, except, node } = delivered;
            let at_ms = moment.now_ms;
            let fact = tables::Delivered { unit, through, except, at_ms, node };
            journal::reached(tables, &fact)?;
            return Ok(Done::default());
        }
        Output::Renew => {
            recheck::renew(tables, moment.incarnation)?;
            return Ok(Done::default());
        }
        Output::Diverge => {
            recheck::diverged(tables)?;
            return Ok(Done::default());
        }
        Output::SetRows { .. }
        | Output::ReadListing(_)
        | Output::ReadHeld { .. }
        | Output::StoreHealed(..)
        | Output::ReadClaims(_)
        | Output::StoreClaimed(..)
        | Output::FinishHealing { .. } => return heal(tables, admission, output, moment),
        Output::Send(_) | Output::Heal | Output::Up | Output::WakeAt(_) | Output::Close(_) => {
            return Ok(Done::default());
        }
    };
    Ok(Done { input: Some(input), taken: Taken::default() })
}

/// One piece of work of a healing.
fn heal<T: JournalTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    output: Output,
    moment: Moment,
) -> Result<Done, Undone<T::Error>> {
    let mut taken = Taken::default();
    let input = match output {
        Output::SetRows { scope, row, after } => {
            Input::RowsSet(recheck::set_rows(tables, scope, row, after.as_ref())?)
        }
        Output::ReadListing(scope) => {
            let own = mend::of_journal(tables, scope)?.into_iter();
            Input::ListingRead(own.map(to_listed).collect())
        }
        Output::ReadHeld { documents, after } => {
            let documents: Vec<_> =
                documents.iter().map(|document| (document.name, document.id)).collect();
            let held = mend::held(tables, &documents, after, HELD_ENTRIES_MAX)?;
            Input::HeldRead(held.into_iter().map(to_held).collect())
        }
        Output::StoreHealed(entries, row) => {
            let entries: Vec<mend::Positioned> = entries.into_iter().map(from_wire).collect();
            taken = intake::mend(tables, admission, &entries, row, moment.now_ms)?;
            Input::HealedStored
        }
        Output::ReadClaims(ids) => {
            let entries = recheck::positioned(tables, &ids)?;
            Input::ClaimsRead(entries.into_iter().map(to_wire).collect())
        }
        Output::StoreClaimed(claimed, outcomes) => {
            let outcomes: Vec<_> =
                outcomes.iter().map(|one| (one.id, from_outcome(one.outcome))).collect();
            taken = recheck::claimed(tables, admission, &claimed, &outcomes)?;
            Input::ClaimedStored
        }
        Output::FinishHealing { welcome, heads } => {
            let heads: Vec<ScopePoint> = heads.iter().map(head).collect();
            let through = Some(welcome.through).filter(|_| !welcome.renumber);
            recheck::healed(tables, welcome.epoch, &heads, through, moment.now_ms)?;
            Input::HealingFinished { journal_head: tables.facts()?.journal_head }
        }
        Output::Send(_)
        | Output::StoreWelcome(_)
        | Output::ReadJournal { .. }
        | Output::StorePage(_)
        | Output::StoreAck(_)
        | Output::StoreDelivered(_)
        | Output::Renew
        | Output::Diverge
        | Output::Heal
        | Output::Up
        | Output::WakeAt(_)
        | Output::Close(_) => return Ok(Done::default()),
    };
    Ok(Done { input: Some(input), taken })
}

/// What the conversation is told when the work was undone.
#[must_use]
pub fn told(undone: &Undone<StoreError>) -> Input {
    match undone {
        Undone::Misfit(_) => Input::PageDiverged,
        Undone::Storage(_) => Input::StorageFailed,
    }
}

fn welcomed<T: JournalTables>(
    tables: &mut T,
    welcome: &wire::Welcome,
    now_ms: u64,
) -> Result<Input, T::Error> {
    let agrees = journal::agrees(tables, welcome.through, &long(&welcome.digest))?;
    if agrees {
        let wire::Welcome { token, epoch, through, heal, .. } = *welcome;
        let said = journal::Welcomed { token, epoch, through, heal };
        journal::welcomed(tables, &said, now_ms)?;
    }
    Ok(Input::WelcomeStored { agrees, through: tables.facts()?.journal_through })
}

fn page_stored<T: JournalTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    page: &wire::Feed,
    moment: Moment,
) -> Result<Done, Undone<T::Error>> {
    let page = feed::FeedPage {
        epoch: page.epoch,
        items: page.items.iter().map(item).collect(),
        points: page.points.iter().map(from_point).collect(),
    };
    let taken = intake::take(tables, admission, &page, moment.now_ms)?;
    let taken = taken.map_err(Undone::Misfit)?;
    let stored = page.points.iter().map(to_point).collect();
    Ok(Done { input: Some(Input::PageStored(stored)), taken })
}

fn item(item: &wire::FeedItem) -> feed::FeedItem {
    let content = match &item.content {
        wire::Content::Entry(bytes, position) => {
            feed::Content::Entry { bytes: bytes.clone(), position: *position }
        }
        wire::Content::Yours(number, position) => {
            feed::Content::Yours { number: *number, position: *position }
        }
        wire::Content::Erased(id) => feed::Content::Erased(*id),
    };
    feed::FeedItem { scope: item.scope, row: item.row, content }
}

fn acknowledgement(ack: wire::Ack) -> journal::Acknowledgement {
    let outcomes = ack.outcomes.iter();
    journal::Acknowledgement {
        through: ack.through,
        digest: long(&ack.digest),
        outcomes: outcomes.map(|one| (one.number, from_outcome(one.outcome))).collect(),
    }
}

/// What became of an entry, as it came.
pub(crate) fn from_outcome(outcome: wire::Outcome) -> ledger::Outcome {
    match outcome {
        wire::Outcome::Waiting(what) => ledger::Outcome::Waiting(what),
        wire::Outcome::Refused(reason) => ledger::Outcome::Refused(reason),
    }
}

fn to_held(held: mend::Held) -> wire::HeldDocument {
    let entries = held.entries.into_iter();
    wire::HeldDocument {
        document: held.name,
        after: held.after,
        entries: entries.map(|(id, position)| wire::HeldEntry { id, position }).collect(),
        more: held.more,
    }
}

fn to_pushed(entry: NodeEntry) -> Option<wire::Pushed> {
    Some(wire::Pushed { number: entry.journal?, bytes: entry.bytes })
}

fn head(head: &wire::Head) -> ScopePoint {
    ScopePoint { scope: head.scope, row: head.row, digest: head.digest }
}

/// A cursor as it is sent.
pub(crate) fn to_point(point: &ScopePoint) -> Point {
    Point { scope: point.scope, row: point.row, digest: short(&point.digest) }
}

/// A cursor as it came.
pub(crate) fn from_point(point: &Point) -> ScopePoint {
    ScopePoint { scope: point.scope, row: point.row, digest: long(&point.digest) }
}

/// A document of a listing as the conversation knows it.
pub(crate) fn to_listed(listed: mend::Listed) -> Listed {
    Listed { item: listed.item, document: listed.document }
}

/// An entry of a healing as it is sent.
pub(crate) fn to_wire(entry: mend::Positioned) -> wire::Positioned {
    wire::Positioned { bytes: entry.bytes, position: entry.position }
}

/// An entry of a healing as it came.
pub(crate) fn from_wire(entry: wire::Positioned) -> mend::Positioned {
    mend::Positioned { bytes: entry.bytes, position: entry.position }
}
