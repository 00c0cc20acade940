//! The same scenarios with the shipped programs: a relay, a counter from which the corpus comes,
//! and some offices of its unit.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use hoso_identity::{EntryId, Scope, UnitId};
use hoso_store::{
    StoreError,
    readers::Readers,
    tables::{JournalTables, LedgerTables, Placed},
};
use hoso_tests::{
    bench::{figures::Metrics, storm},
    e2e::{
        desk::{Desk, id_of, procedures, reception},
        http::Client,
        node::Node,
        province::{CO_TO, Province},
        proxy::Weather,
        through::{is_complete, is_sent},
        wait,
    },
    hostile::{cast::Cast, siege},
};
use serde_json::json;

use crate::{
    making::{self, CLASHES, Entries, OFFICES},
    peers::{CASE_DEADLINE, GivenUp, Run, measured},
    scenarios::{BEGUN, CUT, Case, Outcome, Row, SLOW},
};

/// What the table calls us.
pub(crate) const NAME: &str = "hoso";
/// Writers at once.
const WRITERS: usize = 16;
/// A case that took longer is not repeated.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a datagram of a far office is on its way.
const DELAY: Duration = Duration::from_millis(150);

/// Round trips after that of the handshake until a far office has everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trips {
    /// With how many dossiers.
    pub(crate) dossiers: usize,
    /// When nothing is new.
    pub(crate) nothing: f64,
    /// When a hundred have changed.
    pub(crate) hundred: Option<f64>,
}

/// A province in the middle of its scenarios.
pub(crate) struct Field {
    province: Province,
    unit: UnitId,
    entries: Entries,
    /// The dossier that was received in all honesty.
    first: String,
    /// Entries that everybody must hold, of the sets so far.
    expected: BTreeSet<EntryId>,
    dossiers: usize,
    /// How often a case is measured if it does not take long.
    repeats: usize,
    /// How many offices have what the relay had before.
    offices: usize,
}

/// Founds the province, makes the corpus into a directory, and goes through all scenarios, each
/// measured so often if it does not take long; gives the round trips of a reconnection besides.
pub(crate) fn of(
    corpus: &std::path::Path,
    dossiers: usize,
    repeats: usize,
) -> (Vec<Row>, Option<Trips>) {
    let mut field = Field::found(corpus, dossiers, repeats);
    let (mut rows, mut trips) = (Vec::new(), None);
    for case in Case::ALL {
        // The cases before one that fails are kept.
        let measured = catch_unwind(AssertUnwindSafe(|| field.measure(case)))
            .unwrap_or_else(|_| Err(GivenUp("failed".to_owned())));
        let outcome = measured.unwrap_or_else(|GivenUp(why)| Outcome::GivenUp(why));
        rows.push(Row { case, who: NAME, dossiers, outcome });
        if case == Case::Killed {
            trips = field.trips(&rows).ok();
        }
    }
    (rows, trips)
}

/// All offices of the province come back at once, each with some new dossiers of its own.
pub(crate) fn storm() -> Row {
    let storm = storm::reconnect(OFFICES);
    let took = storm.acknowledged.iter().max().copied().unwrap_or_default();
    let (nothing, client_kib) = (Duration::ZERO, 0);
    let run =
        Run { took, bytes: 0, one_way: 0, handshake: 0, application: 0, cpu: nothing, client_kib };
    let (case, outcome) = (Case::Storm, Outcome::Done(vec![run]));
    Row { case, who: NAME, dossiers: OFFICES * storm::DOSSIERS, outcome }
}

impl Field {
    /// The counter is the first node; as many offices as are measured wait for the bad line.
    fn found(corpus: &std::path::Path, dossiers: usize, repeats: usize) -> Self {
        let names = (0..2 * repeats).map(|number| format!("office-{number}"));
        let names: Vec<String> = names.collect();
        let places = names.iter().map(|name| (name.as_str(), CO_TO));
        let places: Vec<_> = [("counter", CO_TO)].into_iter().chain(places).collect();
        let mut province = Province::with(&places);
        province.nodes[1..].iter().for_each(|office| office.link("off"));
        let counter = &mut province.nodes[0];
        siege::add_readers(counter);
        let own = procedures().into_iter().find(|one| one.competent == "unit").expect("one");
        let first = Desk::of(counter).receive(&reception(0, &own, CO_TO), "first");
        let first = id_of(&first).to_owned();
        let data = counter.data.clone();
        await_sent(counter);
        counter.stop();
        let unit = Cast::of(&data).unit;
        let entries = making::make(&data, dossiers, corpus);
        let (expected, offices) = (BTreeSet::new(), 0);
        Self { province, unit, entries, first, expected, dossiers, repeats, offices }
    }

    /// A province in which the first office after the counter has all that the relay has.
    pub(crate) fn of(province: Province, unit: UnitId, dossiers: usize) -> Self {
        let field = Self {
            province,
            unit,
            dossiers,
            entries: Entries::new(),
            first: String::new(),
            expected: BTreeSet::new(),
            repeats: 1,
            offices: 1,
        };
        let own = Readers::of(&field.office(0).data);
        let ledger = Readers::of(&field.province.relay.data);
        wait::until("the office is up", CASE_DEADLINE, || is_complete(&own, &ledger).then_some(()));
        field.office(0).link("off");
        field
    }

    fn measure(&mut self, case: Case) -> Result<Outcome, GivenUp> {
        if self.offices == 0 && case != Case::FirstSync {
            return Err(GivenUp(format!("given up with {}", Case::FirstSync.short())));
        }
        match case {
            Case::FirstSync => {
                self.plant("base");
                let runs = self.repeated(0, None)?;
                self.offices = runs.len();
                Ok(Outcome::Done(runs))
            }
            Case::NothingNew => self.all(),
            Case::Changed(changed) => {
                self.plant(&format!("d{changed}"));
                self.all()
            }
            Case::BothChanged => self.clash(),
            Case::Restored => self.restored(),
            Case::Cut => {
                let weather = Weather { bytes_per_second: SLOW, ..Weather::default() };
                Ok(Outcome::Done(self.repeated(self.repeats, Some(weather))?))
            }
            Case::Killed => self.killed(),
            Case::Scan => self.scan(),
            Case::Storm => Err(GivenUp("measured by itself".to_owned())),
        }
    }

    /// The counter gets a set into its journal and sends it to the relay.
    fn plant(&mut self, set: &str) {
        let planted = &self.entries[set];
        let counter = &mut self.province.nodes[0];
        siege::write(&counter.data, self.unit, planted);
        counter.start();
        await_sent(counter);
        counter.stop();
        self.expected.extend(planted.iter().map(|one| one.id));
    }

    fn office(&self, number: usize) -> &Node {
        &self.province.nodes[1 + number]
    }

    /// The first sync of one office after the other, from that number on.
    fn repeated(&self, from: usize, weather: Option<Weather>) -> Result<Vec<Run>, GivenUp> {
        let mut runs: Vec<Run> = Vec::new();
        while runs.len() < self.repeats && runs.last().is_none_or(|run| run.took < PATIENCE) {
            runs.push(self.sync(from + runs.len(), weather)?);
        }
        Ok(runs)
    }

    fn all(&mut self) -> Result<Outcome, GivenUp> {
        let runs = (0..self.offices).map(|office| self.sync(office, None));
        Ok(Outcome::Done(runs.collect::<Result<_, _>>()?))
    }

    /// An office that was last there before a hundred changes is far away now, and comes twice.
    fn trips(&mut self, rows: &[Row]) -> Result<Trips, GivenUp> {
        // A relay that was just killed has nothing at hand yet, and an office that was hung up on
        // while it was healing goes on with that.
        self.all()?;
        self.sync(self.repeats, None)?;
        self.remark(0, "late");
        self.sync(0, None)?;
        let near = |case| {
            let outcome = rows.iter().find(|row| row.case == case).map(|row| &row.outcome);
            outcome.map_or(Duration::ZERO, near)
        };
        let hundred = Some(self.trips_of(self.repeats, near(Case::Changed(100)))?);
        let nothing = self.trips_of(self.repeats, near(Case::NothingNew))?;
        Ok(Trips { dossiers: self.dossiers, nothing, hundred })
    }

    /// Round trips after that of the handshake until an office that is far away has everything:
    /// what it takes longer than one that is near.
    pub(crate) fn trips_of(&self, office: usize, near: Duration) -> Result<f64, GivenUp> {
        let far = Weather { delay: DELAY, ..Weather::default() };
        let run = self.sync(office, Some(far))?;
        let longer = run.took.saturating_sub(near).as_secs_f64();
        Ok(longer / (2.0 * DELAY.as_secs_f64()) - 1.0)
    }

    /// Connects an office until it and the relay have everything, and hangs up.
    pub(crate) fn sync(&self, office: usize, weather: Option<Weather>) -> Result<Run, GivenUp> {
        self.sync_until(office, weather, is_complete)
    }

    fn sync_until(
        &self,
        office: usize,
        weather: Option<Weather>,
        complete: impl Fn(&Readers, &Readers) -> bool,
    ) -> Result<Run, GivenUp> {
        let relay = self.relay_pid();
        let (node, line) = (self.office(office), &self.province.relay.line);
        let session = Desk::of(node).session;
        let carried = || {
            let (up, down) = line.carried(node.pid());
            (up.bytes, down.bytes)
        };
        let (own, ledger) = (Readers::of(&node.data), Readers::of(&self.province.relay.data));
        let handshake = || {
            let (up, down) = line.carried(node.pid());
            up.handshake + down.handshake
        };
        let (before, greeted) = (wire_bytes(&session), handshake());
        line.set(node.pid(), weather.unwrap_or_default());
        let mut run = measured((node.pid(), relay), carried, || {
            let begun = Instant::now();
            node.link("on");
            within(CASE_DEADLINE, || {
                if let Some(weather) = weather {
                    line.set(node.pid(), weather_at(begun.elapsed(), weather));
                }
                complete(&own, &ledger) && node.sync(&session)["link"] == "up"
            })
        })?;
        line.set(node.pid(), Weather::default());
        node.link("off");
        run.application = bytes(wire_bytes(&session) - before);
        run.handshake = handshake() - greeted;
        assert!(self.agree(&own, &ledger), "office and relay differ");
        Ok(run)
    }

    fn relay_pid(&self) -> u32 {
        self.province.relay.pid()
    }

    /// Whether office and relay hold exactly the same entries, and all that were expected.
    fn agree(&self, own: &Readers, ledger: &Readers) -> bool {
        let scope = Scope::Unit(self.unit);
        let mut held = BTreeSet::new();
        let mut visit = |_, placed: &[Placed]| held.extend(placed.iter().map(|(entry, _)| *entry));
        let read: Result<(), StoreError> =
            own.read(|tx| JournalTables::listing(tx, scope, &mut visit));
        read.expect("the office's listing");
        let mut known = BTreeSet::new();
        let mut visit = |_, placed: &[Placed]| known.extend(placed.iter().map(|(entry, _)| *entry));
        let read: Result<(), StoreError> =
            ledger.read(|tx| LedgerTables::listing(tx, scope, &mut visit));
        read.expect("the relay's listing");
        held == known && self.expected.is_subset(&held)
    }

    fn clash(&mut self) -> Result<Outcome, GivenUp> {
        let mut runs = Vec::new();
        for clash in 1..=CLASHES.min(self.offices) {
            let office = clash - 1;
            self.sync(office, None)?;
            self.plant(&format!("s{clash}"));
            self.remark(office, &format!("c{clash}"));
            runs.push(self.sync(office, None)?);
        }
        Ok(Outcome::Done(runs))
    }

    /// The clerk of an office notes something in a hundred dossiers: those of that set.
    fn remark(&self, office: usize, set: &str) {
        let session = Desk::of(self.office(office)).session;
        let ids: Vec<String> =
            self.entries[set].iter().map(|one| one.document.to_string()).collect();
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(|| {
                    while let Some(id) = ids.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let path = format!("/api/v1/dossiers/{id}");
                        let base = session.get(&path).done()["version"].clone();
                        let text = "Đã gọi điện cho người nộp";
                        let fields = json!({ "kind": "noted", "base": base, "text": text });
                        let (path, key) = (format!("{path}/events"), format!("{set}-{id}"));
                        let answer = session.try_post_once(&path, &fields, &key);
                        assert_eq!(answer.expect("an answer").status, 201);
                    }
                });
            }
        });
    }

    fn restored(&mut self) -> Result<Outcome, GivenUp> {
        let backup = self.province.directory().join("relay.backup");
        self.province.relay.back_up(&backup);
        self.plant("late");
        self.all()?;
        let mut runs = Vec::new();
        for office in 0..self.offices {
            self.province.relay.kill();
            self.province.relay.restore(&backup);
            self.province.relay.start();
            // Cursors beyond what the backup holds say nothing: what is held is compared.
            let all = |own: &Readers, ledger: &Readers| {
                is_complete(own, ledger) && self.agree(own, ledger)
            };
            runs.push(self.sync_until(office, None, all)?);
        }
        Ok(Outcome::Done(runs))
    }

    /// The relay has a scan; once it is on its way to an office, another one edits the dossier.
    fn scan(&mut self) -> Result<Outcome, GivenUp> {
        let counter = &mut self.province.nodes[0];
        counter.start();
        let session = Desk::of(counter).session;
        // It has applied nothing yet of what was planted in its journal.
        let (own, ledger) = (Readers::of(&counter.data), Readers::of(&self.province.relay.data));
        wait::until("all is applied", CASE_DEADLINE, || is_complete(&own, &ledger).then_some(()));
        let path = format!("/api/v1/dossiers/{}", self.first);
        let answer = session.upload(&format!("{path}/attachments"), "Tờ khai.pdf", &making::scan());
        assert_eq!(answer.status, 201, "{}", answer.body);
        await_sent(counter);
        wait::until("the relay has the scan", CASE_DEADLINE, || {
            (session.get("/api/v1/sync").done()["pending_blobs"] == 0).then_some(())
        });
        let mut runs: Vec<(Duration, Run)> = Vec::new();
        while runs.len() < self.offices && runs.last().is_none_or(|(_, run)| run.took < PATIENCE) {
            runs.push(self.scan_to(runs.len(), &session, &path)?);
        }
        self.province.nodes[0].stop();
        Ok(Outcome::Edited(runs))
    }

    /// The scan comes to this office, and by that session the dossier is edited meanwhile.
    fn scan_to(
        &self,
        office: usize,
        session: &Client,
        path: &str,
    ) -> Result<(Duration, Run), GivenUp> {
        let node = self.office(office);
        let own = Desk::of(node).session;
        let (pid, line) = (node.pid(), &self.province.relay.line);
        let carried = || {
            let (up, down) = line.carried(pid);
            (up.bytes, down.bytes)
        };
        line.set(pid, Weather { bytes_per_second: SLOW, ..Weather::default() });
        let mut edited = Duration::ZERO;
        let ((_, begun), before) = (carried(), wire_bytes(&own));
        let mut run = measured((pid, self.relay_pid()), carried, || {
            node.link("on");
            within(CASE_DEADLINE, || carried().1 - begun > BEGUN)?;
            let base = session.get(path).done()["version"].clone();
            let text = "Đã gọi điện cho người nộp";
            let fields = json!({ "kind": "noted", "base": base, "text": text });
            let (events, key) = (format!("{path}/events"), format!("meanwhile-{office}"));
            let made = Instant::now();
            let answer = session.try_post_once(&events, &fields, &key);
            assert_eq!(answer.expect("an answer").status, 201);
            let version = session.get(path).done()["version"].clone();
            within(CASE_DEADLINE, || own.get(path).body["version"] == version)?;
            edited = made.elapsed();
            within(CASE_DEADLINE, || {
                let scans = own.get(path).body["attachments"].clone();
                scans.as_array().is_some_and(|all| all.iter().all(|scan| scan["percent"] == 100))
            })
        })?;
        run.application = bytes(wire_bytes(&own) - before);
        line.set(pid, Weather::default());
        node.link("off");
        Ok((edited, run))
    }

    /// How many of an office's acknowledged changes are gone after both were killed.
    fn killed(&mut self) -> Result<Outcome, GivenUp> {
        self.sync(0, None)?;
        let own = Readers::of(&self.office(0).data);
        let head = |own: &Readers| {
            let facts: Result<_, StoreError> = own.read(|tx| tx.facts());
            facts.expect("facts").journal_head
        };
        let before = head(&own);
        self.remark(0, "last");
        let saved = usize::try_from(head(&own) - before).expect("a few");
        self.sync(0, None)?;
        self.province.relay.kill();
        self.province.nodes[1].kill();
        self.province.relay.start();
        self.province.nodes[1].start();
        let entries: Result<_, StoreError> = own.read(|tx| tx.journal_after(before, usize::MAX));
        let entries = entries.expect("the journal");
        let ledger = Readers::of(&self.province.relay.data);
        let known = entries.iter().filter(|entry| {
            let found: Result<_, StoreError> = ledger.read(|tx| LedgerTables::entry(tx, &entry.id));
            found.expect("the ledger").is_some()
        });
        Ok(Outcome::Lost(saved - known.count()))
    }
}

/// How long a case took in the middle; no time where it was not measured.
pub(crate) fn near(outcome: &Outcome) -> Duration {
    let Outcome::Done(runs) = outcome else { return Duration::ZERO };
    let mut took: Vec<Duration> = runs.iter().map(|run| run.took).collect();
    took.sort_unstable();
    took.get(took.len() / 2).copied().unwrap_or_default()
}

fn wire_bytes(session: &Client) -> f64 {
    Metrics::of(session).sum("hoso_wire_bytes_total")
}

/// A count that was read from a page of figures.
fn bytes(figure: f64) -> u64 {
    format!("{figure:.0}").parse().unwrap_or_default()
}

/// The slow line works for a while and is then dead, in turns.
fn weather_at(elapsed: Duration, slow: Weather) -> Weather {
    let (works, dead) = CUT;
    let turn = elapsed.as_millis() % (works + dead).as_millis();
    if turn < works.as_millis() { slow } else { Weather::CUT }
}

/// Looks until it is so, or gives the case up.
fn within(deadline: Duration, mut so: impl FnMut() -> bool) -> Result<(), GivenUp> {
    let begun = Instant::now();
    let in_time = wait::until("the case ends", deadline * 2, || {
        let late = begun.elapsed() > deadline;
        (late || so()).then_some(!late)
    });
    in_time.then_some(()).ok_or_else(|| GivenUp(format!("stopped after {} s", deadline.as_secs())))
}

/// Waits until the relay has acknowledged what a node has.
fn await_sent(node: &Node) {
    let own = Readers::of(&node.data);
    wait::until("the relay has everything", CASE_DEADLINE, || is_sent(&own).then_some(()));
}
