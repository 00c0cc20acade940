//! The disks of the simulation keep the contract that SQLite keeps.

#[path = "../../shared/store/tests/on_disk/contract.rs"]
mod contract;

use hoso_identity::{Epoch, Incarnation};
use hoso_tests::sim::{disk::NodeDisk, ledger::LedgerDisk};

#[test]
fn a_simulated_node_keeps_the_contract_of_its_tables() {
    contract::journal(&mut NodeDisk::new(Incarnation([1; 16])));
}

#[test]
fn a_simulated_relay_keeps_the_contract_of_its_tables() {
    contract::ledger(&mut LedgerDisk::new(Epoch { generation: 1, random: [1; 8] }));
}
