//! The calls of one client that have not ended, and what is kept for each.
//!
//! A client counts its calls, so those that have not ended have numbers near each other, and each has a place of its own
//! in a table: no hashing, and neighbours in time are neighbours in memory. A call whose place is taken, because another
//! has not ended for very long or because the client does not count, stands in a map.

use crate::maps::Map;

const PLACES_MIN: usize = 8;

pub(crate) struct Calls<T> {
    /// A power of two, and no fewer than there are calls. A call's place is its number modulo that.
    places: Vec<Option<(u64, T)>>,
    elsewhere: Map<u64, T>,
    count: usize,
}

impl<T> Default for Calls<T> {
    fn default() -> Calls<T> {
        Calls { places: Vec::new(), elsewhere: Map::default(), count: 0 }
    }
}

impl<T> Calls<T> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What is kept for a call.
    pub(crate) fn get(&self, call: u64) -> Option<&T> {
        match self.places.get(self.place_of(call)) {
            Some(Some((standing, kept))) if *standing == call => Some(kept),
            _ if self.elsewhere.is_empty() => None,
            _ => self.elsewhere.get(&call),
        }
    }

    /// Keeps something for a call. No other call that has not ended has its number.
    pub(crate) fn insert(&mut self, call: u64, kept: T) {
        if self.count == self.places.len() {
            self.grow();
        }
        self.count += 1;
        self.put(call, kept);
    }

    /// The call has ended; what was kept for it.
    pub(crate) fn remove(&mut self, call: u64) -> Option<T> {
        let place = self.place_of(call);
        let removed = match self.places.get_mut(place) {
            Some(here) if here.as_ref().is_some_and(|(standing, _)| *standing == call) => {
                here.take().map(|(_, kept)| kept)
            }
            _ => self.elsewhere.remove(&call),
        };
        self.count -= usize::from(removed.is_some());
        removed
    }

    /// What is kept for each, in no order that means anything.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.places.iter().flatten().map(|(_, kept)| kept).chain(self.elsewhere.values())
    }

    /// All calls and what is kept for each, in no order that means anything.
    pub(crate) fn into_entries(self) -> impl Iterator<Item = (u64, T)> {
        self.places.into_iter().flatten().chain(self.elsewhere)
    }

    fn place_of(&self, call: u64) -> usize {
        call as usize & self.places.len().wrapping_sub(1)
    }

    fn put(&mut self, call: u64, kept: T) {
        let place = self.place_of(call);
        match &mut self.places[place] {
            free @ None => *free = Some((call, kept)),
            Some(_) => {
                self.elsewhere.insert(call, kept);
            }
        }
    }

    #[cold]
    fn grow(&mut self) {
        let room = (self.places.len() * 2).max(PLACES_MIN);
        let places = std::iter::repeat_with(|| None).take(room).collect();
        let before = std::mem::replace(&mut self.places, places);
        let elsewhere = std::mem::take(&mut self.elsewhere);
        before.into_iter().flatten().chain(elsewhere).for_each(|(call, kept)| self.put(call, kept));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::collections::btree_map::Entry;

    /// Counted ones, some that want the same place, and any.
    fn numbers() -> impl Strategy<Value = u64> {
        prop_oneof![0_u64..40, (0_u64..4).prop_map(|far| far << 20), any::<u64>()]
    }

    proptest! {
        #[test]
        fn every_call_is_found_until_it_ends_whatever_numbers_a_client_uses(
            steps in prop::collection::vec((numbers(), any::<bool>()), 0..400),
        ) {
            let (mut calls, mut model) = (Calls::default(), BTreeMap::new());
            for (step, (call, ends)) in steps.into_iter().enumerate() {
                if ends {
                    prop_assert_eq!(calls.remove(call), model.remove(&call));
                } else if let Entry::Vacant(free) = model.entry(call) {
                    calls.insert(call, step);
                    free.insert(step);
                }
                prop_assert_eq!(calls.get(call), model.get(&call));
                prop_assert_eq!(calls.len(), model.len());
                prop_assert_eq!(calls.values().count(), model.len());
            }
            prop_assert_eq!(calls.into_entries().collect::<BTreeMap<_, _>>(), model);
        }
    }

    #[test]
    fn calls_that_are_counted_need_no_map() {
        let mut calls = Calls::default();
        for call in 1..10_000 {
            calls.insert(call, ());
            if call > 100 {
                calls.remove(call - 100);
            }
        }
        assert_eq!((calls.count, calls.places.len(), calls.elsewhere.len()), (100, 128, 0));
    }
}
