//! Mistakes that are planted into a node, to see whether the oracles find them.

#![expect(clippy::wildcard_enum_match_arm, reason = "the rest is done as it should be")]

use std::{rc::Rc, sync::Arc};

use hoso_engine::{
    admission::Registrar,
    node_host::{self, Moment},
};
use hoso_identity::Entry;
use hoso_store::tables::JournalTables;
use hoso_sync::node::Output;

use super::{faults::Planted, world::World};

impl World {
    /// A planted fault: the page's cursors are kept in a transaction of their own, first.
    pub(super) fn cursors_first(&mut self, node: usize, output: &Output, moment: Moment) {
        let sim = &self.nodes[node];
        let mut registrar = Registrar::new(Arc::clone(&sim.written.1), self.cast.realm);
        let mut trial = sim.written.0.clone();
        if node_host::work(&mut trial, &mut registrar, output.clone(), moment).is_err() {
            return;
        }
        let cursors = trial.cursors().unwrap_or_default();
        // The entries follow too late for a crash in between.
        let kept = self.node_write(node, &mut |disk, _| {
            cursors.iter().try_for_each(|cursor| disk.put_cursor(cursor)).map_err(|_| ())
        });
        assert!(kept.is_ok(), "a disk in memory does not fail");
        let sim = &mut self.nodes[node];
        sim.durable_at += 400;
        // The second transaction must start from the cursors before.
        if let Some((_, copy)) = sim.writes.iter().rev().nth(1).cloned() {
            sim.written = copy;
        } else {
            sim.written = Rc::clone(&sim.durable);
        }
    }

    /// A planted fault: what is known already is not taken again, though its position be another.
    pub(super) fn with_old_positions(&self, node: usize, output: Output) -> Output {
        match output {
            Output::StoreHealed(mut entries, row)
                if self.planted == Some(Planted::OldPositionKept) =>
            {
                let disk = &self.nodes[node].written.0;
                let known = |bytes: &[u8]| {
                    let id = Entry::decode(bytes).ok().map(|entry| entry.id());
                    disk.all().any(|kept| Some(kept.id) == id && kept.position.is_some())
                };
                entries.retain(|entry| !known(&entry.bytes));
                Output::StoreHealed(entries, row)
            }
            output => output,
        }
    }
}
