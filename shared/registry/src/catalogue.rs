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
        let line = record.position().map_or(0, csv::Position::line);
        let cells = record.deserialize(Some(&names)).map_err(failed)?;
        rows.push(Row { table, line, cells });
    }
    Ok(rows)
}

/// The text, or `None` if it is empty.
fn some(cell: &str) -> Option<String> {
    (!cell.is_empty()).then(|| cell.to_owned())
}
