//! Figures in the text form of Prometheus: what both programs count and time.

use std::{
    fmt::Display,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{
    disk,
    frames::{StreamKind, WireBytes},
};

/// A number that only grows. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Counts so many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Upper bounds of a histogram's buckets, microseconds: from a commit on a fast disk to a stall.
const BOUNDS_US: [u64; 10] =
    [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000];

/// Durations by bucket. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Histogram(Arc<Buckets>);

#[derive(Debug, Default)]
struct Buckets {
    counts: [AtomicU64; BOUNDS_US.len()],
    all: AtomicU64,
    sum_us: AtomicU64,
}

impl Histogram {
    /// Counts one duration.
    pub fn observe(&self, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        for (count, bound) in self.0.counts.iter().zip(BOUNDS_US) {
            if took_us <= bound {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.0.all.fetch_add(1, Ordering::Relaxed);
        self.0.sum_us.fetch_add(took_us, Ordering::Relaxed);
    }
}

/// A page of figures, line by line.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// A page that begins with the program's version.
    #[must_use]
    pub fn new(version: &str) -> Self {
        let mut page = Self::default();
        page.kind("hoso_build_info", "gauge");
        page.line("hoso_build_info", &[("version", version)], 1);
        page
    }

    /// Says of what kind a figure is: `gauge`, `counter` or `histogram`.
    pub fn kind(&mut self, name: &str, kind: &str) {
        self.0 += &format!("# TYPE {name} {kind}\n");
    }

    /// One value. Labels are codes, never text of a user.
    pub fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> =
            labels.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        self.0 += &format!("{name}{labels} {value}\n");
    }

    /// A gauge with one value.
    pub fn gauge(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.kind(name, "gauge");
        self.line(name, labels, value);
    }

    /// The buckets, the count and the sum of a histogram, seconds.
    pub fn histogram(&mut self, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
        self.kind(name, "histogram");
        let all = histogram.0.all.load(Ordering::Relaxed).to_string();
        let counts =
            histogram.0.counts.iter().map(|count| count.load(Ordering::Relaxed).to_string());
        let bounds = BOUNDS_US.iter().map(|bound| seconds(*bound));
        let rest = [("+Inf".to_owned(), all.clone())];
        for (bound, count) in bounds.zip(counts).chain(rest) {
            let with_bound: Vec<_> =
                labels.iter().copied().chain([("le", bound.as_str())]).collect();
            self.line(&format!("{name}_bucket"), &with_bound, count);
        }
        self.line(&format!("{name}_count"), labels, all);
        let sum = seconds(histogram.0.sum_us.load(Ordering::Relaxed));
        self.line(&format!("{name}_sum"), labels, sum);
    }

    /// The bytes of each class of streams, both ways: on the wire, before they were packed, and of
    /// the signed entries alone; last what a byte of entries costs on the wire.
    pub fn wire(&mut self, labels: &[(&str, &str)], wire: &WireBytes) {
        let on_wire = |kind| [wire.sent(kind), wire.received(kind)];
        self.both_ways("hoso_wire_bytes_total", labels, on_wire);
        self.both_ways("hoso_wire_plain_bytes_total", labels, |kind| wire.plain(kind));
        self.both_ways("hoso_wire_entry_bytes_total", labels, |kind| wire.entries(kind));
        let all = |of: &dyn Fn(StreamKind) -> [u64; 2]| {
            let sums = StreamKind::ALL.map(|kind| {
                let [sent, received] = of(kind);
                sent.saturating_add(received)
            });
            sums.into_iter().fold(0, u64::saturating_add)
        };
        let (bytes, entries) = (all(&on_wire), all(&|kind| wire.entries(kind)));
        let thousandths = bytes.saturating_mul(1000).checked_div(entries);
        let ratio = thousandths.map(|ratio| format!("{}.{:03}", ratio / 1000, ratio % 1000));
        self.gauge("hoso_wire_overhead_ratio", labels, ratio.as_deref().unwrap_or("NaN"));
    }

    fn both_ways(
        &mut self,
        name: &str,
        labels: &[(&str, &str)],
        of: impl Fn(StreamKind) -> [u64; 2],
    ) {
        self.kind(name, "counter");
        for kind in StreamKind::ALL {
            for (direction, bytes) in ["sent", "received"].into_iter().zip(of(kind)) {
                let own = [("direction", direction), ("class", kind.code())];
                let labels: Vec<_> = labels.iter().copied().chain(own).collect();
                self.line(name, &labels, bytes);
            }
        }
    }

    /// Seconds since the last backup; infinity if there was none.
    pub fn backup(&mut self, labels: &[(&str, &str)], last_ms: Option<u64>, now_ms: u64) {
        let age = last_ms.map(|last_ms| (now_ms.saturating_sub(last_ms) / 1000).to_string());
        self.gauge("hoso_backup_age_seconds", labels, age.as_deref().unwrap_or("+Inf"));
    }

    /// How much of the disk under this path is free, if the system says so.
    pub fn disk(&mut self, labels: &[(&str, &str)], path: &Path) {
        if let Some(free) = disk::free(path) {
            self.gauge(
                "hoso_disk_free_ratio",
                labels,
                format!("{}.{:03}", free / 1000, free % 1000),
            );
        }
    }

    /// The text.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

/// Milliseconds, perhaps behind, as seconds.
#[must_use]
pub fn signed_seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    format!("{sign}{}.{:03}", ms / 1000, ms % 1000)
}

/// Microseconds as seconds.
fn seconds(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_into_every_bucket_above() {
        let histogram = Histogram::default();
        for took_us in [400, 900, 20_000, 9_000_000] {
            histogram.observe(Duration::from_micros(took_us));
        }
        let mut page = Page::default();
        page.histogram("hoso_commit_seconds", &[("unit", "07192")], &histogram);
        let text = page.into_text();
        for line in [
            "# TYPE hoso_commit_seconds histogram",
            "hoso_commit_seconds_bucket{unit=\"07192\",le=\"0.000500\"} 1",
            "hoso_commit_seconds_bucket{unit=\"07192\",le=\"0.001000\"} 2",
            "hoso_commit_seconds_bucket{unit=\"07192\",le=\"0.025000\"} 3",
            "hoso_commit_seconds_bucket{unit=\"07192\",le=\"+Inf\"} 4",
            "hoso_commit_seconds_count{unit=\"07192\"} 4",
            "hoso_commit_seconds_sum{unit=\"07192\"} 9.021300",
        ] {
            assert!(text.lines().any(|one| one == line), "no {line} in {text}");
        }
    }

    #[test]
    fn a_clock_that_is_behind_and_a_backup_that_was_never_made_are_said() {
        assert_eq!(signed_seconds(-1_500), "-1.500");
        assert_eq!(signed_seconds(61_005), "61.005");
        let mut page = Page::default();
        page.backup(&[], None, 9_000);
        page.backup(&[], Some(2_000), 9_000);
        let text = page.into_text();
        assert!(text.contains("\nhoso_backup_age_seconds +Inf\n"), "{text}");
        assert!(text.contains("\nhoso_backup_age_seconds 7\n"), "{text}");
    }

    #[test]
    fn the_disk_says_how_much_of_it_is_free() {
        let mut page = Page::default();
        page.disk(&[], Path::new("."));
        assert!(page.into_text().contains("\nhoso_disk_free_ratio 0."));
    }
}
