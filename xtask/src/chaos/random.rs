//! Numbers that a seed decides.

/// `SplitMix64`: small, fast, and the same everywhere.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator of its own for one part of a run, so that the parts do not shift each other's numbers.
    pub(crate) fn fork(&self, part: u64) -> Self {
        let mut fork = Self(self.0 ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        fork.next();
        fork
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A number from `first` to `last`, both among them.
    pub(crate) fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    fn numbers(mut random: Random) -> Vec<u64> {
        (0..5).map(|_| random.below(1000)).collect()
    }

    #[test]
    fn a_seed_decides_every_number_and_each_part_has_its_own() {
        let random = Random::new(7);
        assert_eq!(numbers(random.clone()), numbers(Random::new(7)));
        assert_eq!(numbers(random.fork(1)), numbers(random.fork(1)));
        assert_ne!(numbers(random.fork(1)), numbers(random.fork(2)));
        assert_ne!(numbers(random.clone()), numbers(Random::new(8)));
    }

    #[test]
    fn bounds_hold() {
        let mut random = Random::new(1);
        assert!((0..1000).all(|_| (3..=5).contains(&random.between(3, 5))));
        assert_eq!(random.between(9, 9), 9);
    }
}
