//! A table of figures as it is printed and kept.

use std::time::Duration;

use crate::e2e::http::Client;

/// One measured thing beside what limits it.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// The figure with its unit.
    pub measured: String,
    /// The limit of the same run, or the target.
    pub limit: String,
    /// How the two stand to each other.
    pub ratio: String,
    /// The same for programs: a name that does not change, and a number.
    pub values: Vec<(String, f64)>,
}

impl Figure {
    /// A figure.
    #[must_use]
    pub fn new(what: &str, measured: String, limit: String, ratio: String) -> Self {
        Self { what: what.to_owned(), measured, limit, ratio, values: Vec::new() }
    }

    /// The same with a number under a name that a table of targets asks for.
    #[must_use]
    pub fn with(mut self, name: &str, value: f64) -> Self {
        self.values.push((name.to_owned(), value));
        self
    }
}

/// The figures as a Markdown table.
#[must_use]
pub fn table(figures: &[Figure]) -> String {
    let mut text =
        "| what | measured | limit of the same run | ratio |\n|---|---|---|---|\n".to_owned();
    for Figure { what, measured, limit, ratio, .. } in figures {
        text += &format!("| {what} | {measured} | {limit} | {ratio} |\n");
    }
    text
}

/// The named numbers of the figures, a line each: name, tabulator, number.
#[must_use]
pub fn values(figures: &[Figure]) -> String {
    let values = figures.iter().flat_map(|figure| &figure.values);
    values.map(|(name, value)| format!("{name}\t{value}\n")).collect()
}

/// A duration in milliseconds.
#[must_use]
pub fn in_ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The middle one.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn median(times: Vec<Duration>) -> Duration {
    percentile(times, 50)
}

/// The one below which so many in a hundred are.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn percentile(mut times: Vec<Duration>, hundredths: usize) -> Duration {
    times.sort_unstable();
    let place = (times.len() * hundredths / 100).min(times.len().saturating_sub(1));
    *times.get(place).expect("something was measured")
}

/// Milliseconds with two places.
#[must_use]
pub fn ms(time: Duration) -> String {
    format!("{:.2} ms", in_ms(time))
}

/// So many in that time, per second.
#[must_use]
pub fn rate(count: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64()
}

/// What a node's `/metrics` says at a moment.
#[derive(Clone, Debug)]
pub struct Metrics(String);

impl Metrics {
    /// Asks.
    #[must_use]
    pub fn of(session: &Client) -> Self {
        Self(session.get("/metrics").body.as_str().unwrap_or_default().to_owned())
    }

    /// The sum over all labels of what has this name; zero when nothing has.
    #[must_use]
    pub fn sum(&self, name: &str) -> f64 {
        let value = |line: &str| -> Option<f64> {
            let rest = line.strip_prefix(name)?;
            rest.starts_with(['{', ' ']).then_some(())?;
            rest.rsplit(' ').next()?.parse().ok()
        };
        self.0.lines().filter_map(value).sum()
    }
}
