//! SQLite keeps the contract of the tables.

use hoso_identity::{Epoch, Incarnation};
use hoso_store::{journal, ledger};

use crate::{contract, scene::Scene};

#[test]
fn a_nodes_tables_keep_their_contract() {
    Scene::node().write(|tx| {
        journal::found(tx, Incarnation([1; 16]))?;
        contract::journal(tx);
        Ok(())
    });
}

#[test]
fn a_relays_tables_keep_their_contract() {
    Scene::relay().write(|tx| {
        ledger::found(tx, Epoch { generation: 1, random: [1; 8] })?;
        contract::ledger(tx);
        Ok(())
    });
}
