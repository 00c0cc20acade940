//! What a scan may be called: a name is shown and proposed to whoever saves the file, so it must
//! neither lead elsewhere nor look like what it is not.

use super::Kind;

/// Characters of a name at most, without its end.
const CHARS_MAX: usize = 100;
/// Names that Windows keeps for devices, whatever their end.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
/// The same with a digit.
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];
/// What a file is called of whose name nothing is left.
const NAMELESS: &str = "scan";

/// The last part of a path without what steers, hides or reserves, with the end of its kind.
pub(crate) fn clean(name: &str, kind: Kind) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|sign| !steers(*sign)).map(plain).collect();
    let kept = kept.trim_start().trim_end_matches([' ', '.']);
    let stem = kind.ends().iter().find_map(|end| without_end(kept, end)).unwrap_or(kept);
    let stem: String = stem.chars().take(CHARS_MAX).collect();
    let stem = match stem.trim_matches([' ', '.']) {
        "" => NAMELESS.to_owned(),
        stem if is_device(stem) => format!("_{stem}"),
        stem => stem.to_owned(),
    };
    let end = kind.ends().first().copied().unwrap_or_default();
    format!("{stem}.{end}")
}

/// Whether a sign is not seen and changes how others are read.
fn steers(sign: char) -> bool {
    sign.is_control()
        || matches!(
            sign,
            '\u{AD}' | '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}'
        )
}

/// Signs that no file system of an office takes become a line.
fn plain(sign: char) -> char {
    if matches!(sign, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { sign }
}

fn without_end<'a>(name: &'a str, end: &str) -> Option<&'a str> {
    let (stem, found) = name.rsplit_once('.')?;
    found.eq_ignore_ascii_case(end).then_some(stem)
}

fn is_device(stem: &str) -> bool {
    let word = stem.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = |device: &&str| {
        let digit = word.strip_prefix(*device);
        digit.is_some_and(|digit| digit.len() == 1 && digit.bytes().all(|b| b.is_ascii_digit()))
    };
    DEVICES.contains(&word.as_str()) || NUMBERED_DEVICES.iter().any(numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_hides_nothing_and_ends_as_its_kind() {
        for (given, kept) in [
            ("Tờ khai.pdf", "Tờ khai.pdf"),
            ("TỜ KHAI.PDF", "TỜ KHAI.pdf"),
            ("../../etc/passwd", "passwd.pdf"),
            ("C:\\Hồ sơ\\sổ đỏ.pdf", "sổ đỏ.pdf"),
            ("a\0b\nc.pdf", "abc.pdf"),
            ("ảnh\u{202E}fdp.exe", "ảnhfdp.exe.pdf"),
            ("CON", "_CON.pdf"),
            ("nul.pdf", "_nul.pdf"),
            ("com1.pdf", "_com1.pdf"),
            ("comma.pdf", "comma.pdf"),
            ("..", "scan.pdf"),
            (".pdf", "scan.pdf"),
            ("a<b>:c.pdf", "a_b__c.pdf"),
            ("trang.html", "trang.html.pdf"),
        ] {
            assert_eq!(clean(given, Kind::Pdf), kept, "{given:?}");
        }
        let long = clean(&"ạ".repeat(4096), Kind::Tiff);
        assert_eq!(long.chars().count(), CHARS_MAX + ".tif".len());
    }

    #[test]
    fn a_photograph_keeps_the_end_that_it_has_or_gets_the_usual_one() {
        assert_eq!(clean("a.JPEG", Kind::Jpeg), "a.jpg");
        assert_eq!(clean("a.png", Kind::Jpeg), "a.png.jpg");
    }
}
