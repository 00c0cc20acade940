//! The running relay: memory, links, pages, commands; started and stopped in one place.

use std::{path::Path, sync::Arc, time::Duration};

use hoso_engine::{
    acceptor::{Acceptor, Figures, Storage},
    clock,
    command::Problem,
    control::{self, Control},
    disk::Reserve,
    endpoint::Endpoint,
    keyfile,
    memory::Memory,
    metrics::Histogram,
    passwords::Passwords,
    scans::Depot,
    secret, settings,
    tasks::{Tasks, closed_in_time, never_ran, stopped, told_to_stop},
    web::{self, Hosts},
};
use hoso_identity::{Realm, SigningKey};
use hoso_store::{
    StoreError,
    blobs::Blobs,
    database::{Database, Schema},
    writer::WriterThread,
};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    cli::Run,
    config::Config,
    founding, keys,
    ledger::Ledger,
    office::{Office, Signing, storage},
    web::{Site, router},
};

/// How often is looked after what has waited too long.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// The relay of a data directory, without links and pages: what a command needs.
///
/// # Errors
///
/// That nothing was founded here, or what keys and database say.
pub async fn open(data: &Path) -> Result<(Office, WriterThread), Problem> {
    if !Database::exists(data) {
        let text = format!("{} holds no province: run `hoso-relay init` first", data.display());
        return Err(Problem::new("not-founded", text));
    }
    secret::check_data_directory(data)
        .map_err(|error| Problem::new("data", format!("{}: {error}", data.display())))?;
    let key = transport(data)?;
    let auto = keys::read_auto(data).map_err(|error| Problem::new("key", error.to_string()))?;
    let commits = Histogram::default();
    let timed = commits.clone();
    let committed = move |took| timed.observe(took);
    let (memory, thread) = Memory::open(data, Schema::Relay, |_| Ok(Realm::ZERO), committed)
        .map_err(|error| storage(&error))?;
    founding::settle(data).map_err(|error| Problem::new("data", error.to_string()))?;
    let office = Office {
        data: data.to_owned(),
        scans: Depot::new(memory.clone(), Blobs::of(data)),
        ledger: Arc::new(memory),
        transport: key.public(),
        auto: auto.map(Signing),
        grew: watch::Sender::new(0),
        sessions: crate::web::Sessions::default(),
        passwords: Passwords::default(),
        figures: Figures::default(),
        commits,
    };
    Ok((office, thread))
}

/// Runs until the system says to stop.
///
/// # Errors
///
/// What could not be started, with what to do; why it ended by itself.
pub async fn run(data: &Path, config: &Config) -> Result<(), Problem> {
    // The directory first: a second process is told whose it is before it finds the ports taken.
    let (mut office, thread) = open(data).await?;
    // The one that it replaces would hold the storage until the end of this function.
    office.scans = office.scans.clone().within(config.unit_scan_bytes_max);
    let doors = match Doors::open(data, config).await {
        Ok(doors) => doors,
        Err(problem) => {
            drop(office);
            return Err(never_ran(thread, problem).await);
        }
    };
    let served = serve(Arc::new(office), config, doors).await;
    let closed = closed_in_time(thread).await.map_err(|error| storage(&error));
    served.and(closed)
}

/// Where a running relay is reached.
struct Doors {
    endpoint: Endpoint,
    listener: TcpListener,
    socket: Control,
}

impl Doors {
    async fn open(data: &Path, config: &Config) -> Result<Self, Problem> {
        let endpoint = Endpoint::listen(config.listen_quic, &transport(data)?, config.congestion)
            .map_err(|error| Problem::new("quic", error.to_string()))?;
        let listener = TcpListener::bind(config.listen_http)
            .await
            .map_err(|error| Problem::new("http", format!("{}: {error}", config.listen_http)))?;
        let socket =
            control::listen(data).map_err(|error| Problem::new("control", error.to_string()))?;
        Ok(Self { endpoint, listener, socket })
    }
}

async fn serve(office: Arc<Office>, config: &Config, doors: Doors) -> Result<(), Problem> {
    let Doors { endpoint, listener, socket } = doors;
    let bound =
        endpoint.local_address().map_err(|error| Problem::new("quic", error.to_string()))?;
    let page = listener.local_addr().map_err(|error| Problem::new("http", error.to_string()))?;
    let address = config.advertise.clone().unwrap_or_else(|| bound.to_string());
    office.ledger.begin(vec![address]).await.map_err(|error| storage(&error))?;
    if let Err(error) = office.scans.sweep().await {
        tracing::warn!(%error, "the files of scans could not be looked through");
    }
    tracing::info!(quic = %bound, pages = %page, "the relay runs");
    let mut tasks = Tasks::default();
    let (figures, grew) = (office.figures.clone(), office.grew.clone());
    let sessions: Arc<dyn Storage> = Arc::<dyn Ledger>::clone(&office.ledger);
    let acceptor =
        Acceptor::new(sessions, Arc::clone(&office), figures, grew, Some(office.scans.clone()));
    let links = acceptor.run(endpoint, tasks.stopping());
    tasks.spawn("links", async move {
        links.await;
        Ok(())
    });
    // Before anybody is answered: who asks early finds it.
    let reserve = Reserve::take(&office.data);
    let site = Arc::new(Site::new(Arc::clone(&office)));
    let pages = router(site, Hosts::new(page.port(), &config.hosts));
    tasks.spawn("pages", web::serve(listener, pages, tasks.stopping()));
    tasks.spawn("sweep", sweep(Arc::clone(&office), tasks.stopping()));
    tasks.spawn("commands", serve_commands(Arc::clone(&office), socket, tasks.stopping()));
    let told = async {
        let told = told_to_stop(|| office.ledger.is_dead()).await;
        reserve.give();
        told
    };
    tasks.run(told).await?;
    if office.ledger.is_dead() { Err(storage(&StoreError::Dead)) } else { Ok(()) }
}

/// Looks every hour after what has waited too long.
async fn sweep(office: Arc<Office>, mut stop: watch::Receiver<bool>) -> Result<(), Problem> {
    let mut hours = tokio::time::interval(SWEEP_EVERY);
    loop {
        tokio::select! {
            () = stopped(&mut stop) => return Ok(()),
            _ = hours.tick() => if let Err(problem) = office.sweep(clock::now_ms()).await {
                tracing::warn!(code = problem.code, "what has waited too long was not looked for");
            },
        }
    }
}

async fn serve_commands(
    office: Arc<Office>,
    socket: Control,
    stop: watch::Receiver<bool>,
) -> Result<(), Problem> {
    let answer = move |line: String, progress| {
        let office = Arc::clone(&office);
        async move { office.answer_line(&line, progress).await }
    };
    let served = control::serve(socket, stop, answer).await;
    served.map_err(|error| Problem::new("control", error.to_string()))
}

/// The settings of a run: the file, and the flags that win over it.
///
/// # Errors
///
/// What is wrong with them.
pub fn config(args: &Run) -> Result<Config, Problem> {
    let mut config: Config = settings::load(args.config.as_deref())
        .map_err(|error| Problem::new("config", error.to_string()))?;
    config.listen_quic = args.listen_quic.unwrap_or(config.listen_quic);
    config.listen_http = args.listen_http.unwrap_or(config.listen_http);
    config.advertise = args.advertise.clone().or(config.advertise);
    config.check().map_err(|error| Problem::new("config", error.to_string()))?;
    Ok(config)
}

fn transport(data: &Path) -> Result<SigningKey, Problem> {
    keyfile::read(&keys::transport(data)).map_err(|error| Problem::new("key", error.to_string()))
}
