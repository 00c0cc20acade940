//! Frames of scans keep their bytes, and no group passes that is not one of the scan's.

use hoso_identity::{DocumentId, PayloadHash};
use hoso_sync::scan::{Frame, GROUP_BYTES, Group, Hashes, Named, Outline, Refusal, Through, Why};
use proptest::prelude::*;

/// Bytes of a group, as sizes are counted.
const GROUP: usize = 16 * 1024;

/// A size as it travels.
fn long(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// Bytes of which no group is like another.
fn scan(size: usize) -> Vec<u8> {
    (0..size).map(|place| (place % 251 + place / 4099).to_be_bytes()[7]).collect()
}

fn outline(bytes: &[u8]) -> Outline {
    let mut outline = Outline::begin(long(bytes.len()));
    if bytes.is_empty() {
        outline.push(bytes);
    }
    bytes.chunks(GROUP).for_each(|group| outline.push(group));
    outline
}

#[test]
fn every_frame_has_the_bytes_that_it_always_had() {
    let named = Named { document: DocumentId([1; 16]), blob: PayloadHash([2; 32]), bytes: 70_000 };
    let gone = Named { bytes: 0, ..named };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (document, blob) = ("01".repeat(16), "02".repeat(32));
    for (frame, bytes) in [
        (Frame::Offer(named), format!("32a30050{document}015820{blob}021a00011170")),
        (Frame::Wish(named), format!("33a30050{document}015820{blob}021a00011170")),
        (Frame::Take(Through { bytes: 16_384 }), "34a100194000".to_owned()),
        (
            Frame::Outline(Hashes { size: 5, groups: vec![3; 32] }),
            format!("35a20005015820{}", "03".repeat(32)),
        ),
        (Frame::Group(Group { bytes: vec![4; 3] }), "36a10043040404".to_owned()),
        (Frame::Took(Through { bytes: 5 }), "37a10005".to_owned()),
        (Frame::Refuse(Refusal { why: Why::Room }), "38a10005".to_owned()),
        (Frame::Unname(gone), format!("39a30050{document}015820{blob}0200")),
        (Frame::Lack(gone), format!("3aa30050{document}015820{blob}0200")),
        (Frame::Here(named), format!("3ba30050{document}015820{blob}021a00011170")),
    ] {
        assert_eq!(hex(&frame.encode()), bytes, "{frame:?}");
        assert_eq!(Frame::decode(&frame.encode()).unwrap(), frame);
    }
    assert!(Frame::decode(&[]).is_err() && Frame::decode(&[200, 0xa0]).is_err());
}

#[test]
fn the_hashes_of_the_groups_fold_to_the_hash_of_the_scan_at_every_size() {
    assert_eq!(GROUP_BYTES, long(GROUP));
    let group = GROUP;
    let sizes = [0, 1, 1024, group - 1, group, group + 1, 2 * group, 2 * group + 1, 3 * group];
    for size in sizes.into_iter().chain([5 * group + 7, 8 * group, 9 * group + 1, 33 * group - 1]) {
        let bytes = scan(size);
        let (made, root) = (outline(&bytes), PayloadHash::of(&bytes));
        assert_eq!(made.root(), Some(root), "{size}");
        let shown = made.to_bytes();
        let proved = Outline::proved(&shown, long(size), &root).unwrap();
        for (number, group) in (0..).zip(bytes.chunks(group)) {
            assert!(proved.proves(number, group), "{size}: {number}");
            assert!(!proved.proves(number + 1, group), "{size}: {number} in the wrong place");
        }
        assert!(Outline::proved(&shown, long(size) + 2 * GROUP_BYTES, &root).is_none(), "{size}");
        assert!(Outline::proved(&shown[1..], long(size), &root).is_none(), "{size}");
    }
}

proptest! {
    #[test]
    fn a_scan_of_which_one_bit_was_turned_is_not_taken(
        size in 1_usize..200_000, place: prop::sample::Index, bit in 0_u32..8
    ) {
        let bytes = scan(size);
        let (made, root) = (outline(&bytes), PayloadHash::of(&bytes));
        let mut damaged = bytes.clone();
        let place = place.index(size);
        damaged[place] ^= 1_u8 << bit;
        prop_assert!(Outline::proved(&outline(&damaged).to_bytes(), long(size), &root).is_none());
        let proved = Outline::proved(&made.to_bytes(), long(size), &root).unwrap();
        for (number, group) in damaged.chunks(GROUP).enumerate() {
            let is_damaged = place / GROUP == number;
            prop_assert_eq!(proved.proves(long(number), group), !is_damaged);
        }
    }

    #[test]
    fn noise_proves_nothing_and_does_no_harm(
        bytes in prop::collection::vec(any::<u8>(), 0..300), size: u64
    ) {
        prop_assert!(Outline::proved(&bytes, size, &PayloadHash([7; 32])).is_none());
        drop(Frame::decode(&bytes));
    }
}
