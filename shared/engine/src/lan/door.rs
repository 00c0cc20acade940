//! Who may stand at the door: a few of each address that have not proved yet that they belong here.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Conversations of one address at most that have not shown a key of the unit.
const UNPROVED_MAX: usize = 4;

/// The door. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Door(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// A place at the door, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    door: Door,
    address: IpAddr,
}

impl Door {
    /// A place for whoever comes from there, if not too many of that address stand here.
    pub(super) fn enter(&self, from: SocketAddr) -> Option<Place> {
        let address = from.ip().to_canonical();
        let mut standing = self.standing();
        let count = standing.entry(address).or_default();
        (*count < UNPROVED_MAX).then(|| {
            *count = count.saturating_add(1);
            Place { door: self.clone(), address }
        })
    }

    fn standing(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut standing = self.door.standing();
        let left = standing.get(&self.address).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            standing.remove(&self.address);
        } else {
            standing.insert(self.address, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_of_one_address_take_a_few_places_and_leave_the_others_to_other_addresses() {
        let door = Door::default();
        let of = |text: &str| text.parse::<SocketAddr>().unwrap();
        let mut strangers: Vec<Place> = (1..=20_u16)
            .filter_map(|port| door.enter((of("10.0.0.9:1").ip(), port).into()))
            .collect();
        assert_eq!(strangers.len(), UNPROVED_MAX);
        assert!(door.enter(of("[::ffff:10.0.0.9]:7")).is_none(), "the same address");
        let other = door.enter(of("10.0.0.12:4434"));
        assert!(other.is_some());
        strangers.pop();
        assert!(door.enter(of("10.0.0.9:8")).is_some(), "a place that was given back");
        drop((strangers, other));
        assert!(door.standing().is_empty(), "nothing is kept of who has gone");
    }
}
