//! Which files are scans: told by their first bytes, never by their names.

/// Bytes that tell the kind.
pub(crate) const HEAD_BYTES: usize = 8;

/// A kind of file that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Pdf,
    Jpeg,
    Png,
    Tiff,
}

impl Kind {
    /// The kind of a file that begins so.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        let kinds: [(&[u8], Self); 5] = [
            (b"%PDF-", Self::Pdf),
            (&[0xFF, 0xD8, 0xFF], Self::Jpeg),
            (&[0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A], Self::Png),
            (&[b'I', b'I', 42, 0], Self::Tiff),
            (&[b'M', b'M', 0, 42], Self::Tiff),
        ];
        kinds.into_iter().find(|(begin, _)| head.starts_with(begin)).map(|(_, kind)| kind)
    }

    /// Its media type.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Tiff => "image/tiff",
        }
    }

    /// The ends of names of such files, the usual one first.
    pub(super) fn ends(self) -> &'static [&'static str] {
        match self {
            Self::Pdf => &["pdf"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Png => &["png"],
            Self::Tiff => &["tif", "tiff"],
        }
    }
}
