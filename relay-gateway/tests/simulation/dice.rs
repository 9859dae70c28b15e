//! All chance in a run: numbers that follow from the seed alone.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::time::Duration;

use relay_runtime::Random;

/// A stream of numbers (`SplitMix64`). Streams of different labels know nothing of each other, so that one that is
/// asked more often does not change what another answers.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64, label: &str) -> Self {
        let mut dice = Self(seed);
        for byte in label.bytes() {
            dice.0 = dice.next() ^ u64::from(byte);
        }
        dice
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        let size = range.end() - range.start() + 1;
        range.start() + self.next() % size
    }

    pub fn millis(&mut self, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    /// True once in `times`, on average.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let index = self.next() % from.len() as u64;
        from[usize::try_from(index).expect("an index of the slice")]
    }
}

thread_local! {
    /// What the link draws its jitter and request ids from.
    static LINK: RefCell<Dice> = const { RefCell::new(Dice(0)) };
}

/// Begins the link's randomness anew, for a run on this thread.
pub fn seed_link(seed: u64) {
    LINK.set(Dice::new(seed, "link"));
}

/// The randomness of the link of this thread.
pub fn link() -> Random {
    Random::from_fn(|bytes| {
        bytes.copy_from_slice(&for_link().to_le_bytes());
        Ok(())
    })
}

/// The next number of it.
pub fn for_link() -> u64 {
    LINK.with_borrow_mut(Dice::next)
}
