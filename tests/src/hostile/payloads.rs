//! Mutations of the change itself; the entry around it is right.

use automerge::{
    Automerge, ObjType, ROOT,
    transaction::{CommitOptions, Transactable},
};
use hoso_dossier::Value;
use hoso_identity::{DocumentId, PAYLOAD_BYTES_MAX};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;

use super::{
    anatomy::sealed,
    campaign::Campaign,
    damage,
    events::noted,
    forge::{Draft, Must, Planted, Ready, heading, one_of},
};

impl Campaign {
    /// An event as it should be, by the clerk.
    pub(super) fn honest(&mut self, draft: &mut Draft) -> Ready {
        let event = if self.only_remarks {
            noted("Đã gọi điện")
        } else {
            self.names.any(&mut self.random, &draft.hashes)
        };
        self.ready(draft, &event)
    }

    /// That event by the clerk, upon some version.
    pub(super) fn ready(&mut self, draft: &Draft, event: &Value) -> Ready {
        let header = heading(&self.cast, &self.cast.clerk, draft, &mut self.random);
        let base = draft.base(&mut self.random);
        draft.ready(&header, &base, event)
    }

    /// Seals a payload under the clerk's right header; the draft takes it if it has a shape.
    pub(super) fn plant(
        &mut self,
        sort: &'static str,
        draft: &mut Draft,
        ready: &Ready,
        payload: &[u8],
    ) {
        draft.takes(&ready.header, payload);
        let key = &self.cast.clerk.key;
        let bytes = super::forge::sealed(ready.header.clone(), payload, key);
        self.add(Planted::of(sort, Must::Agree, bytes, draft.id));
    }

    pub(super) fn honest_event(&mut self, draft: &mut Draft) {
        let ready = self.honest(draft);
        self.plant("honest event", draft, &ready, &ready.payload);
    }

    pub(super) fn event_values(&mut self, draft: &mut Draft) {
        let event = self.names.any(&mut self.random, &draft.hashes);
        let event = self.names.mutated(&mut self.random, &event);
        let ready = self.ready(draft, &event);
        self.plant("values of an event", draft, &ready, &ready.payload);
    }

    pub(super) fn change_bytes(&mut self, draft: &mut Draft) {
        let ready = self.honest(draft);
        let payload = damage::in_bytes(&mut self.random, &ready.payload);
        self.plant("bytes of a change", draft, &ready, &payload);
    }

    pub(super) fn change_columns(&mut self, draft: &mut Draft) {
        let ready = self.honest(draft);
        let payload = damage::in_columns(&mut self.random, &ready.payload);
        self.plant("columns of a change", draft, &ready, &payload);
    }

    pub(super) fn change_operations(&mut self, draft: &mut Draft) {
        let ready = self.honest(draft);
        let payload = damage::in_operations(&mut self.random, &ready.payload, draft.first);
        self.plant("operations of a change", draft, &ready, &payload);
    }

    /// Chunks of other types, noise, and a chunk that keeps Automerge busy for ever.
    pub(super) fn no_change(&mut self, draft: &mut Draft) {
        let ready = self.honest(draft);
        let mut noise = vec![0; self.random.random_range(0..400)];
        self.random.fill_bytes(&mut noise);
        let hang = include_bytes!("../../../shared/dossier/testdata/automerge-bundle-hang.bin");
        let payload = match self.random.random_range(0..6) {
            0 => noise,
            1 => sealed(self.random.random_range(0..5), &noise),
            2 => hang.to_vec(),
            3 => automerge::Change::try_from(ready.payload.as_slice())
                .map(|mut change| change.bytes().into_owned())
                .unwrap_or_default(),
            4 => document(&mut self.random),
            _ => [ready.payload.as_slice(), &ready.payload].concat(),
        };
        self.plant("no change", draft, &ready, &payload);
    }

    /// What is as large as it may be, and a little larger.
    pub(super) fn large(&mut self, draft: &mut Draft) {
        let text = |length: usize| noted(&"n".repeat(length));
        let event = match self.random.random_range(0..4) {
            0 => text(PAYLOAD_BYTES_MAX - 400),
            1 => long(self.random.random_range(240..253)),
            2 => many(self.random.random_range(240..253)),
            _ => text(2_000),
        };
        let ready = self.ready(draft, &event);
        let mut payload = ready.payload.clone();
        if self.random.random_ratio(1, 4) {
            payload.resize(PAYLOAD_BYTES_MAX + self.random.random_range(0..3), 0);
        }
        let sort = "as large as possible";
        if payload.len() > PAYLOAD_BYTES_MAX {
            let bytes = super::forge::sealed(ready.header, &payload, &self.cast.clerk.key);
            self.add(Planted::of(sort, Must::NotCount, bytes, draft.id));
        } else {
            self.plant(sort, draft, &ready, &payload);
        }
    }

    /// Numbers of operations near 2^32, and other places of a change where no number belongs.
    pub(super) fn numbers(&mut self, draft: &mut Draft) {
        let ready = self.honest(draft);
        let high = [u64::from(u32::MAX) - 3, u64::from(u32::MAX), u64::MAX >> 1, 1, 2];
        let start = *one_of(&mut self.random, &high);
        let which = self.random.random_range(0..3);
        let payload = damage::rewritten(&ready.payload, |change| match which {
            0 => change.start_op = start.try_into().unwrap_or(change.start_op),
            1 => change.seq = start,
            _ => change.time = i64::MAX,
        });
        self.plant("numbers of a change", draft, &ready, &payload);
    }

    /// An event that rests on one which nobody has.
    pub(super) fn orphan(&mut self, draft: &mut Draft) {
        let mut hidden = draft.clone();
        let first = self.honest(&mut hidden);
        if hidden.takes(&first.header, &first.payload) {
            let event = noted("mồ côi");
            let header = heading(&self.cast, &self.cast.clerk, draft, &mut self.random);
            let ready = hidden.ready(&header, &[first.change.hash], &event);
            let bytes = super::forge::sealed(ready.header, &ready.payload, &self.cast.clerk.key);
            self.add(Planted::of("orphan", Must::NotCount, bytes, draft.id));
        }
    }

    /// A second first change in a dossier that has one, and a later one as another's first.
    pub(super) fn second_first(&mut self, draft: &mut Draft) {
        let event = self.names.first(&mut self.random);
        let header = heading(&self.cast, &self.cast.clerk, draft, &mut self.random);
        let ready = if self.random.random() {
            let mut ready = Draft::default().ready(&header, &[], &event);
            ready.header.document = draft.id;
            ready
        } else {
            let mut ready = draft.ready(&header, &draft.history.heads(), &event);
            ready.header.document = DocumentId::ZERO;
            ready
        };
        let bytes = super::forge::sealed(ready.header, &ready.payload, &self.cast.clerk.key);
        self.add(Planted::of("second beginning", Must::NotCount, bytes, draft.id));
    }
}

/// A whole Automerge document.
fn document(random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut document = Automerge::new();
    let mut transaction = document.transaction();
    let events = transaction.put_object(ROOT, "events", ObjType::Map).expect("a map");
    let number: i64 = random.random();
    transaction.put(&events, "n", number).expect("a value");
    transaction.commit_with(CommitOptions::default().with_time(0));
    document.save()
}

/// An event with a list of so many items.
fn long(items: usize) -> Value {
    let mut event = noted("dài").as_map().cloned().unwrap_or_default();
    event.insert("list".to_owned(), Value::List(vec![Value::Int(1); items]));
    Value::Map(event)
}

/// An event of so many parts.
fn many(parts: usize) -> Value {
    let mut event = noted("nhiều").as_map().cloned().unwrap_or_default();
    event.extend((0..parts).map(|part| (format!("p{part}"), Value::Null)));
    Value::Map(event)
}
