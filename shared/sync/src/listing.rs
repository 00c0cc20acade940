//! Which documents differ between two full listings.

use std::collections::{BTreeMap, BTreeSet};

use hoso_identity::DocumentId;

/// An item: 8 bytes that name the document, 8 bytes of its entries' ids and positions.
pub type Item = [u8; ITEM_BYTES];
/// Bytes of an item.
pub const ITEM_BYTES: usize = 16;

/// A document of the own listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// How it is sent.
    pub item: Item,
    /// The document.
    pub document: DocumentId,
}

/// The document of that name in an ascending listing.
#[must_use]
pub fn named(listing: &[Listed], name: &[u8; 8]) -> Option<DocumentId> {
    let place = listing.partition_point(|listed| halves(&listed.item).0 < *name);
    let found = listing.get(place).filter(|listed| halves(&listed.item).0 == *name);
    found.map(|listed| listed.document)
}

/// Cuts received bytes into items; `None` when they are no whole number of items.
#[must_use]
pub fn items(bytes: &[u8]) -> Option<Vec<Item>> {
    let (items, rest) = bytes.as_chunks::<ITEM_BYTES>();
    rest.is_empty().then(|| items.to_vec())
}

/// Names of the documents that are not the same on both sides, ascending.
#[must_use]
pub fn differing(own: &[Listed], theirs: &[Item]) -> Vec<[u8; 8]> {
    let own: BTreeMap<[u8; 8], [u8; 8]> = own.iter().map(|own| halves(&own.item)).collect();
    let theirs: BTreeMap<[u8; 8], [u8; 8]> = theirs.iter().map(halves).collect();
    let names: BTreeSet<&[u8; 8]> = own.keys().chain(theirs.keys()).collect();
    names.into_iter().filter(|name| own.get(*name) != theirs.get(*name)).copied().collect()
}

/// The name in an item that is read as a number.
pub(crate) fn name(item: u128) -> [u8; 8] {
    halves(&item.to_be_bytes()).0
}

fn halves(item: &Item) -> ([u8; 8], [u8; 8]) {
    let mut name = [0; 8];
    let mut entries = [0; 8];
    name.iter_mut().chain(entries.iter_mut()).zip(item).for_each(|(to, from)| *to = *from);
    (name, entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: u8, entries: u8) -> Item {
        let mut item = [name; 16];
        item[8..].fill(entries);
        item
    }

    fn listed(name: u8) -> Listed {
        Listed { item: item(name, 1), document: DocumentId([name; 16]) }
    }

    #[test]
    fn what_one_side_lacks_and_what_both_hold_differently_differs() {
        let own = [listed(1), listed(2), listed(3)];
        let theirs = [item(2, 1), item(3, 9), item(4, 1)];
        assert_eq!(differing(&own, &theirs), [[1; 8], [3; 8], [4; 8]]);
        assert!(differing(&own, &own.map(|own| own.item)).is_empty());
    }

    #[test]
    fn a_document_is_found_by_its_name() {
        let own = [listed(1), listed(3)];
        assert_eq!(named(&own, &[3; 8]), Some(DocumentId([3; 16])));
        assert_eq!([0, 2, 4].map(|name| named(&own, &[name; 8])), [None; 3]);
    }

    #[test]
    fn a_cut_listing_is_not_read() {
        assert_eq!(items(&[0; 33]), None);
        assert_eq!(items(&[7; 32]), Some(vec![[7; 16]; 2]));
    }
}
