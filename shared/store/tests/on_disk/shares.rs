//! How much of the relay's disk the scans of each unit take.

use hoso_identity::{PayloadHash, UnitId};
use hoso_store::blobs::{self, shares};

use crate::scene::Scene;

const CO_TO: UnitId = UnitId(1);
const HONG_GAI: UnitId = UnitId(2);

fn hash(number: u8) -> PayloadHash {
    PayloadHash([number; 32])
}

fn claim(scene: &Scene, unit: UnitId, (number, size): (u8, u64)) {
    scene.write(move |tx| shares::claim(tx, unit, (&hash(number), size), 5));
}

#[test]
fn a_scan_counts_whole_for_the_unit_that_brings_it_first_until_it_is_forgotten() {
    let mut scene = Scene::relay();
    claim(&scene, CO_TO, (1, 700));
    claim(&scene, CO_TO, (2, 50));
    claim(&scene, HONG_GAI, (1, 700));
    claim(&scene, HONG_GAI, (3, 9));
    scene.write(|tx| blobs::put_held(tx, &hash(1), 16));
    scene.write(|tx| blobs::keep(tx, &hash(2), 50, 6));
    scene.reopen();
    assert_eq!(scene.read(shares::all), [(CO_TO, 750), (HONG_GAI, 9)]);
    assert_eq!(scene.read(|tx| shares::beside(tx, CO_TO, &hash(1))), 50, "beside the first");
    assert_eq!(scene.read(|tx| shares::beside(tx, HONG_GAI, &hash(1))), 9, "it is not theirs");
    scene.write(|tx| blobs::put_size(tx, &hash(1), 600));
    scene.write(|tx| blobs::forget(tx, &hash(2)));
    assert_eq!(scene.read(shares::all), [(CO_TO, 600), (HONG_GAI, 9)]);
}

#[test]
fn a_scan_that_came_before_it_was_noted_whose_it_is_counts_when_it_is_brought_again() {
    let scene = Scene::relay();
    scene.write(|tx| blobs::want(tx, &hash(1), 700, 5));
    assert_eq!(scene.read(shares::all), []);
    claim(&scene, CO_TO, (1, 700));
    assert_eq!(scene.read(shares::all), [(CO_TO, 700)]);
}
