//! A bounded map that forgets what was longest unused.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// Keeps at most `capacity` entries; the least recently used leaves first.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    entries: HashMap<K, (u64, V)>,
    by_use: BTreeMap<u64, K>,
    uses: u64,
    capacity: usize,
}

impl<K: Eq + Hash + Clone, V> Recent<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: HashMap::new(), by_use: BTreeMap::new(), uses: 0, capacity }
    }

    /// The entry, which thereby counts as used.
    pub(crate) fn get(&mut self, key: &K) -> Option<&mut V> {
        let (used, value) = self.entries.get_mut(key)?;
        self.uses += 1;
        self.by_use.remove(used);
        self.by_use.insert(self.uses, key.clone());
        *used = self.uses;
        Some(value)
    }

    /// Adds or replaces an entry.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.uses += 1;
        self.by_use.insert(self.uses, key.clone());
        if let Some((used, _)) = self.entries.insert(key, (self.uses, value)) {
            self.by_use.remove(&used);
        }
        while self.entries.len() > self.capacity {
            let Some((_, oldest)) = self.by_use.pop_first() else { return };
            self.entries.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;

    #[test]
    fn what_was_longest_unused_leaves_first() {
        let mut recent = Recent::new(2);
        recent.insert("a", 1);
        recent.insert("b", 2);
        assert_eq!(recent.get(&"a"), Some(&mut 1));
        recent.insert("c", 3);
        assert_eq!(["a", "b", "c"].map(|key| recent.get(&key).copied()), [Some(1), None, Some(3)]);
        recent.insert("a", 9);
        recent.insert("d", 4);
        assert_eq!(["a", "c", "d"].map(|key| recent.get(&key).copied()), [Some(9), None, Some(4)]);
    }
}
