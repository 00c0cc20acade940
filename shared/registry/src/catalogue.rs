//! The province's units, procedures and calendar as people keep them in files, read into
//! statement data with every mark of certainty kept.

mod holidays;
mod procedures;
mod units;

use hoso_identity::UnitId;
use thiserror::Error;

pub use self::{
    holidays::calendars,
    procedures::{agencies, procedures},
    units::units,
};
use crate::statement::{Agency, CalendarYear, Procedure, Statement, StatementError, Unit};

/// The registry id of the first agency; the units' ids lie below.
pub const AGENCY_ID_FIRST: u16 = 1_001;

/// Everything that a province begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    /// Units with ids from 1 in the order of the file.
    pub units: Vec<Unit>,
    /// Agencies with ids from [`AGENCY_ID_FIRST`] in the order in which procedures name them.
    pub agencies: Vec<Agency>,
    /// One version of each procedure.
    pub procedures: Vec<Procedure>,
    /// One version of each year's calendar.
    pub calendars: Vec<CalendarYear>,
}

/// Why a file cannot be read; says where.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// Not CSV, another number of columns, or a column that is missing or not known.
    #[error("the table of {table} cannot be read")]
    Csv {
        /// Which table.
        table: &'static str,
        /// What the reader says, with the line.
        source: csv::Error,
    },
    /// A value that its column does not take.
    #[error("{table}, line {line}: {column} cannot be {value:?}")]
    Value {
        /// Which table.
        table: &'static str,
        /// Which line, from 1.
        line: u64,
        /// Which column.
        column: &'static str,
        /// The value.
        value: String,
    },
    /// A row that no statement can hold.
    #[error("{table}, line {line} is out of bounds")]
    Row {
        /// Which table.
        table: &'static str,
        /// Which line, from 1.
        line: u64,
        /// What is out of bounds.
        source: StatementError,
    },
    /// Not TOML, or not the expected tables; the reader's message holds the line.
    #[error("the calendar cannot be read")]
    Toml(#[from] toml::de::Error),
    /// A year of the calendar that cannot be.
    #[error("calendar, year {year}: {problem}")]
    Year {
        /// Which year.
        year: u16,
        /// What is wrong.
        problem: String,
    },
}

impl Catalogue {
    /// Reads the three files.
    ///
    /// # Errors
    ///
    /// [`CatalogueError`] with the first place that cannot be read.
    pub fn parse(
        units_csv: &str,
        procedures_csv: &str,
        calendar_toml: &str,
    ) -> Result<Self, CatalogueError> {
        let units = units(units_csv)?;
        let agencies = agencies(procedures_csv)?;
        let id_of = |code: &str| -> Option<UnitId> {
            agencies.iter().find(|agency| agency.code == code).map(|agency| agency.id)
        };
        let procedures = procedures(procedures_csv, id_of)?;
        let calendars = calendars(calendar_toml)?;
        Ok(Self { units, agencies, procedures, calendars })
    }

    /// The statements that publish it, in an order in which each is lawful.
    #[must_use]
    pub fn statements(&self) -> Vec<Statement> {
        let units = self.units.iter().cloned().map(Statement::Unit);
        let agencies = self.agencies.iter().cloned().map(Statement::Agency);
        let procedures = self.procedures.iter().cloned().map(Statement::Procedure);
        let calendars = self.calendars.iter().cloned().map(Statement::Calendar);
        units.chain(agencies).chain(procedures).chain(calendars).collect()
    }
}

/// One row of a table, which knows where it stands.
struct Row<T> {
    table: &'static str,
    line: u64,
    cells: T,
}

impl<T> Row<T> {
    /// The value, or an error that names the place.
    fn need<V>(
        &self,
        column: &'static str,
        cell: &str,
        value: Option<V>,
    ) -> Result<V, CatalogueError> {
        let Self { table, line, .. } = *self;
        value.ok_or_else(|| CatalogueError::Value { table, line, column, value: cell.to_owned() })
    }

    /// A whole number, or `None` for an empty cell.
    fn number<V: std::str::FromStr>(
        &self,
        column: &'static str,
        cell: &str,
    ) -> Result<Option<V>, CatalogueError> {
        if cell.is_empty() {
            return Ok(None);
        }
        let digits = cell.bytes().all(|byte| byte.is_ascii_digit());
        self.need(column, cell, cell.parse().ok().filter(|_| digits)).map(Some)
    }

    /// Whether a statement could hold the row.
    fn check(&self, statement: &Statement) -> Result<(), CatalogueError> {
        let Self { table, line, .. } = *self;
        statement.check().map_err(|source| CatalogueError::Row { table, line, source })
    }
}

/// The rows of a CSV table with a header line.
fn rows<T: serde::de::DeserializeOwned>(
    table: &'static str,
    text: &str,
) -> Result<Vec<Row<T>>, CatalogueError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let failed = |source| CatalogueError::Csv { table, source };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let names = reader.headers().map_err(failed)?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(failed)?;
        let line = record.position().map_or(0, |position| line_at(text, position.byte()));
        let cells = record.deserialize(Some(&names)).map_err(failed)?;
        rows.push(Row { table, line, cells });
    }
    Ok(rows)
}

/// The line of the first text from this byte on. The reader's own count misses line ends where its
/// buffers grow, its count of bytes does not.
fn line_at(text: &str, byte: u64) -> u64 {
    let (before, rest) = usize::try_from(byte)
        .ok()
        .and_then(|byte| text.split_at_checked(byte))
        .unwrap_or((text, ""));
    let blank = rest.chars().take_while(|letter| matches!(letter, '\r' | '\n'));
    let ends = before.chars().chain(blank).filter(|letter| *letter == '\n').count();
    u64::try_from(ends).unwrap_or(u64::MAX).saturating_add(1)
}

/// The text, or `None` if it is empty.
fn some(cell: &str) -> Option<String> {
    (!cell.is_empty()).then(|| cell.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::{Certainty, Competent, Term, UnitKind};

    const UNITS: &str = include_str!("../../../deploy/data/units.csv");
    const PROCEDURES: &str = include_str!("../../../deploy/data/procedures.csv");
    const HOLIDAYS: &str = include_str!("../../../deploy/data/holidays.toml");

    fn catalogue() -> Catalogue {
        Catalogue::parse(UNITS, PROCEDURES, HOLIDAYS).unwrap()
    }

    fn procedure(code: &str) -> Procedure {
        let mut procedures = catalogue().procedures.into_iter();
        procedures.find(|procedure| procedure.code == code).unwrap()
    }

    #[test]
    fn the_province_has_54_units_of_three_kinds_with_ids_in_the_order_of_the_file() {
        let units = catalogue().units;
        let ids: Vec<u16> = units.iter().map(|unit| unit.id.0).collect();
        assert_eq!(ids, (1..=54).collect::<Vec<u16>>());
        let count = |kind| units.iter().filter(|unit| unit.kind == kind).count();
        let kinds = [UnitKind::Ward, UnitKind::Commune, UnitKind::SpecialZone];
        assert_eq!(kinds.map(count), [30, 22, 2]);
        let last = units.last().unwrap();
        assert_eq!((last.code.as_str(), last.name.as_str()), ("07192", "Cô Tô"));
        assert_eq!(last.desk_name, "Trung tâm Phục vụ hành chính công đặc khu Cô Tô");
        assert_eq!(last.authority_name, "Ủy ban nhân dân đặc khu Cô Tô");
        let branch_of = Some("Trung tâm Phục vụ hành chính công tỉnh Quảng Ninh");
        assert!(units.iter().all(|unit| unit.desk_superior.as_deref() == branch_of));
        assert!(last.island && last.org_code_is_placeholder);
    }

    #[test]
    fn a_former_unit_that_was_split_is_marked_as_a_part() {
        let units = catalogue().units;
        let an_sinh = &units[0].former_units;
        assert_eq!(an_sinh.len(), 4);
        assert_eq!(an_sinh[0].name, "P Bình Dương");
        assert_eq!(an_sinh[3].district, "TP Đông Triều");
        assert!(an_sinh[3].part && !an_sinh[0].part);
    }

    #[test]
    fn the_74_procedures_keep_their_marks_of_certainty() {
        assert_eq!(catalogue().procedures.len(), 74);
        let recognition = procedure("1.001022");
        assert_eq!(recognition.term, Term::WorkingDays(3));
        assert_eq!(recognition.verification_extra_working_days, Some(5));
        assert_eq!(recognition.fee_vnd, Some(15_000));
        assert_eq!(recognition.papers, ["Tờ khai", "Chứng cứ quan hệ"]);
        assert_eq!(recognition.name_certainty, Certainty::Source);
        assert_eq!(recognition.terms_certainty, Certainty::High);
        assert_eq!(recognition.term_as_found.as_deref(), Some("3 wd (+5)"));
        assert!(!recognition.fee_is_proposed());
    }

    #[test]
    fn a_fee_that_is_unknown_or_has_a_rule_or_is_uncertain_is_only_proposed() {
        assert_eq!(procedure("1.000689").fee_vnd, None);
        assert!(procedure("1.000689").fee_is_proposed());
        assert!(procedure("1.001193").fee_is_proposed());
        assert_eq!(procedure("2.001263").term, Term::CalendarDays(30));
        assert!(procedure("2.000522").fee_is_proposed());
    }

    #[test]
    fn agencies_have_ids_of_their_own_and_the_procedures_name_them() {
        let catalogue = catalogue();
        assert_eq!(catalogue.agencies.len(), 1);
        let agency = &catalogue.agencies[0];
        assert_eq!((agency.code.as_str(), agency.id), ("VPDKDD", UnitId(1_001)));
        let count = |competent| {
            let procedures = catalogue.procedures.iter();
            procedures.filter(|procedure| procedure.competent == competent).count()
        };
        assert_eq!(count(Competent::Agency(agency.id)), 1);
        assert_eq!(count(Competent::UnitOfLand), 3);
        assert_eq!(count(Competent::Unit), 70);
    }

    #[test]
    fn every_row_can_be_published() {
        let statements = catalogue().statements();
        assert_eq!(statements.len(), 54 + 1 + 74 + 4);
        for statement in statements {
            let read = Statement::decode(statement.kind().kind(), &statement.encode()).unwrap();
            assert_eq!(read, statement);
        }
    }

    #[test]
    fn an_error_names_the_line_and_the_column() {
        let broken = |from: &str, to: &str| procedures(&PROCEDURES.replacen(from, to, 1), |_| None);
        let Err(CatalogueError::Value { line, column, value, .. }) =
            broken("1.000656,Đăng ký khai tử,Hộ tịch,same_day", "1.000656,x,y,soon")
        else {
            panic!("taken")
        };
        assert_eq!((line, column, value.as_str()), (4, "term_unit", "soon"));
        let unknown = broken("code,name_vi", "code,tên");
        assert!(matches!(unknown, Err(CatalogueError::Csv { .. })));
        let unnamed = procedures(PROCEDURES, |_| None);
        assert!(matches!(unnamed, Err(CatalogueError::Value { column: "competent", .. })));
    }

    #[test]
    fn a_unit_twice_a_kind_unknown_and_a_code_too_short_are_refused() {
        let twice = UNITS.replacen("07093,", "07090,", 1);
        assert!(matches!(units(&twice), Err(CatalogueError::Value { line: 3, .. })));
        for (from, to) in [("phường", "thị trấn"), ("07090", "7090"), (",no,", ",perhaps,")]
        {
            let broken = UNITS.replacen(from, to, 1);
            assert!(matches!(units(&broken), Err(CatalogueError::Value { line: 2, .. })));
        }
    }

    #[test]
    fn the_offices_of_the_forms_are_named_for_every_unit_or_for_none() {
        let branch = ",Trung tâm Phục vụ hành chính công tỉnh Quảng Ninh,";
        let gap = UNITS.replacen(branch, ",,", 1);
        let refused = units(&gap);
        let Err(CatalogueError::Value { line, column, .. }) = refused else { panic!("taken") };
        assert_eq!((line, column), (2, "desk_superior"));
        let narrow: Vec<String> = UNITS
            .lines()
            .map(|line| line.split(',').take(7).collect::<Vec<_>>().join(","))
            .collect();
        let units = units(&narrow.join("\n")).unwrap();
        assert_eq!(units[0].authority_name, "Ủy ban nhân dân phường An Sinh");
        assert!(units.iter().all(|unit| unit.desk_superior.is_none()));
    }

    #[test]
    fn true_organisation_codes_replace_the_placeholders_by_their_column() {
        let units = units(&UNITS.replacen("org_code_placeholder", "org_code", 1)).unwrap();
        assert!(units.iter().all(|unit| !unit.org_code_is_placeholder));
    }

    #[test]
    fn a_calendar_with_a_day_off_on_a_sunday_or_in_another_year_is_refused() {
        for (from, to) in [
            ("2026-11-24", "2026-11-29"),
            ("2026-11-24", "2027-11-24"),
            ("2026-11-24", "2026-11-31"),
            ("2026-08-22", "2026-08-21"),
            ("year = 2026", "year = 2025"),
            ("status = \"probable\"", "status = \"maybe\""),
        ] {
            let broken = calendars(&HOLIDAYS.replacen(from, to, 1));
            assert!(matches!(broken, Err(CatalogueError::Year { .. })), "{to}");
        }
        assert!(matches!(calendars("year = 1"), Err(CatalogueError::Toml(_))));
    }
}
