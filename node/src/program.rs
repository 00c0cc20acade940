//! The running node: memory, link, projection, pages, commands; started and stopped in one place.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use hoso_dossier::code::{Code, Serial};
use hoso_engine::{
    command::Problem,
    control,
    endpoint::Endpoint,
    frames::WireBytes,
    link::{Link, LinkStatus, Signals, Target},
    memory::Memory,
    metrics::Histogram,
    settings,
    shell::{closed, stopped, wait_for_stop},
    tuning::Congestion,
};
use hoso_identity::{Realm, UnitId};
use hoso_registry::State;
use hoso_store::{
    StoreError,
    database::{Database, Schema},
    records,
    serial::Serials,
    sessions,
    writer::{Tx, WriterThread},
};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinSet,
};

use crate::{
    cli::Run,
    config::Config,
    facts::Facts,
    keys,
    office::{Office, storage},
    people::People,
    projection,
    web::{Hosts, Site, router},
};

/// How long a page may still be sent after the signal to stop.
const LAST_PAGES: Duration = Duration::from_secs(2);

/// The node of a data directory, without link and pages: what a command needs.
///
/// # Errors
///
/// That no node is here, or what keys and database say.
pub async fn open(data: &Path) -> Result<(Arc<Office>, WriterThread), Problem> {
    let none = || {
        let text = format!("{} holds no node: run `hoso-node join` first", data.display());
        Problem::new("not-joined", text)
    };
    if !Database::exists(data) {
        return Err(none());
    }
    let transport = keys::read_transport(data)?.public();
    let realm = |tx: &mut Tx<'_>| Ok(Facts::read(tx)?.map_or(Realm::ZERO, |facts| facts.realm()));
    let commits = Histogram::default();
    let timed = commits.clone();
    let (memory, thread) = Memory::open(data, Schema::Node, realm, move |took| timed.observe(took))
        .map_err(|error| storage(&error))?;
    let facts = memory.read(Facts::read).await.map_err(|error| storage(&error))?;
    let facts = facts.ok_or_else(none)?;
    let mut serials = Serials::open(data).map_err(|error| storage(&error))?;
    let given = memory.read(records::codes).await.map_err(|error| storage(&error))?;
    let given = given_numbers(&given, &memory.state(), facts.unit);
    serials.raise(&given).map_err(|error| storage(&error))?;
    let office = Office {
        data: data.to_owned(),
        memory,
        facts,
        transport,
        people: People::default(),
        serials: serials.into(),
        applied: watch::Sender::new(0),
        arrived: Arc::new(Notify::new()),
        link: watch::Sender::new(LinkStatus::new()),
        wire: WireBytes::default(),
        commits,
        applying: Histogram::default(),
    };
    Ok((Arc::new(office), thread))
}

/// The highest numbers that codes of this unit show, by station and day.
fn given_numbers(codes: &[String], state: &State, unit: UnitId) -> BTreeMap<(u16, u32), u16> {
    let own = state.unit(unit).map(|unit| unit.org_code.as_str());
    let mut given = BTreeMap::new();
    for code in codes.iter().filter_map(|code| code.parse::<Code>().ok()) {
        if let Serial::Station { station, counter } = code.serial()
            && Some(code.org()) == own
        {
            let highest = given.entry((station, code.day().number())).or_insert(counter);
            *highest = counter.max(*highest);
        }
    }
    given
}

/// Runs until the system says to stop.
///
/// # Errors
///
/// What could not be started, with what to do.
pub async fn run(args: &Run) -> Result<(), Problem> {
    let config = config(args)?;
    let congestion = Congestion::from_code(&config.congestion);
    let text = "congestion is bbr, cubic or newreno";
    let congestion = congestion.ok_or_else(|| Problem::new("config", text))?;
    let (office, thread) = open(&args.data).await?;
    let locked = office.memory.write(false, |tx, _| sessions::lock_all(tx)).await;
    locked.map_err(|error: StoreError| storage(&error))?;
    let endpoint = Endpoint::dialler(&keys::read_transport(&args.data)?, congestion)
        .map_err(|error| Problem::new("quic", error.to_string()))?;
    let listener = TcpListener::bind(config.listen_http)
        .await
        .map_err(|error| Problem::new("http", format!("{}: {error}", config.listen_http)))?;
    let page = listener.local_addr().map_err(|error| Problem::new("http", error.to_string()))?;
    tracing::info!(pages = %page, "the node runs");
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let signals = Signals {
        applied: office.applied.subscribe(),
        stop: stopping.clone(),
        arrived: Arc::clone(&office.arrived),
        status: office.link.clone(),
    };
    let link =
        Link::new(endpoint, target(&office), office.memory.clone(), signals, office.wire.clone());
    tasks.spawn(link.run());
    tasks.spawn(projection::run(Arc::clone(&office), stopping.clone()));
    let site = Arc::new(Site::new(Arc::clone(&office)));
    let pages = router(site, Hosts::new(page.port(), &config.hosts));
    tasks.spawn(serve_pages(listener, pages, stopping.clone()));
    tasks.spawn(serve_commands(args.data.clone(), Arc::clone(&office), stopping));
    wait_for_stop(|| office.memory.is_dead()).await?;
    stop.send_replace(true);
    while tasks.join_next().await.is_some() {}
    let dead = office.memory.is_dead();
    drop(office);
    closed(thread).await.map_err(|error| storage(&error))?;
    if dead { Err(storage(&StoreError::Dead)) } else { Ok(()) }
}

/// Where the relay is: what the registry says, else what the invitation said.
fn target(office: &Office) -> Target {
    let state = office.state();
    let named = state.relay_keys().filter(|relay| !relay.addresses.is_empty());
    let addresses = named.map_or(&office.facts.addresses, |relay| &relay.addresses);
    let mut pinned = vec![office.facts.relay];
    pinned.extend(state.relay_keys().map(|relay| relay.transport));
    pinned.dedup();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Target { addresses: addresses.clone(), pinned, version }
}

async fn serve_pages(listener: TcpListener, pages: axum::Router, stop: watch::Receiver<bool>) {
    let pages = pages.into_make_service_with_connect_info::<SocketAddr>();
    let (mut told, mut late) = (stop.clone(), stop);
    let serving = axum::serve(listener, pages).with_graceful_shutdown(async move {
        stopped(&mut told).await;
    });
    let cut = async move {
        stopped(&mut late).await;
        tokio::time::sleep(LAST_PAGES).await;
    };
    tokio::select! {
        ended = serving => if let Err(error) = ended {
            tracing::error!(%error, "the pages ended");
        },
        () = cut => {}
    }
}

async fn serve_commands(
    data: std::path::PathBuf,
    office: Arc<Office>,
    stop: watch::Receiver<bool>,
) {
    let answer = move |line: String| {
        let office = Arc::clone(&office);
        async move { office.answer_line(&line).await }
    };
    if let Err(error) = control::serve(&data, stop, answer).await {
        tracing::error!(%error, "commands cannot reach this node");
    }
}

fn config(args: &Run) -> Result<Config, Problem> {
    let mut config: Config = settings::load(args.config.as_deref())
        .map_err(|error| Problem::new("config", error.to_string()))?;
    config.listen_http = args.listen_http.unwrap_or(config.listen_http);
    config.check().map_err(|error| Problem::new("config", error.to_string()))?;
    Ok(config)
}
