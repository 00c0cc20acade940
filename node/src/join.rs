//! `hoso-node join`: makes keys, database and first administrator, and asks to be let in.

use std::path::Path;

use hoso_engine::{
    command::{Answer, Problem, Secret},
    join::{Newcomer, join as ask},
    keyfile::{self, KeyError},
    memory::Memory,
    secret,
};
use hoso_identity::{EntryId, Incarnation, PersonId, x25519_public};
use hoso_registry::{enrolment::Invitation, statement::AgeKey};
use hoso_store::{
    StoreError,
    accounts::{self, Account},
    database::Schema,
    journal,
    meta::{DATABASE, meta, put_meta},
};
use serde_json::json;

use crate::{
    facts::{Facts, put_words, words},
    keys,
    office::storage,
};

/// Makes this data directory a node of the invitation's unit, once the province approves. `admin`:
/// the first administrator's log-in and the name that others see of them.
///
/// # Errors
///
/// What is wrong with the invitation, the directory or the line, with what to do. A failed try
/// can be repeated.
pub async fn join(code: &str, data: &Path, admin: (&str, &str), password: &Secret) -> Answer {
    let invitation =
        Invitation::parse(code).map_err(|error| Problem::new("invitation", error.to_string()))?;
    secret::make_data_directory(data)
        .map_err(|error| Problem::new("data", format!("{}: {error}", data.display())))?;
    let realm = invitation.realm();
    let (memory, thread) = Memory::open(data, Schema::Node, move |_| Ok(realm), |_| {})
        .map_err(|error| storage(&error))?;
    let joined = joined(&memory, &invitation, data, admin, password).await;
    drop(memory);
    match tokio::task::spawn_blocking(move || thread.join()).await {
        Ok(Ok(())) => joined,
        Ok(Err(error)) => Err(storage(&error)),
        Err(_) => Err(storage(&StoreError::Dead)),
    }
}

async fn joined(
    memory: &Memory,
    invitation: &Invitation,
    data: &Path,
    (admin, name): (&str, &str),
    password: &Secret,
) -> Answer {
    let known = memory.read(words).await.map_err(|error| storage(&error))?;
    if known.is_some() || memory.state().realm().is_some() {
        let text = "this directory holds a node already: choose another one with --data";
        return Err(Problem::new("already-joined", text));
    }
    let key = |error: KeyError| Problem::new("key", error.to_string());
    let transport = keys::keep(&keys::transport(data)).map_err(key)?;
    let signing = keys::keep(&keys::signing(data)).map_err(key)?;
    let age = keys::keep(&keys::age(data)).map_err(key)?;
    let administrator = keyfile::fresh().map_err(key)?;
    let wrapped = keyfile::wrap(&administrator, password.expose())
        .map_err(|error| Problem::new("password", error.to_string()))?;
    let account = Account {
        username: admin.to_owned(),
        // Named by the approval; until then nobody can act with this key.
        person: PersonId::ZERO,
        grant: EntryId::ZERO,
        wrapped_key: wrapped.to_bytes(),
        display_name: name.to_owned(),
        roles: String::new(),
        disabled: false,
        created_ms: hoso_engine::clock::now_ms(),
    };
    let facts = Facts {
        unit: invitation.unit,
        founding: invitation.founding,
        relay: invitation.relay,
        addresses: invitation.addresses.clone(),
    };
    let chance = |error: std::io::Error| Problem::new("chance", error.to_string());
    let (database, incarnation) =
        (secret::chance::<16>().map_err(chance)?, Incarnation(secret::chance().map_err(chance)?));
    let founded = memory.write(false, move |tx, _| {
        if meta(tx, DATABASE)?.is_none() {
            put_meta(tx, DATABASE, &database)?;
            journal::found(tx, incarnation)?;
        }
        facts.put(tx)?;
        let added = accounts::add(tx, &account)? || accounts::put(tx, &account)?;
        if added { Ok(()) } else { Err(StoreError::Damaged("the accounts")) }
    });
    founded.await.map_err(|error| storage(&error))?;
    let newcomer = Newcomer {
        label: label(),
        signing: signing.public(),
        age: AgeKey(x25519_public(&age.seed())),
        administrator_name: name.to_owned(),
        administrator_key: administrator.public(),
    };
    let said = ask(invitation, &transport, &newcomer).await;
    let said = said.map_err(|error| Problem::new("join", error.to_string()))?.join(" ");
    let kept = said.clone();
    let kept = memory.write(false, move |tx, _| put_words(tx, &kept)).await;
    kept.map_err(|error: StoreError| storage(&error))?;
    Ok(json!({ "words": said, "node": transport.public().to_string() }))
}

/// What people call this machine.
fn label() -> String {
    let name = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let name: String = name.trim().chars().filter(|letter| !letter.is_control()).take(60).collect();
    if name.is_empty() { "hoso-node".to_owned() } else { name }
}
