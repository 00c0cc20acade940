//! How a dossier stands after some of its events: what the rules ask and what screens show.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use hoso_identity::{PayloadHash, PersonId, Position, UnitId};
use hoso_registry::{Calendar, Day, Role, State, state::GrantFacts, statement::RealmKind};

use crate::{
    axes::{Delivery, Financial, Status},
    code::Code,
    deadline::{self, Due, Extension, Pause, PauseKind, Rule},
    event::{Application, Fee, Frozen, Method, Office, Paper},
    value::ChangeHash,
};

/// Who speaks, as the grant that the entry names has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The person; `None` for a connector.
    pub person: Option<PersonId>,
    /// The unit in which the roles hold.
    pub unit: UnitId,
    /// The units that it took the place of.
    pub predecessors: BTreeSet<UnitId>,
    /// The roles.
    pub roles: Vec<Role>,
    /// The first day of the grant, if it does not hold at once.
    pub from: Option<Day>,
    /// Its last day, if any.
    pub until: Option<Day>,
    /// What the realm is for.
    pub realm: RealmKind,
    /// The organisation codes that the unit, or one that it took the place of, has or had.
    pub org_codes: BTreeSet<String>,
}

impl Author {
    /// The author of an entry at this position, or of one that has none yet: later statements
    /// change nothing for it. `None` for grants at the province, which act in no dossier.
    #[must_use]
    pub fn of(grant: &GrantFacts, state: &State, position: Option<Position>) -> Option<Self> {
        let unit = grant.unit?;
        let predecessors = state.predecessors_at(unit, position);
        let units = std::iter::once(&unit).chain(&predecessors);
        let org_codes = units.flat_map(|unit| state.org_codes_at(*unit, position));
        Some(Self {
            person: grant.person,
            unit,
            org_codes: org_codes.map(str::to_owned).collect(),
            predecessors,
            roles: grant.roles.clone(),
            from: grant.from,
            until: grant.until,
            realm: state.realm_kind()?,
        })
    }

    /// Whether the author holds this role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether the author's unit is this one or took its place.
    #[must_use]
    pub fn acts_for(&self, unit: UnitId) -> bool {
        self.unit == unit || self.predecessors.contains(&unit)
    }

    /// Whether the grant held on the day of this moment, Unix milliseconds.
    pub(crate) fn is_covered(&self, at_ms: i64) -> bool {
        if self.from.is_none() && self.until.is_none() {
            return true;
        }
        deadline::local_date(at_ms).is_some_and(|date| {
            self.from.is_none_or(|from| from.0 <= date)
                && self.until.is_none_or(|until| date <= until.0)
        })
    }

    /// Whether the author's desk can have given this code.
    pub(crate) fn gives(&self, code: &Code) -> bool {
        self.realm == code.realm_kind() && self.org_codes.contains(code.org())
    }
}

/// What the catalogue said at reception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The procedure's national code.
    pub procedure_code: String,
    /// Its name.
    pub procedure_name: String,
    /// How the due time is computed.
    pub rule: Rule,
    /// The working days.
    pub calendar: Calendar,
    /// How often the due time may be moved.
    pub extensions_max: u16,
}

impl Terms {
    /// What the catalogue says to an entry at this position, or to one that has none yet, that
    /// froze this: statements that came later are unknown to it, wherever they are known. `None` if
    /// the procedure is.
    #[must_use]
    pub fn of(frozen: &Frozen, state: &State, position: Option<Position>) -> Option<Self> {
        let procedure = state.procedure_version_at(&frozen.procedure, position)?;
        let years = frozen.calendars.iter();
        let years = years.filter_map(|id| state.calendar_version_at(id, position));
        Some(Self {
            procedure_code: procedure.code.clone(),
            procedure_name: procedure.name.clone(),
            rule: Rule {
                term: procedure.term,
                supplement: procedure.supplement,
                cutoff_minute: procedure.cutoff_minute,
                closing_minute: frozen.closing_minute,
            },
            calendar: Calendar::of(years),
            extensions_max: procedure.extensions_max,
        })
    }
}

/// A line of the control sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The event that began it.
    pub event: ChangeHash,
    /// Who gave.
    pub from: UnitId,
    /// Which person gave.
    pub giver: Option<PersonId>,
    /// To whom.
    pub to: Office,
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// When it was taken over.
    pub taken_at_ms: Option<i64>,
    /// Which person took it, or recorded what an agency had stated on paper.
    pub taker: Option<PersonId>,
    /// That paper.
    pub paper_reference: Option<String>,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The event.
    pub event: ChangeHash,
    /// In favour?
    pub approved: bool,
}

/// A result and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its number.
    pub number: String,
    /// Its date.
    pub date: Day,
    /// When it was ready, Unix milliseconds.
    pub at_ms: i64,
    /// The unit that has it, or sent it.
    pub unit: UnitId,
    /// The unit to which it is on its way; `None` while it rests, and by post.
    pub towards: Option<UnitId>,
    /// Its way.
    pub delivery: Delivery,
}

/// A fee line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeLine {
    /// The event that brought it, with a number after a dot if it brought several.
    pub id: String,
    /// What for, and how much.
    pub fee: Fee,
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The event.
    pub event: ChangeHash,
    /// In đồng.
    pub amount: u64,
    /// How.
    pub method: Method,
    /// Whether the money is there.
    pub confirmed: bool,
    /// Whether it was undone.
    pub reversed: bool,
}

impl Payment {
    /// Whether an event about this payment, or about any that was not undone, means it.
    pub(crate) fn is_meant(&self, wanted: Option<ChangeHash>) -> bool {
        !self.reversed && wanted.is_none_or(|wanted| wanted == self.event)
    }
}

/// A scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The event.
    pub event: ChangeHash,
    /// Its bytes' hash.
    pub blob: PayloadHash,
    /// Its name, as its author gave it.
    pub name: String,
    /// Its media type, as its author said it.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// The paper of the dossier that it shows.
    pub paper: Option<String>,
    /// The unit at which it was attached.
    pub unit: UnitId,
    /// When, Unix milliseconds.
    pub at_ms: i64,
}

/// Events of which only one can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// They, in the order of the fold; the first has effect until somebody chooses.
    pub sides: Vec<ChangeHash>,
    /// The field, if they correct one.
    pub field: Option<String>,
}

/// What may be written once at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Register {
    /// To whom it was handed over.
    HandOver,
    /// A field of the application.
    Field(&'static str),
    /// The code.
    Code,
}

impl Register {
    /// The field, if it is one.
    pub(crate) fn field(self) -> Option<&'static str> {
        match self {
            Self::Field(name) => Some(name),
            Self::HandOver | Self::Code => None,
        }
    }
}

/// How a dossier stands. Empty by default: before its first event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The business status; `None` before the first event.
    pub status: Option<Status>,
    /// Where a supplement was asked for: there it goes back to.
    pub(crate) asked_from: Option<Status>,
    /// Where it was when it was last stopped.
    pub stopped_from: Option<Status>,
    /// What is applied for, with corrections.
    pub application: Option<Arc<Application>>,
    /// The code.
    pub code: Option<Code>,
    /// Codes that it had before.
    pub former_codes: Vec<Code>,
    /// When it was received, Unix milliseconds.
    pub received_ms: Option<i64>,
    /// Which catalogue counts: that of the reception, or calendars that were accepted since.
    pub frozen: Option<Frozen>,
    /// That catalogue, if it is known here.
    pub terms: Option<Arc<Terms>>,
    /// Due times that a decision or another calendar replaced, in order; Unix milliseconds.
    pub former_dues: Vec<i64>,
    /// When the clock stood still.
    pub pauses: Vec<Pause>,
    /// Due times that were given by decision, in order.
    pub extensions: Vec<Extension>,
    /// The office that deals with it.
    pub holder: Option<Office>,
    /// The control sheet.
    pub sheet: Vec<Line>,
    /// The person to whom it was given.
    pub assigned: Option<PersonId>,
    /// How often supplements were asked for after reception.
    pub supplements: u32,
    /// The papers.
    pub papers: Vec<Paper>,
    /// What of the papers that were asked for has not come.
    pub missing: Vec<Paper>,
    /// The decision, if there is one.
    pub decision: Option<Decision>,
    /// The result, if there is one.
    pub result: Option<Outcome>,
    /// When the dossier was closed, Unix milliseconds.
    pub closed_ms: Option<i64>,
    /// The fees.
    pub fees: Vec<Arc<FeeLine>>,
    /// The payments.
    pub payments: Vec<Payment>,
    /// What will have been paid altogether once the last request is met, in đồng: what was paid
    /// or awaited when it was written, and its amount.
    pub requested: u64,
    /// The scans that are not hidden.
    pub scans: Vec<Arc<Scan>>,
    /// When each unit first read it, Unix milliseconds.
    pub opened: BTreeMap<UnitId, i64>,
    /// The units that it concerns.
    pub audience: BTreeSet<UnitId>,
    /// Who wrote what may be written once at a time: the hand-over, each field, the code.
    pub(crate) registers: BTreeMap<Register, ChangeHash>,
    /// The unit of the author of the last event, with or without effect.
    pub(crate) last_unit: Option<UnitId>,
    /// What a person must decide.
    pub conflicts: Vec<Conflict>,
}

impl Standing {
    /// Whether a person must decide something.
    #[must_use]
    pub fn needs_review(&self) -> bool {
        !self.conflicts.is_empty()
    }

    /// The line of the control sheet that nobody has closed.
    #[must_use]
    pub fn open_line(&self) -> Option<&Line> {
        self.sheet.last().filter(|line| line.taken_at_ms.is_none())
    }

    /// The unit that is answerable for reception.
    #[must_use]
    pub fn receiving_unit(&self) -> Option<UnitId> {
        self.application.as_ref().map(|application| application.receiving_unit)
    }

    /// Who decides.
    #[must_use]
    pub fn competent(&self) -> Option<Office> {
        self.application.as_ref().map(|application| application.competent_unit)
    }

    /// When the result is owed.
    #[must_use]
    pub fn due(&self) -> Due {
        let (Some(terms), Some(received)) = (self.terms.as_deref(), self.received_ms) else {
            return Due { at_ms: None, certain: false, steps: Vec::new() };
        };
        let Terms { rule, calendar, .. } = terms;
        deadline::due(rule, calendar, received, &self.pauses, &self.extensions)
    }

    /// When the result was promised at reception, whatever has stopped or extended the time since.
    #[must_use]
    pub fn promised(&self) -> Due {
        let (Some(terms), Some(received)) = (self.terms.as_deref(), self.received_ms) else {
            return Due { at_ms: None, certain: false, steps: Vec::new() };
        };
        deadline::due(&terms.rule, &terms.calendar, received, &[], &[])
    }

    /// When the result is owed, without the days on the way; Unix milliseconds.
    #[must_use]
    pub fn due_ms(&self) -> Option<i64> {
        let Terms { rule, calendar, .. } = self.terms.as_deref()?;
        deadline::due_ms(rule, calendar, self.received_ms?, &self.pauses, &self.extensions)
    }

    /// How many of its đồng are there, await confirmation and were given back.
    #[must_use]
    pub fn money(&self) -> (u64, u64, u64) {
        let sum = |wanted: fn(&&Payment) -> bool| {
            let payments = self.payments.iter().filter(wanted);
            payments.fold(0_u64, |sum, payment| sum.saturating_add(payment.amount))
        };
        (
            sum(|payment| !payment.reversed && payment.confirmed),
            sum(|payment| !payment.reversed && !payment.confirmed),
            sum(|payment| payment.reversed),
        )
    }

    /// What is owed altogether, in đồng.
    #[must_use]
    pub fn owed(&self) -> u64 {
        let fees = self.fees.iter().fold(0_u64, |sum, line| sum.saturating_add(line.fee.amount));
        fees.max(self.requested)
    }

    /// What is neither paid nor on its way, in đồng.
    #[must_use]
    pub fn open_amount(&self) -> u64 {
        let (paid, awaited, _) = self.money();
        self.owed().saturating_sub(paid).saturating_sub(awaited)
    }

    /// The financial status.
    #[must_use]
    pub fn financial(&self) -> Financial {
        let (paid, awaited, reversed) = self.money();
        let owed = self.owed();
        let ended = matches!(self.status, Some(Status::Withdrawn | Status::NotAccepted));
        if reversed > 0 && paid == 0 && awaited == 0 && (owed == 0 || ended) {
            Financial::Refunded
        } else if paid > owed {
            Financial::Over
        } else if owed == 0 {
            if awaited > 0 { Financial::AwaitingConfirmation } else { Financial::None }
        } else if paid == owed {
            Financial::Paid
        } else if awaited > 0 {
            Financial::AwaitingConfirmation
        } else {
            Financial::Due
        }
    }

    /// Where the result is.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.result.as_ref().map_or(Delivery::None, |result| result.delivery)
    }

    pub(crate) fn pause(&mut self, kind: PauseKind, from_ms: i64) {
        self.pauses.push(Pause { kind, from_ms, until_ms: None });
    }

    /// Lets the clock run again, if it stood still for this reason.
    pub(crate) fn go_on(&mut self, kind: PauseKind, until_ms: i64) {
        let open = self.pauses.iter_mut().rev();
        let mut open = open.filter(|pause| pause.kind == kind && pause.until_ms.is_none());
        if let Some(pause) = open.next() {
            pause.until_ms = Some(until_ms.max(pause.from_ms));
        }
    }
}
