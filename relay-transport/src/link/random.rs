//! Randomness that nobody needs to be unable to guess.

use std::hash::{BuildHasher, RandomState};

/// Where jitter and request ids come from: a number uniform over all of `u64`. It guards nothing.
pub type Randomness = fn() -> u64;

/// The standard library's per-map hash keys, which the system seeded, put through their hash once.
pub(crate) fn from_the_system() -> u64 {
    RandomState::new().hash_one(0_u8)
}

#[cfg(test)]
mod tests {
    use super::from_the_system;

    #[test]
    fn no_two_numbers_are_the_same() {
        let numbers: std::collections::HashSet<u64> = (0..100).map(|_| from_the_system()).collect();
        assert_eq!(numbers.len(), 100);
    }
}
