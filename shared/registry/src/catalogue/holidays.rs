//! `holidays.toml`.

use serde::Deserialize;

use super::CatalogueError;
use crate::{
    day::Day,
    statement::{CalendarStatus, CalendarYear, Statement},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    year: Vec<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    year: u16,
    status: String,
    off_days: Vec<String>,
    working_saturdays: Vec<String>,
}

/// Reads the calendar of each year.
///
/// # Errors
///
/// [`CatalogueError`] with the first place that cannot be read: a date that does not exist or
/// lies in another year, a day off at a weekend, a year twice.
pub fn calendars(text: &str) -> Result<Vec<CalendarYear>, CatalogueError> {
    let file: File = toml::from_str(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    let mut years: Vec<CalendarYear> = Vec::new();
    for table in file.year {
        let year = table.year;
        let failed = |problem: String| CatalogueError::Year { year, problem };
        if years.iter().any(|other| other.year == year) {
            return Err(failed("stands there twice".to_owned()));
        }
        let status = match table.status.as_str() {
            "official" => CalendarStatus::Official,
            "probable" => CalendarStatus::Probable,
            other => return Err(failed(format!("status cannot be {other:?}"))),
        };
        let off_days = days(year, &table.off_days)?;
        let working_saturdays = days(year, &table.working_saturdays)?;
        let calendar = CalendarYear { year, status, off_days, working_saturdays };
        let statement = Statement::Calendar(calendar.clone());
        statement.check().map_err(|error| failed(error.to_string()))?;
        years.push(calendar);
    }
    Ok(years)
}

fn days(year: u16, texts: &[String]) -> Result<Vec<Day>, CatalogueError> {
    let day = |text: &String| {
        let problem = || format!("{text:?} is no date in the form YYYY-MM-DD");
        Day::from_iso(text).ok_or_else(|| CatalogueError::Year { year, problem: problem() })
    };
    texts.iter().map(day).collect()
}
