//! `procedures.csv`.

use hoso_identity::UnitId;
use serde::Deserialize;

use super::{AGENCY_ID_FIRST, CatalogueError, Row, rows, some};
use crate::{
    day::Day,
    statement::{
        Agency, CLOSING_MINUTE_DEFAULT, CUTOFF_MINUTE_DEFAULT, Certainty, Competent, Procedure,
        Statement, Supplement, Term,
    },
};

const TABLE: &str = "procedures";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cells {
    code: String,
    name_vi: String,
    field_vi: String,
    term_unit: String,
    term_value: String,
    verification_extra_working_days: String,
    fee_vnd: String,
    fee_rule: String,
    papers_vi: String,
    competent: String,
    supplement: String,
    extensions_max: String,
    valid_from: String,
    note: String,
    term_as_found: String,
    fee_as_found: String,
    certainty: String,
}

/// The agencies that the procedures name as `agency:CODE`, with ids from [`AGENCY_ID_FIRST`] in
/// the order of their first mention. The table knows no names: each is its code until somebody
/// gives one.
///
/// # Errors
///
/// [`CatalogueError`] with the first place that cannot be read.
pub fn agencies(text: &str) -> Result<Vec<Agency>, CatalogueError> {
    let mut agencies: Vec<Agency> = Vec::new();
    for row in rows::<Cells>(TABLE, text)? {
        let Some(code) = row.cells.competent.strip_prefix("agency:") else { continue };
        if agencies.iter().any(|agency| agency.code == code) {
            continue;
        }
        let id = u16::try_from(agencies.len()).ok().and_then(|n| AGENCY_ID_FIRST.checked_add(n));
        let agency = Agency {
            id: UnitId(row.need("competent", &row.cells.competent, id)?),
            code: code.to_owned(),
            name: code.to_owned(),
            closing_minute: CLOSING_MINUTE_DEFAULT,
            valid_from: None,
            valid_until: None,
        };
        row.check(&Statement::Agency(agency.clone()))?;
        agencies.push(agency);
    }
    Ok(agencies)
}

/// Reads the procedures; `agency_of` gives the registry id of an agency's code.
///
/// # Errors
///
/// [`CatalogueError`] with the first place that cannot be read, also for an unknown agency and for
/// a code that stands there twice with the same first day.
pub fn procedures(
    text: &str,
    agency_of: impl Fn(&str) -> Option<UnitId>,
) -> Result<Vec<Procedure>, CatalogueError> {
    let mut procedures: Vec<Procedure> = Vec::new();
    for row in rows::<Cells>(TABLE, text)? {
        let procedure = procedure(&row, &agency_of)?;
        let twice = procedures
            .iter()
            .any(|other| other.code == procedure.code && other.valid_from == procedure.valid_from);
        row.need("code", &row.cells.code, (!twice).then_some(()))?;
        row.check(&Statement::Procedure(procedure.clone()))?;
        procedures.push(procedure);
    }
    Ok(procedures)
}

fn procedure(
    row: &Row<Cells>,
    agency_of: &impl Fn(&str) -> Option<UnitId>,
) -> Result<Procedure, CatalogueError> {
    let cells = &row.cells;
    let (name_certainty, terms_certainty) =
        row.need("certainty", &cells.certainty, certainties(&cells.certainty))?;
    let extensions_max = row.number("extensions_max", &cells.extensions_max)?;
    let papers = cells.papers_vi.split('|').map(str::trim).filter(|paper| !paper.is_empty());
    Ok(Procedure {
        code: row.need("code", &cells.code, national_code(&cells.code))?,
        name: cells.name_vi.clone(),
        field: cells.field_vi.clone(),
        term: term(row)?,
        verification_extra_working_days: row
            .number("verification_extra_working_days", &cells.verification_extra_working_days)?,
        fee_vnd: row.number("fee_vnd", &cells.fee_vnd)?,
        fee_rule: some(&cells.fee_rule),
        papers: papers.map(str::to_owned).collect(),
        competent: row.need(
            "competent",
            &cells.competent,
            competent(&cells.competent, agency_of),
        )?,
        supplement: match cells.supplement.as_str() {
            "restart" => Supplement::Restart,
            "resume" => Supplement::Resume,
            other => row.need("supplement", other, None)?,
        },
        extensions_max: row.need("extensions_max", &cells.extensions_max, extensions_max)?,
        valid_from: row.need("valid_from", &cells.valid_from, Day::from_iso(&cells.valid_from))?,
        valid_until: None,
        replaces: None,
        note: some(&cells.note),
        term_as_found: some(&cells.term_as_found),
        fee_as_found: some(&cells.fee_as_found),
        name_certainty,
        terms_certainty,
        cutoff_minute: CUTOFF_MINUTE_DEFAULT,
    })
}

/// `1.001193`: a digit, a point, six digits.
fn national_code(cell: &str) -> Option<String> {
    let (series, number) = cell.split_once('.')?;
    let digits =
        |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    (digits(series, 1) && digits(number, 6)).then(|| cell.to_owned())
}

fn term(row: &Row<Cells>) -> Result<Term, CatalogueError> {
    let cells = &row.cells;
    let value: Option<u16> = row.number("term_value", &cells.term_value)?;
    match (cells.term_unit.as_str(), value) {
        ("same_day", None) => Ok(Term::SameDay),
        ("by_announcement", None) => Ok(Term::ByAnnouncement),
        ("working_days", Some(days)) => Ok(Term::WorkingDays(days)),
        ("calendar_days", Some(days)) => Ok(Term::CalendarDays(days)),
        ("same_day" | "by_announcement" | "working_days" | "calendar_days", _) => {
            row.need("term_value", &cells.term_value, None)
        }
        (other, _) => row.need("term_unit", other, None),
    }
}

fn competent(cell: &str, agency_of: &impl Fn(&str) -> Option<UnitId>) -> Option<Competent> {
    match cell {
        "unit" => Some(Competent::Unit),
        "unit_of_land" => Some(Competent::UnitOfLand),
        other => agency_of(other.strip_prefix("agency:")?).map(Competent::Agency),
    }
}

/// `S/MH`: how well the name of the code is known, and how well its terms are.
fn certainties(cell: &str) -> Option<(Certainty, Certainty)> {
    let (name, terms) = cell.split_once('/')?;
    let name = match name {
        "S" => Certainty::Source,
        "M-H" => Certainty::High,
        "M-M" => Certainty::Medium,
        "M-L" => Certainty::Low,
        _ => return None,
    };
    let terms = match terms {
        "S" => Certainty::Source,
        "MH" => Certainty::High,
        "MM" => Certainty::Medium,
        "ML" => Certainty::Low,
        _ => return None,
    };
    Some((name, terms))
}
