//! What was measured as Markdown, and two pictures of it.

use std::{collections::BTreeMap, path::Path, time::Duration};

use crate::{
    peers::Run,
    scenarios::{Case, Outcome, Row},
};

/// Width of a picture.
const WIDTH: u32 = 760;
/// Height of a picture.
const HEIGHT: u32 = 300;
/// Room for what stands at the edges of a picture.
const MARGIN: u32 = 60;
/// Colours that are told apart without seeing red and green.
const COLOURS: [&str; 5] = ["#0072b2", "#e69f00", "#56b4e9", "#009e73", "#cc79a7"];

/// The rows as one table, by case and number of dossiers.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by_key(|row| (row.case, row.dossiers));
    let mut text =
        "| case | dossiers | who | runs | median | bytes on the line | of them frames | \
                    processor, both ends | client's memory at most |\n\
                    |---|---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for row in rows {
        let name = row.case.name();
        text += &format!("| {name} | {} | {} | {} |\n", row.dossiers, row.who, cells(row));
    }
    text
}

fn cells(row: &Row) -> String {
    match &row.outcome {
        Outcome::Done(runs) => {
            let took = seconds(median(runs.iter().map(|run| ms(run.took)).collect()));
            // Of a storm of ours the time alone is measured.
            if runs.iter().all(|run| run.bytes == 0) {
                return format!("{} | {took} | | | |", runs.len());
            }
            format!("{} | {took} | {}", runs.len(), used(runs))
        }
        Outcome::Edited(edited) => {
            let edit = median(edited.iter().map(|(edit, _)| ms(*edit)).collect());
            let runs: Vec<Run> = edited.iter().map(|(_, run)| *run).collect();
            let all = median(runs.iter().map(|run| ms(run.took)).collect());
            let (edit, all, used) = (seconds(edit), seconds(all), used(&runs));
            format!("{} | edit after {edit}, all after {all} | {used}", runs.len())
        }
        Outcome::Lost(lost) => format!("1 | {lost} lost | | | |"),
        Outcome::GivenUp(reason) => format!("| {reason} | | | |"),
    }
}

/// What runs needed besides time, in the middle.
fn used(runs: &[Run]) -> String {
    let middle = |of: fn(&Run) -> u64| median(runs.iter().map(of).collect());
    format!(
        "{} | {} | {} | {} MiB",
        grouped(middle(|run| run.bytes)),
        grouped(middle(|run| run.application)),
        seconds(middle(|run| ms(run.cpu))),
        middle(|run| run.client_kib) / 1_024
    )
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03} s", ms / 1_000, ms % 1_000)
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn median(mut figures: Vec<u64>) -> u64 {
    figures.sort_unstable();
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// A number with commas between its thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Draws the times of the first sync and the bytes of the other cases into a directory.
pub(crate) fn draw(rows: &[Row], directory: &Path) {
    std::fs::create_dir_all(directory).expect("a directory for pictures");
    let first = |row: &&Row| row.case == Case::FirstSync;
    let time = |run: &Run| ms(run.took);
    let bars = bars(rows.iter().filter(first), time, |row| row.dossiers.to_string());
    let svg = picture("First sync, ms, by number of dossiers", &bars);
    std::fs::write(directory.join("first-sync.svg"), svg).expect("a picture can be written");
    let most = rows.iter().filter(first).map(|row| row.dossiers).max().unwrap_or_default();
    let again = |row: &&Row| {
        row.dossiers == most
            && matches!(row.case, Case::NothingNew | Case::Changed(_) | Case::BothChanged)
    };
    let name = |row: &Row| row.case.name().split(' ').skip(1).collect::<Vec<_>>().join(" ");
    let bars = self::bars(rows.iter().filter(again), |run| run.bytes, name);
    let title = format!("Bytes on the line at a reconnection, {most} dossiers");
    std::fs::write(directory.join("reconnection.svg"), picture(&title, &bars))
        .expect("a picture can be written");
}

/// A bar: its group, whose it is, how high.
type Bar = (String, &'static str, u64);

fn bars<'a>(
    rows: impl Iterator<Item = &'a Row>,
    of: fn(&Run) -> u64,
    group: impl Fn(&Row) -> String,
) -> Vec<Bar> {
    let bar = |row: &Row| {
        let Outcome::Done(runs) = &row.outcome else { return None };
        Some((group(row), row.who, median(runs.iter().map(of).collect())))
    };
    rows.filter_map(bar).collect()
}

/// Groups of bars over a logarithmic scale.
fn picture(title: &str, bars: &[Bar]) -> String {
    let mut groups: Vec<&str> = Vec::new();
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for (group, who, _) in bars {
        if !groups.contains(&group.as_str()) {
            groups.push(group);
        }
        let next = owners.len();
        owners.entry(who).or_insert(next);
    }
    let places = (groups.len() * (owners.len() + 1)).max(1);
    let step = f64::from(WIDTH - 2 * MARGIN) / f64::from(u32::try_from(places).expect("few bars"));
    let decades = bars.iter().map(|bar| decades_of(bar.2)).fold(1.0, f64::max).ceil();
    let room = f64::from(HEIGHT - 2 * MARGIN);
    let ground = f64::from(HEIGHT - MARGIN);
    let mut svg = head(title, &owners);
    for (group, who, height) in bars {
        let owner = owners[who];
        let place = groups.iter().position(|one| one == group).expect("it is there");
        let place = u32::try_from(place * (owners.len() + 1) + owner).expect("few bars");
        let x = f64::from(MARGIN) + step * f64::from(place);
        let tall = room * decades_of(*height) / decades;
        let (top, colour) = (ground - tall, COLOURS[owner % COLOURS.len()]);
        svg += &format!(
            "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{tall:.1}\" \
             fill=\"{colour}\"><title>{who}, {group}: {height}</title></rect>\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"8\" text-anchor=\"middle\">{}</text>\n",
            step * 0.9,
            x + step * 0.45,
            top - 3.0,
            grouped(*height)
        );
        if owner == 0 {
            let y = ground + 16.0;
            svg += &format!("<text x=\"{x:.1}\" y=\"{y:.0}\">{group}</text>\n");
        }
    }
    svg + "</svg>\n"
}

/// A picture's title and whose each colour is.
fn head(title: &str, owners: &BTreeMap<&str, usize>) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n<title>{title}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{MARGIN}\" y=\"20\" font-size=\"14\">{title}</text>\n"
    );
    for (who, number) in owners {
        let x = f64::from(MARGIN) + 110.0 * f64::from(u32::try_from(*number).expect("few peers"));
        let colour = COLOURS[number % COLOURS.len()];
        svg += &format!(
            "<rect x=\"{x:.0}\" y=\"28\" width=\"10\" height=\"10\" fill=\"{colour}\"/>\
             <text x=\"{:.0}\" y=\"37\">{who}</text>\n",
            x + 14.0
        );
    }
    svg
}

/// How many powers of ten high.
fn decades_of(height: u64) -> f64 {
    f64::from(u32::try_from(height.max(1)).unwrap_or(u32::MAX)).log10()
}
