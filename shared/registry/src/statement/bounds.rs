//! The bounds of every field of every statement.

use time::Weekday;

use super::{
    Agency, Approval, CalendarYear, Erasure, Grant, Notice, Procedure, Province, Relay, Roots,
    Statement, StatementError, Succeeds, Term, Unit,
};
use crate::{day::Day, kinds::Role};

/// Characters of the longest name, code, label or remark.
pub const TEXT_CHARS_MAX: usize = 200;
/// Characters of the longest notice.
pub const NOTICE_CHARS_MAX: usize = 4_000;
/// Items of the longest list.
pub const LIST_ITEMS_MAX: usize = 128;
/// Keys of the longest list of roots.
const ROOTS_MAX: usize = 4;
/// Addresses of a relay, stations of a node, accounts of a unit.
const FEW_MAX: usize = 8;
/// The highest station: three digits of a dossier's code.
const STATION_MAX: u16 = 999;
/// The longest term in days: ten years.
const TERM_DAYS_MAX: u16 = 3_650;
/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

impl Statement {
    /// Checks every bound that the types do not hold.
    ///
    /// # Errors
    ///
    /// [`StatementError::Bounds`] with the first field that is out of its bounds.
    pub fn check(&self) -> Result<(), StatementError> {
        match self {
            Self::Province(data) => province(data),
            Self::Roots(data) => roots(data),
            Self::Relay(data) => relay(data),
            Self::Unit(data) => unit(data),
            Self::Agency(data) => agency(data),
            Self::Approval(data) => approval(data),
            Self::Grant(data) => grant(data),
            Self::Procedure(data) => procedure(data),
            Self::Calendar(data) => calendar(data),
            Self::Notice(data) => notice(data),
            Self::Erasure(data) => erasure(data),
            Self::Succeeds(data) => succeeds(data),
            Self::End(_) | Self::Release(_) => Ok(()),
        }
    }
}

fn province(data: &Province) -> Result<(), StatementError> {
    text("name", &data.name)?;
    let [first, second] = &data.roots;
    hold(first != second, "roots", "must be two different keys")
}

fn roots(data: &Roots) -> Result<(), StatementError> {
    hold(!data.keys.is_empty(), "keys", "must name at least one key")?;
    list("keys", data.keys.len(), ROOTS_MAX)?;
    ascending("keys", &data.keys)
}

fn relay(data: &Relay) -> Result<(), StatementError> {
    list("addresses", data.addresses.len(), FEW_MAX)?;
    data.addresses.iter().try_for_each(|address| text("addresses", address))
}

fn unit(data: &Unit) -> Result<(), StatementError> {
    hold(data.id.0 > 0, "id", "must not be 0")?;
    text("code", &data.code)?;
    text("name", &data.name)?;
    text("org_code", &data.org_code)?;
    text("desk_name", &data.desk_name)?;
    text("authority_name", &data.authority_name)?;
    optional_text("desk_superior", data.desk_superior.as_ref())?;
    optional_text("former_district", data.former_district.as_ref())?;
    list("former_units", data.former_units.len(), LIST_ITEMS_MAX)?;
    for former in &data.former_units {
        text("former_units", &former.name)?;
        text("former_units", &former.district)?;
    }
    list("accounts", data.accounts.len(), FEW_MAX)?;
    for account in &data.accounts {
        text("accounts", &account.bank_bin)?;
        text("accounts", &account.number)?;
        text("accounts", &account.holder)?;
    }
    minute("closing_minute", data.closing_minute)?;
    span(data.valid_from, data.valid_until)
}

fn agency(data: &Agency) -> Result<(), StatementError> {
    hold(data.id.0 > 0, "id", "must not be 0")?;
    text("code", &data.code)?;
    text("name", &data.name)?;
    minute("closing_minute", data.closing_minute)?;
    span(data.valid_from, data.valid_until)
}

fn approval(data: &Approval) -> Result<(), StatementError> {
    text("label", &data.label)?;
    text("administrator", &data.administrator.name)?;
    list("stations", data.stations.len(), FEW_MAX)?;
    ascending("stations", &data.stations)?;
    let in_range = data.stations.iter().all(|station| (1..=STATION_MAX).contains(station));
    hold(in_range, "stations", "must lie between 1 and 999")?;
    let keys = [data.transport, data.signing, data.administrator.key];
    let [transport, signing, administrator] = keys;
    let differ = transport != signing && signing != administrator && administrator != transport;
    hold(differ, "keys", "must be three different keys")
}

fn grant(data: &Grant) -> Result<(), StatementError> {
    text("name", &data.name)?;
    hold(!data.roles.is_empty(), "roles", "must name at least one role")?;
    ascending("roles", &data.roles)?;
    span(data.from, data.until)?;
    let local = data.unit.is_some() && data.node.is_some();
    let provincial = data.unit.is_none() && data.node.is_none();
    hold(local || provincial, "node", "must be named together with its unit")?;
    let fits = data.roles.iter().all(|role| match role {
        Role::Operator | Role::Auditor | Role::Registrar => provincial,
        Role::Reception
        | Role::Processing
        | Role::Approval
        | Role::Clerk
        | Role::Cashier
        | Role::Return
        | Role::Viewer
        | Role::Administrator
        | Role::Gateway => local,
        Role::Root => false,
    });
    hold(fits, "roles", "do not fit the place where they are to hold")
}

fn procedure(data: &Procedure) -> Result<(), StatementError> {
    text("code", &data.code)?;
    text("name", &data.name)?;
    text("field", &data.field)?;
    let days = match data.term {
        Term::WorkingDays(days) | Term::CalendarDays(days) => days,
        Term::SameDay | Term::ByAnnouncement => 1,
    };
    hold((1..=TERM_DAYS_MAX).contains(&days), "term", "must last 1 to 3650 days")?;
    let extra = data.verification_extra_working_days.unwrap_or(1);
    let extra_fits = (1..=TERM_DAYS_MAX).contains(&extra);
    hold(extra_fits, "verification_extra_working_days", "must be 1 to 3650 days")?;
    hold(data.extensions_max <= 100, "extensions_max", "must be at most 100")?;
    minute("cutoff_minute", data.cutoff_minute)?;
    span(Some(data.valid_from), data.valid_until)?;
    list("papers", data.papers.len(), LIST_ITEMS_MAX)?;
    data.papers.iter().try_for_each(|paper| text("papers", paper))?;
    optional_text("fee_rule", data.fee_rule.as_ref())?;
    optional_text("replaces", data.replaces.as_ref())?;
    optional_text("note", data.note.as_ref())?;
    optional_text("term_as_found", data.term_as_found.as_ref())?;
    optional_text("fee_as_found", data.fee_as_found.as_ref())
}

fn calendar(data: &CalendarYear) -> Result<(), StatementError> {
    hold((1..=9_999).contains(&data.year), "year", "must lie between 1 and 9999")?;
    days("off_days", data.year, &data.off_days)?;
    days("working_saturdays", data.year, &data.working_saturdays)?;
    let weekdays = data
        .off_days
        .iter()
        .all(|day| !matches!(day.0.weekday(), Weekday::Saturday | Weekday::Sunday));
    hold(weekdays, "off_days", "must be Mondays to Fridays")?;
    let saturdays = data.working_saturdays.iter().all(|day| day.0.weekday() == Weekday::Saturday);
    hold(saturdays, "working_saturdays", "must be Saturdays")
}

fn notice(data: &Notice) -> Result<(), StatementError> {
    text("title", &data.title)?;
    hold(data.text.chars().count() <= NOTICE_CHARS_MAX, "text", "is too long")?;
    let plain = data.text.chars().all(|letter| letter == '\n' || !letter.is_control());
    hold(plain, "text", "must not hold control characters")?;
    list("units", data.units.len(), LIST_ITEMS_MAX)?;
    ascending("units", &data.units)?;
    span(data.from, data.until)
}

fn erasure(data: &Erasure) -> Result<(), StatementError> {
    hold(!data.document.is_zero(), "document", "must be a dossier")?;
    text("ground", &data.ground)
}

fn succeeds(data: &Succeeds) -> Result<(), StatementError> {
    hold(data.from != data.to, "to", "must be another unit")
}

/// Refuses with this problem unless the condition holds.
fn hold(condition: bool, field: &'static str, problem: &'static str) -> Result<(), StatementError> {
    if condition { Ok(()) } else { Err(StatementError::Bounds { field, problem }) }
}

/// One line of text: not empty, bounded, without control characters.
fn text(field: &'static str, value: &str) -> Result<(), StatementError> {
    hold(!value.trim().is_empty(), field, "must not be empty")?;
    hold(value.chars().count() <= TEXT_CHARS_MAX, field, "is too long")?;
    hold(!value.chars().any(char::is_control), field, "must not hold control characters")
}

fn optional_text(field: &'static str, value: Option<&String>) -> Result<(), StatementError> {
    value.map_or(Ok(()), |value| text(field, value))
}

fn list(field: &'static str, items: usize, items_max: usize) -> Result<(), StatementError> {
    hold(items <= items_max, field, "has too many items")
}

fn ascending<T: Ord>(field: &'static str, items: &[T]) -> Result<(), StatementError> {
    hold(items.is_sorted_by(|one, next| one < next), field, "must be strictly ascending")
}

fn minute(field: &'static str, value: u16) -> Result<(), StatementError> {
    hold(value < DAY_MINUTES, field, "must be a minute of a day")
}

fn span(from: Option<Day>, until: Option<Day>) -> Result<(), StatementError> {
    let ordered = from.zip(until).is_none_or(|(from, until)| from <= until);
    hold(ordered, "validity", "must not end before it begins")
}

fn days(field: &'static str, year: u16, days: &[Day]) -> Result<(), StatementError> {
    list(field, days.len(), LIST_ITEMS_MAX)?;
    ascending(field, days)?;
    let inside = days.iter().all(|day| day.0.year() == i32::from(year));
    hold(inside, field, "must lie in the year")
}
