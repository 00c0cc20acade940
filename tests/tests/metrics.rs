//! What both programs measure, as a collector of figures reads it.

use std::{collections::BTreeSet, net::SocketAddr, path::Path, time::Duration};

use hoso_tests::e2e::{
    desk::{Desk, procedures, reception},
    http::Client,
    province::{CO_TO, Province},
    wait,
};

/// Every name that either program gives, with the kind of its figure.
const PROMISED: [(&str, &str); 21] = [
    ("hoso_build_info", "gauge"),
    ("hoso_node_last_seen_seconds", "gauge"),
    ("hoso_link_up", "gauge"),
    ("hoso_backlog_entries", "gauge"),
    ("hoso_backlog_bytes", "gauge"),
    ("hoso_oldest_unsent_seconds", "gauge"),
    ("hoso_clock_skew_seconds", "gauge"),
    ("hoso_refused_total", "counter"),
    ("hoso_waiting_entries", "gauge"),
    ("hoso_healed_entries_total", "counter"),
    ("hoso_apply_seconds", "histogram"),
    ("hoso_commit_seconds", "histogram"),
    ("hoso_db_bytes", "gauge"),
    ("hoso_disk_free_ratio", "gauge"),
    ("hoso_backup_age_seconds", "gauge"),
    ("hoso_wire_bytes_total", "counter"),
    ("hoso_wire_plain_bytes_total", "counter"),
    ("hoso_wire_entry_bytes_total", "counter"),
    ("hoso_wire_overhead_ratio", "gauge"),
    ("hoso_blobs_pending", "gauge"),
    ("hoso_blob_bytes", "gauge"),
];
/// A figure of nothing that has happened has no line yet.
const PERHAPS_EMPTY: &str = "hoso_refused_total";
/// Labels take few values each, and none names a person.
const LABELS: [&str; 6] = ["unit", "reason", "direction", "class", "le", "version"];
const DEADLINE: Duration = Duration::from_secs(60);

/// One line: the name, its labels and its value.
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

/// Reads a page as the text format of Prometheus has it, and refuses what is not of that form.
fn read(page: &str) -> (BTreeSet<(String, String)>, Vec<Sample>) {
    let (mut kinds, mut samples, mut seen) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
    let mut family = String::new();
    assert!(page.ends_with('\n'), "the last line has no end");
    for line in page.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a name and its kind");
            assert!(kinds.insert((name.to_owned(), kind.to_owned())), "{name} is said twice");
            name.clone_into(&mut family);
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
        assert!(seen.insert(series.to_owned()), "{series} stands there twice");
        let value = value.replace("+Inf", "inf").parse();
        let value = value.unwrap_or_else(|_| panic!("no number: {line}"));
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = labels.strip_suffix('}').unwrap_or_else(|| panic!("not closed: {line}"));
        let labels = labels.split(',').filter(|label| !label.is_empty()).map(|label| {
            let (key, value) = label.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
            let value = value.strip_suffix('"').unwrap_or_else(|| panic!("{line}"));
            assert!(LABELS.contains(&key), "the label {key} may take any value: {line}");
            (key.to_owned(), value.to_owned())
        });
        let own = ["", "_bucket", "_count", "_sum"].map(|end| format!("{family}{end}"));
        assert!(own.iter().any(|own| own == name), "{name} stands under {family}");
        samples.push(Sample { name: name.to_owned(), labels: labels.collect(), value });
    }
    (kinds, samples)
}

fn page(address: SocketAddr) -> Vec<Sample> {
    let page = String::from_utf8(Client::new(address).bytes("/metrics")).expect("text");
    let (kinds, samples) = read(&page);
    for (name, kind) in PROMISED {
        assert!(kinds.contains(&(name.to_owned(), kind.to_owned())), "no {kind} {name}:\n{page}");
        let begun = samples.iter().any(|sample| sample.name.starts_with(name));
        assert!(begun || name == PERHAPS_EMPTY, "{name} has no value:\n{page}");
    }
    assert_eq!(kinds.len(), PROMISED.len(), "a name that nobody was promised: {kinds:?}");
    samples
}

/// The value of a name, for this unit where there is one for each.
fn value(samples: &[Sample], name: &str) -> f64 {
    let of_unit =
        |sample: &&Sample| sample.labels.iter().all(|(key, value)| key != "unit" || value == CO_TO);
    let found = samples.iter().filter(of_unit).find(|sample| sample.name == name);
    found.unwrap_or_else(|| panic!("no {name}")).value
}

#[test]
fn both_programs_give_every_figure_that_is_promised_and_the_figures_are_true() {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let mut desk = Desk::of(&province.nodes[0]);
    let (node, relay) = (province.nodes[0].http, province.relay.http);
    province.nodes[0].await_link(&desk.session, "up", DEADLINE);
    for address in [node, relay] {
        let before = page(address);
        assert!(value(&before, "hoso_backup_age_seconds").is_infinite(), "none was made");
        assert!(value(&before, "hoso_clock_skew_seconds").abs() < 5.0, "one clock for both");
        assert!(value(&before, "hoso_node_last_seen_seconds") < 60.0);
        assert!(value(&before, "hoso_db_bytes") > 4096.0);
        assert!((0.0..=1.0).contains(&value(&before, "hoso_disk_free_ratio")));
        assert!(value(&before, "hoso_wire_bytes_total") > 0.0);
        assert!(value(&before, "hoso_commit_seconds_count") > 0.0);
    }
    wait::until("the relay has the node in contact", DEADLINE, || {
        (value(&page(relay), "hoso_link_up") > 0.0).then_some(())
    });
    let backup = province.directory().join("node.backup").to_string_lossy().into_owned();
    let said = province.nodes[0].command(&["backup", &backup], "");
    assert!(said.status.success(), "{said:?}");
    province.relay.back_up(Path::new(&province.directory().join("relay.backup")));
    province.relay.stop();
    let own = procedures().into_iter().find(|procedure| procedure.competent == "unit");
    desk.receive(&reception(1, &own.expect("a procedure"), CO_TO), "one");
    province.nodes[0].await_link(&desk.session, "down", DEADLINE);
    let dark = page(node);
    assert!(value(&dark, "hoso_backup_age_seconds") < 60.0);
    assert!(value(&dark, "hoso_link_up") < 1.0);
    assert!(value(&dark, "hoso_backlog_entries") >= 1.0);
    assert!(value(&dark, "hoso_backlog_bytes") > 0.0);
    province.relay.start();
    assert!(value(&page(relay), "hoso_backup_age_seconds") < 120.0, "kept over a restart");
    wait::until("the backlog is gone", DEADLINE, || {
        (value(&page(node), "hoso_backlog_entries") < 1.0).then_some(())
    });
}
