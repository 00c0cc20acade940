//! What the relay makes of a `Hello`: where to go on, whether to heal, whether it is a copy.

use hoso_identity::{Epoch, Incarnation, NodeId, Scope, SessionToken};

use super::recheck::Wish;
use crate::tables::{Digest, LedgerHead, LedgerTables, ScopePoint, Sender, digests_agree};

/// Healings of one node within this many milliseconds after which a fuse stops them: an hour.
pub const FUSE_MS: u64 = 3600 * 1000;
/// Healings that the fuse allows in that time.
pub const FUSE_HEALINGS: usize = 2;
/// Generations by which a node's epoch may be ahead of the ledger's: as often as a ledger may have
/// been restored, or lost commits, since the backup from which it came.
pub const GENERATIONS_MAX: u32 = 1000;

/// What a node shows first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The node, proved by its key.
    pub node: NodeId,
    /// The copy of its database.
    pub incarnation: Incarnation,
    /// The token of the last `Welcome` that it stored.
    pub token: Option<SessionToken>,
    /// The epoch of its cursors.
    pub epoch: Option<Epoch>,
    /// Its cursors.
    pub cursors: Vec<ScopePoint>,
    /// The journal number up to which the relay has acknowledged everything; zero if it does not
    /// say.
    pub through: u64,
    /// Whether it asks for healing, and why.
    pub wish: Option<Wish>,
    /// Whether it has ended: what it shows proves nothing.
    pub ended: bool,
}

/// Chance that the caller brings.
#[derive(Clone, Copy, Debug)]
pub struct Chance {
    /// For the session's token.
    pub token: SessionToken,
    /// For an epoch, should one be minted.
    pub epoch: [u8; 8],
}

/// Why a session begins with healing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealReason {
    /// A copy of the node's database that the relay does not know.
    Incarnation,
    /// The node's cursors belong to another life of the ledger.
    Epoch,
    /// The healing of the last session did not end.
    Unfinished,
    /// The node says that the relay's rows do not fit its own.
    Diverged,
    /// Both sides were last compared a week ago.
    Week,
}

/// The relay's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// Go on from here.
    Welcome(Welcome),
    /// The token is another copy's: take a new incarnation, then heal.
    Copy,
    /// Too many healings: an operator must look.
    Fuse,
    /// The node shows an epoch that no ledger can have reached: an operator must look.
    Epoch,
}

/// Where a session goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The life of the ledger.
    pub epoch: Epoch,
    /// The token to store before the first `Ack`.
    pub token: SessionToken,
    /// The journal number up to which the relay has everything.
    pub through: u64,
    /// The running digest there.
    pub digest: Digest,
    /// Whether to heal first, and why.
    pub heal: Option<HealReason>,
    /// Whether a new epoch was minted just now: live sessions must begin anew.
    pub minted: bool,
}

/// Decides how a session begins and notes it.
///
/// # Errors
///
/// As the storage fails.
pub fn greet<T: LedgerTables>(
    tables: &mut T,
    shown: &Shown,
    chance: Chance,
    now_ms: u64,
) -> Result<Greeting, T::Error> {
    let head = tables.head()?;
    let known = tables.sender(&shown.node, &shown.incarnation)?;
    if known.as_ref().is_some_and(|sender| !token_fits(sender, shown.token)) {
        return Ok(Greeting::Copy);
    }
    let highest = head.epoch.generation.saturating_add(GENERATIONS_MAX);
    if shown.epoch.is_some_and(|epoch| epoch.generation > highest) {
        return Ok(Greeting::Epoch);
    }
    // A token of this copy of the database says that its journal was last numbered for a relay that
    // knew it; without one it may be that of a backup.
    let through = match (&known, shown.token) {
        (_, None) => u64::MAX,
        (known, Some(_)) => known.as_ref().map_or(0, |sender| sender.through),
    };
    let lost = !shown.ended && proves_lost_commits(tables, &head, shown, through)?;
    let first = shown.epoch.is_none() && !tables.node_seen(&shown.node)?;
    let is_known = known.is_some();
    let mut sender = known.unwrap_or(Sender {
        through: 0,
        digest: [0; 32],
        token: chance.token,
        previous: None,
        confirmed: false,
        healed: first,
    });
    let goes_on = is_known && !sender.healed && !lost;
    let mut heal = if goes_on {
        Some(HealReason::Unfinished)
    } else if lost || shown.epoch.is_some_and(|epoch| epoch != head.epoch) {
        Some(HealReason::Epoch)
    } else if !sender.healed {
        Some(HealReason::Incarnation)
    } else {
        shown.wish.map(wished)
    };
    let is_cause = lost || !sender.healed || shown.wish == Some(Wish::Diverged);
    if let Some(reason) = heal
        && !goes_on
    {
        let blown = fuse_blown(tables, &shown.node, now_ms)?;
        // Whoever makes the ledger live anew must not use up the fuses of all others.
        let of_ledger = reason == HealReason::Epoch && !is_cause && !has_read(tables, &shown.node)?;
        // A comparison that nothing calls for must keep a node out neither now nor later.
        if reason == HealReason::Week {
            heal = heal.filter(|_| !blown);
        } else if !of_ledger {
            if blown {
                return Ok(Greeting::Fuse);
            }
            tables.note_healing(&shown.node, now_ms)?;
        }
    }
    sender.healed &= heal.is_none();
    let epoch = if lost { mint_epoch(tables, shown.epoch, chance.epoch)? } else { head.epoch };
    rotate(&mut sender, shown.token, chance.token);
    tables.put_sender(&shown.node, &shown.incarnation, &sender)?;
    Ok(Greeting::Welcome(Welcome {
        epoch,
        token: sender.token,
        through: sender.through,
        digest: sender.digest,
        heal,
        minted: lost,
    }))
}

fn wished(wish: Wish) -> HealReason {
    match wish {
        Wish::Week => HealReason::Week,
        Wish::Unfinished => HealReason::Unfinished,
        Wish::Diverged => HealReason::Diverged,
    }
}

/// Notes that the node has stored its token.
///
/// # Errors
///
/// As the storage fails.
pub fn confirm<T: LedgerTables>(
    tables: &mut T,
    node: &NodeId,
    incarnation: &Incarnation,
    token: SessionToken,
) -> Result<(), T::Error> {
    if let Some(mut sender) = tables.sender(node, incarnation)?
        && sender.token == token
        && !sender.confirmed
    {
        sender.confirmed = true;
        tables.put_sender(node, incarnation, &sender)?;
    }
    Ok(())
}

/// Notes that this copy of the node has been healed.
///
/// # Errors
///
/// As the storage fails.
pub fn healed<T: LedgerTables>(
    tables: &mut T,
    node: &NodeId,
    incarnation: &Incarnation,
) -> Result<(), T::Error> {
    if let Some(mut sender) = tables.sender(node, incarnation)? {
        sender.healed = true;
        tables.put_sender(node, incarnation, &sender)?;
    }
    Ok(())
}

/// Begins a new life of the ledger, above every generation that was shown.
///
/// # Errors
///
/// As the storage fails.
pub fn mint_epoch<T: LedgerTables>(
    tables: &mut T,
    shown: Option<Epoch>,
    random: [u8; 8],
) -> Result<Epoch, T::Error> {
    let mut head = tables.head()?;
    tables.end_epoch(&head)?;
    let highest = shown.map_or(0, |epoch| epoch.generation).max(head.epoch.generation);
    head.epoch = Epoch { generation: highest.saturating_add(1), random };
    tables.put_head(&head)?;
    tables.clear_readers()?;
    Ok(head.epoch)
}

/// Whether what the node shows proves that the ledger has lost commits: cursors beyond its head or
/// with other digests, a later life of it, or in this one more of its journal than the relay has
/// `through`. Then a row that agrees may be another one: it was given again.
fn proves_lost_commits<T: LedgerTables>(
    tables: &mut T,
    head: &LedgerHead,
    shown: &Shown,
    through: u64,
) -> Result<bool, T::Error> {
    let Some(epoch) = shown.epoch else { return Ok(false) };
    if epoch != head.epoch {
        return Ok(epoch > head.epoch);
    }
    if shown.through > through {
        return Ok(true);
    }
    for cursor in &shown.cursors {
        let known = tables.feed_digest(cursor.scope, cursor.row)?;
        if !known.is_some_and(|known| digests_agree(&known, &cursor.digest)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The current token, or the one before it while the current one was never shown.
fn token_fits(sender: &Sender, shown: Option<SessionToken>) -> bool {
    let current = shown == Some(sender.token);
    let before = !sender.confirmed && shown == sender.previous;
    current || before
}

/// Hands out a new token. What was shown stays good until the new one is. A token that was given
/// and never shown is given again: the `Hello` of an older connection may come late, and must not
/// make the token worthless that a newer one has brought.
fn rotate(sender: &mut Sender, shown: Option<SessionToken>, fresh: SessionToken) {
    if !sender.confirmed && sender.token != fresh && shown == sender.previous {
        return;
    }
    sender.previous = shown;
    sender.token = fresh;
    sender.confirmed = false;
}

/// Whether the node has acknowledged anything of this life of the ledger.
fn has_read<T: LedgerTables>(tables: &mut T, node: &NodeId) -> Result<bool, T::Error> {
    let readers = tables.readers(Scope::Province)?;
    Ok(readers.iter().any(|reader| reader.node == *node))
}

fn fuse_blown<T: LedgerTables>(
    tables: &mut T,
    node: &NodeId,
    now_ms: u64,
) -> Result<bool, T::Error> {
    let recent = tables.healings(node)?;
    // What a clock that was ahead has noted says nothing of the last hour.
    let recent = recent
        .iter()
        .filter(|at_ms| now_ms.checked_sub(**at_ms).is_some_and(|age_ms| age_ms < FUSE_MS));
    Ok(recent.count() >= FUSE_HEALINGS)
}
