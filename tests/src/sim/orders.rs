//! O5: whatever the order in which entries come, and how often, a node shows the same.

use std::{collections::BTreeMap, sync::Arc};

use hoso_engine::admission::Registrar;
use hoso_identity::{DocumentId, EntryId, Incarnation};
use hoso_registry::State;
use hoso_store::{
    rules::{intake, mend::Positioned},
    tables::JournalTables,
};

use super::{
    cast::UNITS, dice::Dice, disk::NodeDisk, node::registry, oracle::expected, sorting::project,
    world::World,
};

/// Percent of the entries that come twice.
const DOUBLED_PERCENT: u64 = 30;

/// Brings everything that the ledger has for a unit to a new node, in any order and some of it
/// twice; gives what that node shows otherwise than the ledger.
#[must_use]
pub(super) fn any_order(world: &World, dice: &mut Dice) -> Vec<String> {
    let unit = UNITS[dice.place(UNITS.len())];
    let ledger = &world.relay.durable.0;
    let audiences: BTreeMap<DocumentId, _> = ledger.audiences().collect();
    let concerns = |document: &DocumentId| {
        document.is_zero() || audiences.get(document).is_some_and(|units| units.contains(&unit))
    };
    let mut entries: Vec<Positioned> = Vec::new();
    for entry in ledger.all().filter(|entry| concerns(&entry.document)) {
        let entry = Positioned { bytes: entry.bytes.clone(), position: entry.position };
        for _ in 0..=u8::from(dice.percent(DOUBLED_PERCENT)) {
            entries.insert(dice.place(entries.len() + 1), entry.clone());
        }
    }
    let shown = records(world, &entries);
    let expected = expected(world, unit);
    if shown == expected {
        return Vec::new();
    }
    let lengths = |all: &BTreeMap<DocumentId, Vec<EntryId>>| {
        all.values().map(Vec::len).collect::<Vec<usize>>()
    };
    let (shown, expected) = (lengths(&shown), lengths(&expected));
    vec![format!("O5: in another order unit {} shows {shown:?} of {expected:?}", unit.0)]
}

/// What a new node makes of these entries.
fn records(world: &World, entries: &[Positioned]) -> BTreeMap<DocumentId, Vec<EntryId>> {
    let mut disk = NodeDisk::new(Incarnation([0; 16]));
    let mut state = Arc::new(State::default());
    for entry in entries {
        let mut registrar = Registrar::new(Arc::clone(&state), world.cast.realm);
        let taken = intake::mend(&mut disk, &mut registrar, std::slice::from_ref(entry), 1, 0);
        if taken.expect("a disk in memory does not fail").statements {
            registrar.refold();
        }
        if registrar.finish().1 > 0 {
            state = registry(&mut disk);
        }
    }
    for mark in disk.to_apply(0, usize::MAX).expect("a disk in memory does not fail") {
        project(&mut disk, mark.document).expect("a disk in memory does not fail");
    }
    disk.records
}
