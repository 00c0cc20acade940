//! The running node: memory, link, projection, pages, commands; started and stopped in one place.

use std::{
    collections::BTreeMap,
    io,
    net::TcpListener as Address,
    path::Path,
    sync::{Arc, Mutex},
};

use hoso_dossier::code::{Code, Serial};
use hoso_engine::{
    command::Problem,
    control::{self, Control},
    disk::Reserve,
    endpoint::Endpoint,
    frames::WireBytes,
    lan::{self, Lan, LanStatus},
    link::{Link, LinkStatus, Signals},
    memory::Memory,
    metrics::Histogram,
    scans::Depot,
    secret, settings,
    tasks::{Tasks, closed_in_time, never_ran, stopped, told_to_stop},
    web::{self, Hosts},
};
use hoso_identity::{Realm, UnitId};
use hoso_registry::State;
use hoso_store::{
    StoreError,
    blobs::Blobs,
    database::{Database, Schema},
    link, records,
    serial::Serials,
    sessions,
    writer::{Tx, WriterThread},
};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
};

use crate::{
    cli::Run,
    config::Config,
    facts::Facts,
    keys,
    office::{Backups, Office, storage},
    people::People,
    practise, projection,
    web::{Site, router},
};

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
    secret::check_data_directory(data)
        .map_err(|error| Problem::new("data", format!("{}: {error}", data.display())))?;
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
    let past = memory.read(link::past).await.map_err(|error| storage(&error))?;
    let office = Office {
        data: data.to_owned(),
        memory,
        blobs: Blobs::of(data),
        facts,
        transport,
        people: People::default(),
        serials: serials.into(),
        backups: Backups::default(),
        begins_again: watch::Sender::new(false),
        applied: watch::Sender::new(0),
        arrived: Arc::new(Notify::new()),
        asked: Mutex::default(),
        link: watch::Sender::new(LinkStatus::since(&past)),
        lan: watch::Sender::new(LanStatus::default()),
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
/// What could not be started, with what to do; why it ended by itself.
pub async fn run(data: &Path, config: &Config) -> Result<(), Problem> {
    let mut address = None;
    loop {
        let (office, thread) = open(data).await?;
        let again = office.begins_again.subscribe();
        let doors = match Doors::open(data, config, &mut address) {
            Ok(doors) => doors,
            Err(problem) => {
                drop(office);
                return Err(never_ran(thread, problem).await);
            }
        };
        let served = serve(office, config, doors).await;
        let closed = closed_in_time(thread).await.map_err(|error| storage(&error));
        served.and(closed)?;
        if !*again.borrow() {
            return Ok(());
        }
        // Signals are heard here too: what is cut short is founded at the next start.
        tokio::select! {
            founded = practise::prepare(data, true) => founded?,
            told = told_to_stop(|| false) => return told,
        }
    }
}

/// Takes the address of the pages. It stays taken while a training realm begins again, so that
/// whoever asks meanwhile waits and is not turned away.
fn listen(config: &Config, address: &mut Option<Address>) -> Result<TcpListener, Problem> {
    let at = |error: io::Error| Problem::new("http", format!("{}: {error}", config.listen_http));
    let taken = match address.take() {
        Some(taken) => taken,
        None => Address::bind(config.listen_http).map_err(at)?,
    };
    taken.set_nonblocking(true).map_err(at)?;
    *address = Some(taken.try_clone().map_err(at)?);
    TcpListener::from_std(taken).map_err(at)
}

/// How a running node reaches the relay and is reached itself.
struct Doors {
    endpoint: Endpoint,
    listener: TcpListener,
    socket: Control,
}

impl Doors {
    fn open(data: &Path, config: &Config, address: &mut Option<Address>) -> Result<Self, Problem> {
        let endpoint = Endpoint::dialler(&keys::read_transport(data)?, config.congestion)
            .map_err(|error| Problem::new("quic", error.to_string()))?
            .with_idling(config.link.idling());
        let listener = listen(config, address)?;
        let socket =
            control::listen(data).map_err(|error| Problem::new("control", error.to_string()))?;
        Ok(Self { endpoint, listener, socket })
    }
}

async fn serve(office: Arc<Office>, config: &Config, doors: Doors) -> Result<(), Problem> {
    let Doors { endpoint, listener, socket } = doors;
    let locked = office.memory.write(false, |tx, _| sessions::lock_all(tx)).await;
    locked.map_err(|error: StoreError| storage(&error))?;
    if let Err(error) = office.sweep_scans().await {
        tracing::warn!(%error, "the files of scans could not be looked through");
    }
    let mut tasks = Tasks::default();
    copy_to_others(&office, config, &mut tasks)?;
    let page = listener.local_addr().map_err(|error| Problem::new("http", error.to_string()))?;
    tracing::info!(pages = %page, "the node runs");
    let signals = Signals {
        applied: office.applied.subscribe(),
        stop: tasks.stopping(),
        arrived: Arc::clone(&office.arrived),
        status: office.link.clone(),
    };
    let (memory, wire) = (office.memory.clone(), office.wire.clone());
    let link = Link::new(endpoint, office.target(), memory, signals, wire);
    let scans = Depot::new(office.memory.clone(), office.blobs.clone());
    let link = link.with_scans(scans.within(config.scan_bytes_max));
    tasks.spawn("link", async move {
        link.run().await;
        Ok(())
    });
    let applying = projection::run(Arc::clone(&office), tasks.stopping());
    tasks.spawn("projection", async move {
        applying.await;
        Ok(())
    });
    if let Some(directory) = &config.backups {
        office.backups.go_to(directory);
    }
    let backing_up = Arc::clone(&office).make_backups(tasks.stopping());
    tasks.spawn("backups", async move {
        backing_up.await;
        Ok(())
    });
    // Before anybody is answered: who asks early finds it.
    let reserve = Reserve::take(&office.data);
    let site = Arc::new(Site::new(Arc::clone(&office)));
    let pages = router(site, Hosts::new(page.port(), &config.hosts));
    tasks.spawn("pages", web::serve(listener, pages, tasks.stopping()));
    tasks.spawn("commands", serve_commands(Arc::clone(&office), socket, tasks.stopping()));
    let mut again = office.begins_again.subscribe();
    let told = async {
        let told = tokio::select! {
            told = told_to_stop(|| office.memory.is_dead()) => told,
            () = stopped(&mut again) => Ok(()),
        };
        reserve.give();
        told
    };
    tasks.run(told).await?;
    if office.memory.is_dead() { Err(storage(&StoreError::Dead)) } else { Ok(()) }
}

/// Meets the other machines of the unit, if there are places for that.
fn copy_to_others(office: &Office, config: &Config, tasks: &mut Tasks) -> Result<(), Problem> {
    let Some(places) = config.lan.places() else { return Ok(()) };
    office.lan.send_modify(|status| status.is_wanted = true);
    let signals = lan::Signals {
        stop: tasks.stopping(),
        arrived: Arc::clone(&office.arrived),
        status: office.lan.clone(),
    };
    let key = keys::read_transport(&office.data)?;
    let lan = Lan::new(places, (key, config.congestion), office.memory.clone(), signals);
    tasks.spawn("lan", async move {
        lan.run().await;
        Ok(())
    });
    Ok(())
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
    config.listen_http = args.listen_http.unwrap_or(config.listen_http);
    config.check().map_err(|error| Problem::new("config", error.to_string()))?;
    Ok(config)
}
