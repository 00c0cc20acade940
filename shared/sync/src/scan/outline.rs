//! How each part of a scan is proved before it is written: by the inner nodes of BLAKE3's own tree.
//!
//! A group is 16 KiB, a whole subtree. The list of the groups' hashes folds to the hash of the
//! scan, so that the list is proved before the first group and each group by its hash alone: at two
//! thousandths of the bytes a scan can go on where it stopped, and no damaged byte is kept.

use blake3::{
    Hasher,
    hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root},
};
use hoso_identity::PayloadHash;

/// Bytes of a group; the last may have fewer.
pub const GROUP_BYTES: u64 = 16 * 1024;

/// The hashes of the groups of one scan, proved or made from its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    size: u64,
    groups: Vec<ChainingValue>,
}

impl Outline {
    /// The outline of a scan of that size of which the groups are shown one after the other.
    #[must_use]
    pub fn begin(size: u64) -> Self {
        Self { size, groups: Vec::new() }
    }

    /// Adds the next group.
    pub fn push(&mut self, group: &[u8]) {
        self.groups.push(hash(self.size, self.next(), group));
    }

    /// The outline that these bytes say, if it is that of the scan of this hash and size.
    #[must_use]
    pub fn proved(bytes: &[u8], size: u64, root: &PayloadHash) -> Option<Self> {
        let (groups, rest) = bytes.as_chunks::<32>();
        let outline = Self { size, groups: groups.to_vec() };
        let is_whole = rest.is_empty() && outline.next() == count(size);
        (is_whole && outline.root()? == *root).then_some(outline)
    }

    /// The hash that the groups fold to.
    #[must_use]
    pub fn root(&self) -> Option<PayloadHash> {
        let (left, right) = match self.groups.as_slice() {
            [] => return None,
            [only] => return Some(PayloadHash(*only)),
            [..] => halves(&self.groups)?,
        };
        let root = merge_subtrees_root(&folded(left)?, &folded(right)?, Mode::Hash);
        Some(PayloadHash(*root.as_bytes()))
    }

    /// Whether these bytes are the group of that number.
    #[must_use]
    pub fn proves(&self, number: u64, group: &[u8]) -> bool {
        let begin = number.saturating_mul(GROUP_BYTES);
        let length = self.size.saturating_sub(begin).min(GROUP_BYTES);
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        let known = self.groups.get(place);
        u64::try_from(group.len()) == Ok(length)
            && known.is_some_and(|known| *known == hash(self.size, number, group))
    }

    /// The hashes one after the other.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.groups.concat()
    }

    /// Bytes of the scan.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    fn next(&self) -> u64 {
        u64::try_from(self.groups.len()).unwrap_or(u64::MAX)
    }
}

/// How many groups a scan of that size has: at least one.
fn count(size: u64) -> u64 {
    size.div_ceil(GROUP_BYTES).max(1)
}

/// The hash of a group; a scan of one group has no tree above it.
fn hash(size: u64, number: u64, group: &[u8]) -> ChainingValue {
    let mut hasher = Hasher::new();
    if count(size) == 1 {
        return *hasher.update(group).finalize().as_bytes();
    }
    hasher.set_input_offset(number.saturating_mul(GROUP_BYTES));
    hasher.update(group);
    hasher.finalize_non_root()
}

/// The left and the right subtree: the left one is the largest that is full.
fn halves(groups: &[ChainingValue]) -> Option<(&[ChainingValue], &[ChainingValue])> {
    let left = groups.len().checked_next_power_of_two()? / 2;
    groups.split_at_checked(left)
}

fn folded(groups: &[ChainingValue]) -> Option<ChainingValue> {
    if let [only] = groups {
        return Some(*only);
    }
    let (left, right) = halves(groups)?;
    Some(merge_subtrees_non_root(&folded(left)?, &folded(right)?, Mode::Hash))
}
