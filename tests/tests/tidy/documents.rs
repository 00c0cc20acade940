//! Links of the Markdown pages resolve, to files and to headings.

use std::{collections::BTreeSet, fs, path::Path};

use crate::sources::{Source, assert_clean, files_ending, finding, root};

#[test]
fn markdown_links_resolve() {
    let pages = files_ending(&[".md"]);
    assert!(pages.iter().any(|page| page.path == "README.md"), "README.md is missing");
    let findings: Vec<String> = pages.iter().flat_map(|page| broken(page, &root())).collect();
    assert_clean(&findings);
}

#[test]
fn no_page_or_source_refers_outside_the_project() {
    let everything = [".rs", ".md", ".toml", ".sh", ".html", ".js", ".css", ".ftl", "run", "demo"];
    let findings: Vec<String> =
        files_ending(&everything).iter().flat_map(outside_references).collect();
    assert_clean(&findings);
}

/// The targets of `[text](target)` outside fenced code, with their lines.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let mut links = Vec::new();
    for (number, line) in text.lines().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        links.extend(targets.filter(|_| !fenced).map(|target| (number, target)));
    }
    links
}

fn broken(page: &Source, root: &Path) -> Vec<String> {
    let directory = root.join(&page.path);
    let directory = directory.parent().expect("a page stands in a directory");
    links(&page.text)
        .into_iter()
        .filter(|(_, target)| !target.contains("://") && !target.starts_with("mailto:"))
        .filter(|(_, target)| !resolves(page, directory, target))
        .map(|(line, target)| finding(page, line, &format!("{target} leads nowhere")))
        .collect()
}

fn resolves(page: &Source, directory: &Path, target: &str) -> bool {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = directory.join(file);
    if anchor.is_empty() {
        return path.exists();
    }
    let text = if file.is_empty() { Ok(page.text.clone()) } else { fs::read_to_string(path) };
    text.is_ok_and(|text| anchors(&text).contains(anchor))
}

/// The anchors that a page's headings make: lower case, words joined by hyphens.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// Paths of one machine, and paths that lead out of the project. Written in pieces, or this file
/// would find itself.
fn outside_references(source: &Source) -> Vec<String> {
    let machines = ["work", "farm", "root", "tmp/bash_jobs"].map(|name| format!("/{name}/"));
    let outside = ["data", "design", "reference"].map(|name| format!("../shared{}{name}", '/'));
    source
        .text
        .lines()
        .enumerate()
        .flat_map(|(number, line)| {
            machines
                .iter()
                .chain(&outside)
                .filter(move |word| line.contains(*word))
                .map(move |word| finding(source, number, word))
        })
        .collect()
}

#[test]
fn broken_links_and_anchors_are_found() {
    let page = Source {
        path: "README.md".into(),
        text: "# A b, c\n[x](#a-b-c) [y](#a) [z](Cargo.toml) [w](nowhere.md)\n```\n[v](no)\n```\n"
            .into(),
    };
    let found = broken(&page, &root());
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("#a leads") && found[1].contains("nowhere.md"));
}

#[test]
fn a_machine_path_and_a_path_out_of_the_project_are_found() {
    let text = format!("a {}work/x\nb ../shared{}design/y.md\nc /srv/hoso\n", '/', '/');
    let source = Source { path: "x.md".into(), text };
    assert_eq!(outside_references(&source).len(), 2);
}
