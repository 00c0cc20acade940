//! The files of the project, and Rust source without its comments, its strings or its tests.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Directories that a build or a demo makes; git ignores them.
const MADE: [&str; 4] = ["target", ".git", "demo-data", "node_modules"];

/// One text file of the project.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Path relative to the project's root, with `/`.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

/// The project's root.
pub(crate) fn root() -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests stand in the project").to_owned()
}

/// Every text file of the project whose name ends so, in the order of the paths.
pub(crate) fn files_ending(ends: &[&str]) -> Vec<Source> {
    let root = root();
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    let mut sources: Vec<Source> = paths
        .iter()
        .filter_map(|path| {
            let relative = path.strip_prefix(&root).ok()?.to_str()?.to_owned();
            let text = fs::read_to_string(path).ok()?;
            ends.iter()
                .any(|end| relative.ends_with(end))
                .then_some(Source { path: relative, text })
        })
        .collect();
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!sources.is_empty(), "no file ends with any of {ends:?}: the walk is broken");
    sources
}

/// Every Rust file.
pub(crate) fn rust_files() -> Vec<Source> {
    files_ending(&[".rs"])
}

/// Rust files of the programs and libraries without their tests: files under `tests/`, files of
/// `#[cfg(test)] mod name;` and what follows `#[cfg(test)] mod name {` are left out.
pub(crate) fn production_files() -> Vec<Source> {
    let all = rust_files();
    let test_modules: BTreeSet<String> = all.iter().flat_map(test_module_paths).collect();
    all.into_iter()
        .filter(|source| !source.path.starts_with("tests/") && !source.path.contains("/tests/"))
        .filter(|source| {
            !test_modules.iter().any(|module| {
                source.path == format!("{module}.rs")
                    || source.path.starts_with(&format!("{module}/"))
            })
        })
        .map(|source| Source { text: without_tests(&source.text).to_owned(), ..source })
        .collect()
}

/// One finding, as the tests print it.
pub(crate) fn finding(source: &Source, line: usize, what: &str) -> String {
    format!("{}:{}: {what}", source.path, line + 1)
}

/// Fails with all findings, one a line.
pub(crate) fn assert_clean(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

/// Numbered lines that contain any of the words.
pub(crate) fn lines_with<'a>(
    text: &'a str,
    words: &'a [String],
) -> impl Iterator<Item = (usize, &'a str)> {
    text.lines().enumerate().flat_map(move |(line, content)| {
        words.iter().filter(move |word| content.contains(*word)).map(move |word| (line, &**word))
    })
}

/// The paths, without `.rs`, of the modules that are compiled for tests only.
fn test_module_paths(source: &Source) -> Vec<String> {
    let directory = match source.path.rsplit_once('/') {
        Some((directory, "lib.rs" | "main.rs" | "mod.rs")) => directory.to_owned(),
        _ => source.path.trim_end_matches(".rs").to_owned(),
    };
    let mut modules = Vec::new();
    let mut lines = source.text.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().unwrap_or_default();
        let name = next.trim_start_matches("pub(crate) ").strip_prefix("mod ");
        if let (true, Some(name)) = (line == "#[cfg(test)]", name.and_then(|n| n.strip_suffix(';')))
        {
            modules.push(format!("{directory}/{name}"));
        }
    }
    modules
}

/// The text before the first inline test module; tests stand last in a file.
fn without_tests(text: &str) -> &str {
    let mut offset = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().unwrap_or_default();
        if line.trim() == "#[cfg(test)]" && next.trim_end().ends_with('{') {
            return &text[..offset];
        }
        offset += line.len();
    }
    text
}

/// What a character of Rust source belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Code,
    Comment,
    Text,
}

/// The source with comments and the contents of strings blanked; lines stay where they are.
pub(crate) fn code_of(text: &str) -> String {
    keep(text, Part::Code)
}

/// The contents of the string literals; everything else is blanked.
pub(crate) fn strings_of(text: &str) -> String {
    keep(text, Part::Text)
}

fn keep(text: &str, wanted: Part) -> String {
    let characters: Vec<char> = text.chars().collect();
    parts(&characters)
        .into_iter()
        .zip(&characters)
        .map(|(part, &c)| if part == wanted || c == '\n' { c } else { ' ' })
        .collect()
}

/// Says of every character whether it is code, comment or the content of a string.
fn parts(text: &[char]) -> Vec<Part> {
    let mut parts = vec![Part::Code; text.len()];
    let at = |i: usize| text.get(i).copied().unwrap_or('\n');
    let mut i = 0;
    while i < text.len() {
        let (part, end) = match (at(i), at(i + 1)) {
            ('/', '/') => (Part::Comment, find(text, i, |j| at(j) == '\n')),
            ('/', '*') => (Part::Comment, block_comment_end(text, i)),
            ('"', _) => (Part::Text, string_end(text, i)),
            ('r', '"' | '#') if !word(at(i.wrapping_sub(1))) => (Part::Text, raw_end(text, i)),
            ('\'', '\\') => (Part::Text, find(text, i + 3, |j| at(j) == '\'') + 1),
            ('\'', _) if at(i + 2) == '\'' => (Part::Text, i + 3),
            _ => (Part::Code, i + 1),
        };
        let end = end.clamp(i + 1, text.len());
        parts[i..end].fill(part);
        i = end;
    }
    parts
}

fn word(c: char) -> bool {
    c.is_alphanumeric() && c != 'b'
}

fn find(text: &[char], from: usize, stop: impl Fn(usize) -> bool) -> usize {
    (from..text.len()).find(|&j| stop(j)).unwrap_or(text.len())
}

fn block_comment_end(text: &[char], from: usize) -> usize {
    let mut depth = 0_u32;
    let mut i = from;
    while i + 1 < text.len() {
        match (text[i], text[i + 1]) {
            ('/', '*') => (depth, i) = (depth + 1, i + 2),
            ('*', '/') if depth == 1 => return i + 2,
            ('*', '/') => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
    }
    text.len()
}

fn string_end(text: &[char], from: usize) -> usize {
    let mut i = from + 1;
    while i < text.len() {
        match text[i] {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    text.len()
}

/// The end of a raw string that begins with `r` here, or the next character when it is none.
fn raw_end(text: &[char], from: usize) -> usize {
    let hashes = text[from + 1..].iter().take_while(|&&c| c == '#').count();
    if text.get(from + 1 + hashes) != Some(&'"') {
        return from + 1;
    }
    let closes = |j: usize| {
        text[j] == '"' && text[j + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes
    };
    find(text, from + 2 + hashes, closes) + 1 + hashes
}

fn walk(directory: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory of the project is readable") {
        let path = entry.expect("an entry of the project is readable").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_symlink() || MADE.contains(&name) {
            continue;
        }
        if path.is_dir() {
            walk(&path, paths);
        } else {
            paths.push(path);
        }
    }
}

#[test]
fn comments_and_strings_are_told_from_code() {
    let text = concat!(
        "let a = \"x // \\\" y\"; // b \"c\"\n",
        "let r = r#\"q \" z\"#; /* d /* e */ f */ g('\"', 'h);"
    );
    let code = code_of(text);
    for gone in ["x", "y", "b", "c\"", "q", "z", "d", "e */", "f *"] {
        assert!(!code.contains(gone), "{gone} is still in {code}");
    }
    assert!(code.contains("let r =") && code.contains("g(") && code.contains("'h);"));
    let strings = strings_of(text);
    assert!(strings.contains("x // \\\" y") && strings.contains("q \" z"));
    assert!(!strings.contains("let") && !strings.contains('d'));
}

#[test]
fn test_modules_are_left_out_of_production_code() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n";
    assert_eq!(without_tests(text), "fn a() {}\n");
    let source = Source {
        path: "shared/store/src/rows.rs".into(),
        text: "#[cfg(test)]\nmod trial;\nfn a() {}\n".into(),
    };
    assert_eq!(test_module_paths(&source), ["shared/store/src/rows/trial"]);
    assert_eq!(without_tests(&source.text), source.text);
}
