//! What the relay may take and give, by the audiences of the dossiers that name a scan: the same
//! rules over its database and over the disk of the simulation.

use hoso_identity::{DocumentId, PayloadHash, Scope, UnitId};
use hoso_store::{
    StoreError,
    blobs::{self, Blob, carried, shares},
    tables::LedgerTables,
    writer::Tx,
};

/// How long the relay keeps what no dossier names any more, or what never came to its end: as long
/// as a backup lives.
pub const KEPT_MS: u64 = 35 * 24 * 3600 * 1000;

/// What these rules need of the relay's tables.
pub trait ScanTables {
    /// What goes wrong in them.
    type Error;

    /// Whether a node that reads these scopes may read that dossier.
    ///
    /// # Errors
    ///
    /// What the tables say.
    fn may_read(&mut self, scopes: &[Scope], document: &DocumentId) -> Result<bool, Self::Error>;

    /// What is known of the bytes of that hash.
    ///
    /// # Errors
    ///
    /// What the tables say.
    fn scan(&mut self, hash: &PayloadHash) -> Result<Option<Blob>, Self::Error>;

    /// Notes that so many bytes belong here and are brought by that unit, unless they are known of
    /// and kept for a unit already.
    ///
    /// # Errors
    ///
    /// What the tables say.
    fn claim(
        &mut self,
        unit: UnitId,
        scan: (&PayloadHash, u64),
        at_ms: u64,
    ) -> Result<(), Self::Error>;

    /// Bytes that are kept for that unit beside this scan, each scan whole from when it begins to
    /// come.
    ///
    /// # Errors
    ///
    /// What the tables say.
    fn kept_beside(&mut self, unit: UnitId, hash: &PayloadHash) -> Result<u64, Self::Error>;

    /// Forgets the bytes.
    ///
    /// # Errors
    ///
    /// What the tables say.
    fn forget(&mut self, hash: &PayloadHash) -> Result<(), Self::Error>;

    /// The dossiers that name a scan, or did so until lately.
    ///
    /// # Errors
    ///
    /// What the tables say.
    fn documents(&mut self, hash: &PayloadHash) -> Result<Vec<DocumentId>, Self::Error>;

    /// One of those that a node may read which reads these scopes.
    ///
    /// # Errors
    ///
    /// What the tables say.
    fn readable(
        &mut self,
        scopes: &[Scope],
        hash: &PayloadHash,
    ) -> Result<Option<DocumentId>, Self::Error>;

    /// Notes that a dossier names a scan.
    ///
    /// # Errors
    ///
    /// What the tables say.
    fn link(&mut self, document: &DocumentId, hash: &PayloadHash) -> Result<(), Self::Error>;
}

impl ScanTables for Tx<'_> {
    type Error = StoreError;

    fn may_read(&mut self, scopes: &[Scope], document: &DocumentId) -> Result<bool, StoreError> {
        let audience = LedgerTables::audience(self, document)?.unwrap_or_default();
        Ok(audience.iter().any(|unit| scopes.contains(&Scope::Unit(*unit))))
    }

    fn scan(&mut self, hash: &PayloadHash) -> Result<Option<Blob>, StoreError> {
        blobs::look_up(self, hash)
    }

    fn claim(
        &mut self,
        unit: UnitId,
        scan: (&PayloadHash, u64),
        at_ms: u64,
    ) -> Result<(), StoreError> {
        shares::claim(self, unit, scan, at_ms)
    }

    fn kept_beside(&mut self, unit: UnitId, hash: &PayloadHash) -> Result<u64, StoreError> {
        shares::beside(self, unit, hash)
    }

    fn forget(&mut self, hash: &PayloadHash) -> Result<(), StoreError> {
        blobs::forget(self, hash)
    }

    fn documents(&mut self, hash: &PayloadHash) -> Result<Vec<DocumentId>, StoreError> {
        carried::documents(self, hash)
    }

    fn readable(
        &mut self,
        scopes: &[Scope],
        hash: &PayloadHash,
    ) -> Result<Option<DocumentId>, StoreError> {
        for scope in scopes {
            if let Scope::Unit(unit) = scope
                && let Some(document) = carried::readable(self, *unit, hash)?
            {
                return Ok(Some(document));
            }
        }
        Ok(None)
    }

    fn link(&mut self, document: &DocumentId, hash: &PayloadHash) -> Result<(), StoreError> {
        carried::link(self, document, hash)
    }
}

/// Who offers a scan.
#[derive(Clone, Debug)]
pub struct Giver {
    /// Its unit.
    pub unit: UnitId,
    /// What it reads.
    pub scopes: Vec<Scope>,
    /// Bytes of scans that the relay keeps for one unit.
    pub bytes_max: u64,
}

/// What becomes of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It is taken from there on.
    From(u64),
    /// It is here, and the node may read it: nothing is to be brought.
    Here,
    /// It is here, and the node shows by bringing all of it that it has it.
    Prove,
    /// The node may not read that dossier, or the scan has another size.
    Audience,
    /// The relay has no more room for scans of that unit.
    Room,
}

/// From where a node may send what it offers, if it may. One who may read the scan already need
/// not bring it again; any other one shows by bringing all of it that it has it. What has begun to
/// come has its place, so it is never left half by the bound of its unit.
///
/// # Errors
///
/// What the tables say.
pub fn offered<T: ScanTables>(
    tables: &mut T,
    giver: &Giver,
    (document, blob, size): (DocumentId, PayloadHash, u64),
    at_ms: u64,
) -> Result<Offered, T::Error> {
    if !tables.may_read(&giver.scopes, &document)? {
        return Ok(Offered::Audience);
    }
    let known = tables.scan(&blob)?;
    if let Some(held) = known.filter(Blob::is_held) {
        return held_already(tables, giver, (document, held), size);
    }
    // Sizes are claims until bytes have come: each of those was proved, and with it the size.
    if known.is_some_and(|known| known.held > 0 && known.size != size) {
        return Ok(Offered::Audience);
    }
    let begun = known.filter(|known| known.size == size);
    if begun.is_none() {
        let kept = tables.kept_beside(giver.unit, &blob)?;
        if kept.saturating_add(size) > giver.bytes_max {
            return Ok(Offered::Room);
        }
        tables.forget(&blob)?;
    }
    tables.claim(giver.unit, (&blob, size), at_ms)?;
    Ok(Offered::From(begun.map_or(0, |begun| begun.held)))
}

/// What becomes of an offer of what is here.
fn held_already<T: ScanTables>(
    tables: &mut T,
    giver: &Giver,
    (document, held): (DocumentId, Blob),
    size: u64,
) -> Result<Offered, T::Error> {
    if held.size != size {
        return Ok(Offered::Audience);
    }
    if tables.readable(&giver.scopes, &held.hash)?.is_none() {
        return Ok(Offered::Prove);
    }
    tables.link(&document, &held.hash)?;
    Ok(Offered::Here)
}

/// What becomes of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wished {
    /// It is given.
    Give,
    /// It is one of that dossier, and not here.
    Missing,
    /// Nobody has brought it as one of that dossier.
    Unnamed,
    /// The node may not read that dossier.
    Audience,
}

/// Whether a node may have what it wishes for. If so, the dossier is to be linked: whoever wishes
/// for a scan names it, whatever another one has said.
///
/// # Errors
///
/// What the tables say.
pub fn wished<T: ScanTables>(
    tables: &mut T,
    scopes: &[Scope],
    (document, blob): (&DocumentId, &PayloadHash),
) -> Result<Wished, T::Error> {
    if !tables.may_read(scopes, document)? {
        return Ok(Wished::Audience);
    }
    if !tables.documents(blob)?.contains(document) {
        return Ok(Wished::Unnamed);
    }
    let is_held = tables.scan(blob)?.is_some_and(|scan| scan.is_held());
    Ok(if is_held { Wished::Give } else { Wished::Missing })
}

/// Of which dossier a node is told that the relay lacks a scan or has got it, if of any: of that
/// one, or where the news are `of_all` that name the scan, of another one that it may read. It may
/// be the only node that has the scan, or wait for it in that dossier.
///
/// # Errors
///
/// What the tables say.
pub fn told<T: ScanTables>(
    tables: &mut T,
    scopes: &[Scope],
    (document, blob): (&DocumentId, &PayloadHash),
    of_all: bool,
) -> Result<Option<DocumentId>, T::Error> {
    if tables.may_read(scopes, document)? {
        return Ok(Some(*document));
    }
    if of_all { tables.readable(scopes, blob) } else { Ok(None) }
}

/// Forgets a scan that no dossier names; gives whether it is left over.
///
/// # Errors
///
/// What the tables say.
pub fn forget_left<T: ScanTables>(tables: &mut T, hash: &PayloadHash) -> Result<bool, T::Error> {
    let is_left = tables.documents(hash)?.is_empty();
    if is_left {
        tables.forget(hash)?;
    }
    Ok(is_left)
}

#[cfg(test)]
mod tests {
    use hoso_identity::Realm;
    use hoso_store::{blobs::Blobs, database::Schema, writer::WriterThread};
    use tempfile::TempDir;

    use super::*;
    use crate::{memory::Memory, scans::Depot};

    const CO_TO: UnitId = UnitId(1);
    const HONG_GAI: UnitId = UnitId(2);
    const DOSSIER: DocumentId = DocumentId([1; 16]);
    const BYTES_MAX: u64 = 1000;

    /// A relay at which both offices read one dossier.
    struct Scene {
        depot: Depot,
        _thread: WriterThread,
        _directory: TempDir,
    }

    impl Scene {
        async fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let (memory, thread) =
                Memory::open(directory.path(), Schema::Relay, |_| Ok(Realm::ZERO), |_| {}).unwrap();
            let depot = Depot::new(memory, Blobs::of(directory.path()));
            let audience =
                |tx: &mut Tx<'_>| LedgerTables::add_audience(tx, &DOSSIER, &[CO_TO, HONG_GAI]);
            depot.write(audience).await.unwrap();
            Self { depot, _thread: thread, _directory: directory }
        }

        /// What becomes of an offer under that bound.
        async fn offer_within(&self, bytes_max: u64, unit: UnitId, scan: (u8, u64)) -> Offered {
            let giver = Giver { unit, scopes: vec![Scope::Unit(unit)], bytes_max };
            let named = (DOSSIER, PayloadHash([scan.0; 32]), scan.1);
            let offered = self
                .depot
                .memory
                .write::<_, StoreError>(false, move |tx, _| offered(tx, &giver, named, 5));
            offered.await.unwrap()
        }

        async fn offer(&self, unit: UnitId, scan: (u8, u64)) -> Offered {
            self.offer_within(BYTES_MAX, unit, scan).await
        }

        /// Of a scan of 600 bytes 200 have come.
        async fn begin(&self) {
            self.offer(CO_TO, (1, 600)).await;
            let begun = PayloadHash([1; 32]);
            self.depot.write(move |tx| blobs::put_held(tx, &begun, 200)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_unit_whose_share_is_full_brings_no_further_scan_and_no_other_unit_feels_it() {
        let scene = Scene::new().await;
        assert_eq!(scene.offer(CO_TO, (1, 600)).await, Offered::From(0));
        assert_eq!(scene.offer(CO_TO, (2, 400)).await, Offered::From(0), "the share is full");
        assert_eq!(scene.offer(CO_TO, (3, 1)).await, Offered::Room);
        assert_eq!(scene.offer(HONG_GAI, (4, 1000)).await, Offered::From(0));
        let refused = PayloadHash([3; 32]);
        let left = scene.depot.memory.read(move |tx| blobs::look_up(tx, &refused)).await;
        assert_eq!(left.unwrap(), None, "what is refused leaves nothing");
    }

    #[tokio::test]
    async fn a_scan_that_has_begun_to_come_is_finished_though_the_share_was_made_smaller() {
        let scene = Scene::new().await;
        scene.begin().await;
        assert_eq!(scene.offer_within(10, CO_TO, (1, 600)).await, Offered::From(200));
        assert_eq!(scene.offer_within(10, CO_TO, (2, 11)).await, Offered::Room);
    }

    #[tokio::test]
    async fn a_wrong_size_that_was_named_first_takes_no_more_room_than_the_scan_itself() {
        let scene = Scene::new().await;
        scene.offer(CO_TO, (1, 900)).await;
        assert_eq!(scene.offer(CO_TO, (1, 1001)).await, Offered::Room, "it has no room as this");
        assert_eq!(scene.offer(CO_TO, (2, 100)).await, Offered::From(0), "what was named counts");
        assert_eq!(scene.offer(CO_TO, (1, 300)).await, Offered::From(0), "and counts once");
        assert_eq!(scene.offer(CO_TO, (3, 600)).await, Offered::From(0));
        assert_eq!(scene.offer(CO_TO, (4, 1)).await, Offered::Room);
    }

    #[tokio::test]
    async fn what_has_half_come_is_lost_to_nobody_who_offers_it_with_another_size() {
        let scene = Scene::new().await;
        scene.begin().await;
        assert_eq!(scene.offer(HONG_GAI, (1, 601)).await, Offered::Audience);
        assert_eq!(scene.offer(CO_TO, (1, 600)).await, Offered::From(200));
    }

    #[tokio::test]
    async fn what_is_collected_after_its_time_makes_room_again() {
        let scene = Scene::new().await;
        scene.offer(CO_TO, (1, 1000)).await;
        assert_eq!(scene.offer(CO_TO, (2, 1)).await, Offered::Room);
        scene.depot.collect(5 + KEPT_MS).await.unwrap();
        assert_eq!(scene.offer(CO_TO, (2, 1)).await, Offered::Room, "the time is not over");
        scene.depot.collect(6 + KEPT_MS).await.unwrap();
        assert_eq!(scene.offer(CO_TO, (2, 1)).await, Offered::From(0));
    }

    #[tokio::test]
    async fn of_a_scan_in_two_dossiers_everybody_is_told_who_reads_one_of_them() {
        let scene = Scene::new().await;
        const OTHER: DocumentId = DocumentId([2; 16]);
        const ELSEWHERE: UnitId = UnitId(3);
        let hash = PayloadHash([1; 32]);
        let linked = scene.depot.write(move |tx| {
            LedgerTables::add_audience(tx, &OTHER, &[HONG_GAI, ELSEWHERE])?;
            blobs::keep(tx, &hash, 600, 5)?;
            carried::link(tx, &DOSSIER, &hash)?;
            carried::link(tx, &OTHER, &hash)
        });
        linked.await.unwrap();
        let told = async |unit: UnitId, document: DocumentId, of_all: bool| {
            let scopes = [Scope::Province, Scope::Unit(unit)];
            let of = move |tx: &mut Tx<'_>| told(tx, &scopes, (&document, &hash), of_all);
            scene.depot.memory.read::<_, StoreError>(of).await.unwrap()
        };
        assert_eq!(told(HONG_GAI, DOSSIER, true).await, Some(DOSSIER), "that one is meant");
        assert_eq!(told(ELSEWHERE, DOSSIER, true).await, Some(OTHER));
        assert_eq!(told(UnitId(4), DOSSIER, true).await, None);
        assert_eq!(told(ELSEWHERE, DOSSIER, false).await, None, "that is of one dossier alone");
        assert_eq!(told(CO_TO, DOSSIER, false).await, Some(DOSSIER));
    }
}
