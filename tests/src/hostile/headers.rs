//! Mutations of the header; the payload is an honest change, and the signature is over the header
//! as it then is.

use hoso_identity::{
    ActorId, DocumentId, EntryId, Header, Kind, Nonce, PayloadHash, Realm, SigningKey, UnitId,
};
use hoso_registry::EventKind;
use rand::{RngExt, seq::IndexedRandom};

use super::{
    campaign::Campaign,
    cast::Insider,
    damage,
    events::{approved, noted},
    forge::{Draft, Must, Planted, Ready, chance, one_of, sealed, sealed_raw},
};

/// A point of small order: under it, a signature that is not checked strictly fits everything.
const SMALL_ORDER: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 1;
    point
};

impl Campaign {
    /// Plants what the clerk's key signs under this header.
    fn plant_header(
        &mut self,
        (sort, must): (&'static str, Must),
        draft: &Draft,
        header: Header,
        payload: &[u8],
    ) {
        let bytes = sealed(header, payload, &self.cast.clerk.key);
        self.add(Planted::of(sort, must, bytes, draft.id));
    }

    /// An honest event with its header changed.
    fn changed(
        &mut self,
        what: (&'static str, Must),
        draft: &mut Draft,
        change: impl FnOnce(&mut Self, &mut Header),
    ) {
        let Ready { mut header, payload, .. } = self.honest(draft);
        let before = header.clone();
        change(self, &mut header);
        let what = if header == before { (what.0, Must::Agree) } else { what };
        self.plant_header(what, draft, header, &payload);
    }

    pub(super) fn other_kind(&mut self, draft: &mut Draft) {
        // A kind of tomorrow is kept, shown as such, and says nothing: it may count.
        self.changed(("another kind", Must::Agree), draft, |campaign, header| {
            header.kind = match campaign.random.random_range(0..4) {
                0 => Kind(campaign.random.random_range(0..Kind::FIRST_EVENT)),
                1 => Kind(campaign.random.random_range(291..u16::MAX)),
                _ => one_of(&mut campaign.random, EventKind::ALL).kind(),
            };
        });
    }

    pub(super) fn other_units(&mut self, draft: &mut Draft) {
        self.changed(("other units", Must::NotCount), draft, |campaign, header| {
            let count = campaign.random.random_range(0..=8);
            let known = campaign.names.units.clone();
            let mut units: Vec<UnitId> = (0..count)
                .map(|_| match campaign.random.random_range(0..4) {
                    0 => UnitId(campaign.random.random()),
                    1 => campaign.names.agency,
                    _ => *one_of(&mut campaign.random, &known),
                })
                .collect();
            units.sort_unstable();
            units.dedup();
            header.units_added = units;
        });
    }

    pub(super) fn other_document(&mut self, draft: &mut Draft) {
        let elsewhere = self.elsewhere.choose(&mut self.random).copied();
        self.changed(("another dossier", Must::NotCount), draft, |campaign, header| {
            header.document = match campaign.random.random_range(0..3) {
                0 => DocumentId::ZERO,
                1 => DocumentId(chance(&mut campaign.random)),
                _ => elsewhere.unwrap_or(DocumentId(SMALL_ORDER[..16].try_into().expect("16"))),
            };
        });
    }

    pub(super) fn other_grant(&mut self, draft: &mut Draft) {
        self.changed(("another grant", Must::NotCount), draft, |campaign, header| {
            let cast = &campaign.cast;
            let others: Vec<_> = cast.others().map(|(_, grant)| grant).collect();
            header.grant = match campaign.random.random_range(0..6) {
                0 => EntryId::ZERO,
                1 => EntryId(chance(&mut campaign.random)),
                2 => cast.administrator.grant,
                3 => cast.state.founding().expect("a realm"),
                4 => *one_of(&mut campaign.random, &campaign.names.statements),
                _ => *one_of(&mut campaign.random, &others),
            };
        });
    }

    /// Somebody of the unit who may not say that.
    pub(super) fn other_role(&mut self, draft: &mut Draft) {
        let people = [&self.cast.cashier, &self.cast.viewer, &self.cast.machine];
        let insider: Insider = (*one_of(&mut self.random, &people)).clone();
        let header = self.cast.header(&insider, draft.id, Nonce(chance(&mut self.random)));
        let event = approved(self.names.now_ms);
        let base = draft.base(&mut self.random);
        let ready = draft.ready(&header, &base, &event);
        let bytes = sealed(ready.header, &ready.payload, &insider.key);
        self.add(Planted::of("another role", Must::NotCount, bytes, draft.id));
    }

    /// The same author and nonce a second time.
    pub(super) fn same_nonce(&mut self, draft: &mut Draft) {
        let own = self.cast.clerk.key.public();
        let own = draft.taken.iter().filter(|(author, _)| *author == own);
        let nonces: Vec<Nonce> = own.map(|(_, nonce)| *nonce).collect();
        let Some(nonce) = nonces.choose(&mut self.random).copied() else { return };
        let header = self.cast.header(&self.cast.clerk, draft.id, nonce);
        // The desk's own tools refuse to write it: the actor is taken. Another dossier's do not.
        let mut free = draft.clone();
        free.history = self.without(draft, header.actor());
        let versions = free.history.heads();
        if versions.is_empty() {
            return;
        }
        let ready = free.ready(&header, &versions, &noted("lần hai"));
        self.plant_header(("a nonce repeated", Must::Agree), draft, ready.header, &ready.payload);
    }

    pub(super) fn other_realm(&mut self, draft: &mut Draft) {
        self.changed(("another realm", Must::NotCount), draft, |campaign, header| {
            let zero = campaign.random.random();
            header.realm = if zero { Realm::ZERO } else { Realm(chance(&mut campaign.random)) };
        });
    }

    /// In the name of somebody else, signed with the own key or with noise.
    pub(super) fn other_author(&mut self, draft: &mut Draft) {
        let Ready { mut header, payload, .. } = self.honest(draft);
        let others: Vec<_> = self.cast.others().collect();
        let key: SigningKey = match self.random.random_range(0..4) {
            0 => {
                (header.author, header.grant) = *one_of(&mut self.random, &others);
                self.cast.clerk.key.clone()
            }
            1 => {
                header.author = hoso_identity::PublicKey(SMALL_ORDER);
                self.cast.clerk.key.clone()
            }
            2 => {
                header.author = self.cast.stranger.public();
                self.cast.stranger.clone()
            }
            _ => self.cast.stranger.clone(),
        };
        let payload = self.under(draft, &header, &payload);
        let mut bytes = sealed(header, &payload, &key);
        if self.random.random_ratio(1, 4) {
            let at = bytes.len() - self.random.random_range(1..=64);
            bytes[at] ^= 1 << self.random.random_range(0..8);
        }
        self.add(Planted::of("another author", Must::NotCount, bytes, draft.id));
    }

    /// A payload that the header does not name.
    pub(super) fn other_payload(&mut self, draft: &mut Draft) {
        let Ready { mut header, payload, .. } = self.honest(draft);
        let other = self.honest(draft).payload;
        header.payload = PayloadHash::of(&other);
        let bytes = sealed_raw(&header.encode(), &payload, &self.cast.clerk.key);
        self.add(Planted::of("another payload", Must::NotCount, bytes, draft.id));
    }

    /// The header's own bytes, signed as they are.
    pub(super) fn header_bytes(&mut self, draft: &mut Draft) {
        let Ready { mut header, payload, .. } = self.honest(draft);
        header.payload = PayloadHash::of(&payload);
        let mut raw = header.encode();
        let before = raw.clone();
        damage::damage_bytes(&mut self.random, &mut raw);
        // A turned bit of the kind may name one that this version does not know.
        let must = match Header::decode(&raw) {
            Ok((read, _)) if raw == before || read.kind != header.kind => Must::Agree,
            Ok(_) | Err(_) => Must::NotCount,
        };
        let bytes = sealed_raw(&raw, &payload, &self.cast.clerk.key);
        self.add(Planted::of("bytes of a header", must, bytes, draft.id));
    }

    /// An entry of somebody else, sent once more; a journal holds each one once.
    pub(super) fn replayed(&mut self, draft: &mut Draft) {
        let Some(bytes) = self.heard.pop() else { return };
        self.add(Planted::of("sent again", Must::Agree, bytes, draft.id));
    }

    /// The change written anew under the actor of this header.
    fn under(&mut self, draft: &Draft, header: &Header, payload: &[u8]) -> Vec<u8> {
        let event = hoso_dossier::shape::read(payload).map(|change| change.event);
        let event = event.unwrap_or_else(|_| noted("thay"));
        draft.ready(header, &draft.history.heads(), &event).payload
    }

    /// The dossier's history up to the change of that actor.
    fn without(&self, draft: &Draft, actor: ActorId) -> hoso_dossier::History {
        let mut history = hoso_dossier::History::new();
        for change in draft.changes.iter().take_while(|change| change.actor != actor) {
            // Each was taken in before, upon the same ones.
            drop(history.take(change, change.actor));
        }
        history
    }
}
