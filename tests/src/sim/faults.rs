//! What goes wrong.

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Frames are lost and come late.
    Loss,
    /// The line is slow.
    Delay,
    /// Nothing reaches the relay.
    CutUp,
    /// Nothing reaches the node.
    CutDown,
    /// Nothing goes either way.
    Cut,
    /// The line comes and goes every few seconds.
    Flap,
    /// A node's address changes, or it slept: its line leads nowhere, and it dials anew.
    Moved,
    /// Every line ends at once, and every node dials at once.
    Herd,
    /// A node works on for long without a line.
    Backlog,
    /// A frame comes once more.
    Replay,
    /// A node dies between two outputs.
    NodeCrash,
    /// The relay dies between two outputs.
    RelayCrash,
    /// A node comes back from an old copy.
    NodeRestore,
    /// The relay comes back from an old copy.
    RelayRestore,
    /// A second copy of a node runs beside it.
    Clone,
    /// A wall clock jumps.
    ClockJump,
    /// The relay loses its last commits and does not know it.
    LostCommits,
    /// A node becomes a release newer, or goes back to the one before.
    Upgrade,
    /// A clerk's program writes a kind of entry of which no release of today has heard.
    NewerKind,
    /// The relay loses a dossier on which another node has worked: that work comes before what it
    /// rests on.
    Gap,
    /// A node comes back from an old copy, and its chance repeats itself: two entries of a dossier
    /// are written under one actor.
    Twin,
}

impl Fault {
    /// All.
    pub const ALL: [Self; 21] = [
        Self::Loss,
        Self::Delay,
        Self::CutUp,
        Self::CutDown,
        Self::Cut,
        Self::Flap,
        Self::Moved,
        Self::Herd,
        Self::Backlog,
        Self::Replay,
        Self::NodeCrash,
        Self::RelayCrash,
        Self::NodeRestore,
        Self::RelayRestore,
        Self::Clone,
        Self::ClockJump,
        Self::LostCommits,
        Self::Upgrade,
        Self::NewerKind,
        Self::Gap,
        Self::Twin,
    ];
}

/// A mistake that is planted to see whether the oracles find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// The relay acknowledges before the entries are durable.
    AckBeforeStored,
    /// A node keeps a page's cursors before its entries.
    CursorBeforeEntry,
    /// The relay leaves rows out of a feed that come late.
    SkippedLateEntry,
    /// A restored node goes on with the station and the counter of its backup.
    ReusedStation,
    /// A node does not keep the session token.
    TokenNotStored,
    /// A node says that what it stored is applied.
    DeliveredAtStored,
    /// What nodes bring back in a healing is lost.
    ClaimsForgotten,
    /// A node keeps the position that it knew when healing brings the ledger's.
    OldPositionKept,
    /// A document is left out of what the relay codes and lists in a healing.
    DocumentNotListed,
    /// The relay wakes no session when its ledger has grown.
    FeedNotWoken,
    /// A node whose line is lost in the second half of the storm does not dial again.
    NoRedial,
    /// Of two changes of one actor a node takes the one that it saw first.
    FirstCome,
}

impl Planted {
    /// All.
    pub const ALL: [Self; 12] = [
        Self::AckBeforeStored,
        Self::CursorBeforeEntry,
        Self::SkippedLateEntry,
        Self::ReusedStation,
        Self::TokenNotStored,
        Self::DeliveredAtStored,
        Self::ClaimsForgotten,
        Self::OldPositionKept,
        Self::DocumentNotListed,
        Self::FeedNotWoken,
        Self::NoRedial,
        Self::FirstCome,
    ];
}
