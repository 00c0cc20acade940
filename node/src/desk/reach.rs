//! How far dossiers have come, as their badges say it: the same on a dossier's page and in lists.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use hoso_engine::clock;
use hoso_identity::{DocumentId, EntryId, UnitId};
use hoso_registry::{EventKind, State};
use hoso_store::{
    StoreError, journal as facts,
    journal::{InOrder, Room},
    peers,
    rules::{
        badge::{self, Reach, delivered},
        journal::ATTEMPTS_MAX,
    },
    tables::{self, Delivered, JournalTables, NodeEntry, NodeFacts, Peer},
    writer::Tx,
};
use serde_json::{Value as Json, json};

use super::Refused;
use crate::{
    dossiers::{Dossier, forms::unit_code},
    office::Office,
    times,
};

/// What a list reads of one dossier. An ordinary one has some twenty entries; what is longer says
/// how far it has come on its own page, so that no list takes longer for it.
const ROW_ROOM: Room = Room { entries: 256, bytes: 512 * 1024 };

/// What this node knows of the others.
pub(super) struct Known {
    node: NodeFacts,
    delivered: Vec<Delivered>,
    peers: Vec<Peer>,
}

impl Known {
    /// It, with what is known of the own unit: what is shown here is applied here, at one node of
    /// the unit at least.
    pub(super) fn read(tx: &mut Tx<'_>, own: Delivered) -> Result<Self, StoreError> {
        let mut delivered = facts::all_delivered(tx)?;
        delivered.push(own);
        Ok(Self { node: tx.facts()?, delivered, peers: peers::all(tx)? })
    }

    /// The number of the own journal up to which another machine of the unit has everything. One
    /// that has ended is none any more.
    fn copied(&self, state: &State) -> u64 {
        let lives =
            |peer: &&Peer| state.node(peer.copy.node).is_some_and(|node| node.ended.is_none());
        self.peers.iter().filter(lives).map(|peer| peer.copied).max().unwrap_or(0)
    }

    /// How far the last change among these entries of a dossier has come. What counts and is still
    /// to be applied may turn out to have no effect, with all that the page says of it: it is no
    /// last change before.
    pub(super) fn sync(
        &self,
        office: &Office,
        state: &State,
        dossier: &Dossier,
        entries: &[NodeEntry],
    ) -> Json {
        let standing = &dossier.folded.standing;
        let in_effect: BTreeSet<EntryId> = dossier.held.iter().map(|held| held.id).collect();
        let said = |entry: &&NodeEntry| {
            let counts = entry.standing == tables::Standing::Counts;
            !is_reading(entry) && (!counts || in_effect.contains(&entry.id))
        };
        let last = badge::last(entries.iter().filter(said));
        let author = last.and_then(|last| last.author_unit);
        let audience = standing.audience.iter().copied();
        let destinations: Vec<UnitId> = audience.filter(|unit| Some(*unit) != author).collect();
        let opened: Vec<UnitId> = standing.opened.keys().copied().collect();
        let sent_through = office.link.borrow().sent_through;
        let badge = last.map(|last| {
            let known = &self.delivered;
            let copied = self.copied(state);
            let reach = Reach { destinations: &destinations, opened: &opened, known, copied };
            badge::badge(last, reach, &self.node, sent_through).code()
        });
        let elsewhere = destinations.iter().filter(|unit| **unit != office.unit());
        let reached = elsewhere.filter_map(|unit| {
            let fact = delivered_fact(&self.delivered, *unit, last?)?;
            Some(json!({
                "unit": unit_code(state, *unit),
                "at": times::text_of(fact.at_ms),
                "node": fact.node.map(|node| node.to_string()),
            }))
        });
        json!({
            "state": badge,
            "destinations":
                destinations.iter().map(|unit| unit_code(state, *unit)).collect::<Vec<_>>(),
            "at_province_at": last.and_then(|last| last.placed_ms).and_then(times::text_of),
            "delivered": reached.collect::<Vec<_>>(),
        })
    }
}

/// Whether the entry says no more than that a unit has read the dossier: that is the last step of
/// the badge, and nothing that has to arrive anywhere itself.
fn is_reading(entry: &NodeEntry) -> bool {
    entry.kind == EventKind::Opened.kind() && entry.standing == tables::Standing::Counts
}

/// What the own unit knows of what it shows.
pub(super) fn own(office: &Office) -> Delivered {
    Delivered {
        unit: office.unit(),
        through: u64::MAX,
        except: Vec::new(),
        at_ms: clock::now_ms(),
        node: office.node().map(|node| node.id),
    }
}

fn delivered_fact<'a>(
    known: &'a [Delivered],
    unit: UnitId,
    last: &NodeEntry,
) -> Option<&'a Delivered> {
    let row = last.row?;
    known.iter().find(|fact| {
        fact.unit == unit && delivered(std::slice::from_ref(*fact), unit, row, &last.id)
    })
}

/// Of each of these dossiers the parts of its record that its badge is made of, by its id; nothing
/// of those that are longer than a list reads. Fifty rows of seven entries each, of which every one
/// is folded, take 7 ms in the development profile on a busy machine of two cores.
pub(crate) async fn ways(
    office: &Arc<Office>,
    ids: Vec<DocumentId>,
) -> Result<BTreeMap<String, Json>, Refused> {
    let own = own(office);
    let read = office.memory.read(move |tx| {
        let known = Known::read(tx, own)?;
        let mut stored = Vec::with_capacity(ids.len());
        for id in ids {
            // What is set aside is not opened, here as on its own page.
            if tx.mark(&id)?.is_none_or(|mark| mark.attempts < ATTEMPTS_MAX) {
                stored.push((id, facts::in_order(tx, &id, ROW_ROOM)?));
            }
        }
        Ok::<_, StoreError>((known, stored))
    });
    let (known, stored): (Known, Vec<(DocumentId, InOrder)>) = read.await?;
    let (office, state) = (Arc::clone(office), office.state());
    let computing = tokio::task::spawn_blocking(move || {
        let whole = stored.into_iter().filter(|(_, stored)| !stored.more);
        let way = |(id, stored): (DocumentId, InOrder)| {
            let dossier = Dossier::of(id, &stored, &state);
            let sync = known.sync(&office, &state, &dossier, &stored.entries);
            (id.to_string(), dossier.way(&state, sync))
        };
        whole.map(way).collect()
    });
    computing.await.map_err(|_| Refused::new(500, "internal"))
}
