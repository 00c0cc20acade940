//! The running relay: memory, links, pages, commands; started and stopped in one place.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use hoso_engine::{
    acceptor::{Acceptor, Storage},
    command::Problem,
    control,
    endpoint::Endpoint,
    frames::WireBytes,
    keyfile,
    memory::Memory,
    metrics::Histogram,
    settings,
    shell::{closed, stopped, wait_for_stop},
    tuning::Congestion,
};
use hoso_identity::{Realm, SigningKey};
use hoso_store::{
    StoreError,
    database::{Database, Schema},
    writer::WriterThread,
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::{
    cli::Run,
    config::Config,
    keys,
    ledger::Ledger,
    office::{Office, Signing, storage},
    web::{Hosts, Site, router},
};

/// How long a page may still be sent after the signal to stop.
const LAST_PAGES: Duration = Duration::from_secs(2);

/// The relay of a data directory, without links and pages: what a command needs.
///
/// # Errors
///
/// That nothing was founded here, or what keys and database say.
pub async fn open(
    data: &Path,
    addresses: Vec<String>,
) -> Result<(Arc<Office>, WriterThread), Problem> {
    if !Database::exists(data) {
        let text = format!("{} holds no province: run `hoso-relay init` first", data.display());
        return Err(Problem::new("not-founded", text));
    }
    let key = transport(data)?;
    let auto = keys::read_auto(data).map_err(|error| Problem::new("key", error.to_string()))?;
    let commits = Histogram::default();
    let timed = commits.clone();
    let committed = move |took| timed.observe(took);
    let (memory, thread) = Memory::open(data, Schema::Relay, |_| Ok(Realm::ZERO), committed)
        .map_err(|error| storage(&error))?;
    let office = Office {
        data: data.to_owned(),
        ledger: Arc::new(memory),
        transport: key.public(),
        addresses,
        auto: auto.map(Signing),
        grew: watch::Sender::new(0),
        sessions: crate::web::Sessions::default(),
        wire: WireBytes::default(),
        commits,
    };
    Ok((Arc::new(office), thread))
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
    let endpoint = Endpoint::listen(config.listen_quic, &transport(&args.data)?, congestion)
        .map_err(|error| Problem::new("quic", error.to_string()))?;
    let bound =
        endpoint.local_address().map_err(|error| Problem::new("quic", error.to_string()))?;
    let addresses = vec![config.advertise.clone().unwrap_or_else(|| bound.to_string())];
    let (office, thread) = open(&args.data, addresses).await?;
    office.ledger.disconnect_all().await.map_err(|error| storage(&error))?;
    let listener = TcpListener::bind(config.listen_http)
        .await
        .map_err(|error| Problem::new("http", format!("{}: {error}", config.listen_http)))?;
    let page = listener.local_addr().map_err(|error| Problem::new("http", error.to_string()))?;
    tracing::info!(quic = %bound, pages = %page, "the relay runs");
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let (wire, grew) = (office.wire.clone(), office.grew.clone());
    let sessions: Arc<dyn Storage> = Arc::<dyn Ledger>::clone(&office.ledger);
    let acceptor = Acceptor::new(sessions, Arc::clone(&office), wire, grew);
    tasks.spawn(acceptor.run(endpoint, stopping.clone()));
    let site = Arc::new(Site::new(Arc::clone(&office)));
    let pages = router(site, Hosts::new(page.port(), &config.hosts));
    tasks.spawn(serve_pages(listener, pages, stopping.clone()));
    tasks.spawn(serve_commands(args.data.clone(), Arc::clone(&office), stopping));
    wait_for_stop(|| office.ledger.is_dead()).await?;
    stop.send_replace(true);
    while tasks.join_next().await.is_some() {}
    let dead = office.ledger.is_dead();
    drop(office);
    closed(thread).await.map_err(|error| storage(&error))?;
    if dead { Err(storage(&StoreError::Dead)) } else { Ok(()) }
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
        tracing::error!(%error, "commands cannot reach this relay");
    }
}

fn config(args: &Run) -> Result<Config, Problem> {
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
