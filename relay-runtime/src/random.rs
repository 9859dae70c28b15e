//! Randomness, as an argument.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use relay_auth::{RandomFailed, Secret};
use ring::rand::{SecureRandom as _, SystemRandom};

/// Makes secrets, ids and jitter.
///
/// Secrets are as good as their source: whatever stands in for the system's makes them predictable, so nothing
/// but a test or a simulation should.
#[derive(Clone)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    System(SystemRandom),
    Seeded(Arc<Mutex<SplitMix>>),
    Given(Fill),
}

type Fill = Arc<dyn Fn(&mut [u8]) -> Result<(), RandomFailed> + Send + Sync>;

impl Random {
    /// The machine's own.
    pub fn system() -> Self {
        Self(Source::System(SystemRandom::new()))
    }

    /// A source that gives the same from the same seed. Its clones draw from one stream.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(SplitMix(seed)))))
    }

    /// A source of somebody else's, which fills a buffer.
    pub fn from_fn(fill: impl Fn(&mut [u8]) -> Result<(), RandomFailed> + Send + Sync + 'static) -> Self {
        Self(Source::Given(Arc::new(fill)))
    }

    /// Fills a buffer, fit for secrets.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomFailed> {
        match &self.0 {
            Source::System(system) => system.fill(bytes).map_err(|_| RandomFailed),
            Source::Seeded(stream) => {
                stream.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
                Ok(())
            }
            Source::Given(fill) => fill(bytes),
        }
    }

    /// A number uniform over all of `u64`, for what guards nothing: jitter, request ids. It never fails and asks
    /// the system for nothing.
    pub fn number(&self) -> u64 {
        let mut bytes = [0; 8];
        match &self.0 {
            Source::Seeded(_) | Source::Given(_) if self.fill(&mut bytes).is_ok() => {
                u64::from_le_bytes(bytes)
            }
            // The hash keys of the standard library's maps, which the system seeded and each map counts on.
            _ => RandomState::new().hash_one(0_u8),
        }
    }

    /// `BYTES` random bytes as lowercase hex digits, two for each.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn hex<const BYTES: usize>(&self) -> Result<Secret, RandomFailed> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut bytes = [0_u8; BYTES];
        self.fill(&mut bytes)?;
        // Reserved once: a string that grew would leave unzeroed copies of itself behind.
        let mut text = String::with_capacity(2 * BYTES);
        for byte in bytes {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        Ok(Secret::new(text))
    }

    /// A new secret, for a gateway or for enrollment tokens: 32 random bytes as 64 lowercase hex digits.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn secret(&self) -> Result<Secret, RandomFailed> {
        self.hex::<32>()
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Random {
    /// Names the source and nothing that could be drawn from it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.0 {
            Source::System(_) => "system",
            Source::Seeded(_) => "seeded",
            Source::Given(_) => "given",
        };
        f.debug_tuple("Random").field(&format_args!("{source}")).finish()
    }
}

/// `SplitMix64`: small, and as good as a test needs.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use relay_auth::RandomFailed;

    use super::Random;

    #[test]
    fn bytes_become_two_digits_each() {
        let random = Random::from_fn(|bytes| {
            bytes.copy_from_slice(&[0, 0x0f, 0xa9]);
            Ok(())
        });
        assert_eq!(random.hex::<3>().unwrap().expose(), "000fa9");
    }

    #[test]
    fn two_secrets_are_64_digits_each_and_not_the_same() {
        let random = Random::system();
        let (one, two) = (random.secret().unwrap(), random.secret().unwrap());
        assert_eq!(one.expose().len(), 64);
        assert!(!one.ct_eq(&two));
    }

    #[test]
    fn no_two_numbers_of_the_system_are_the_same() {
        let random = Random::default();
        assert_eq!((0..100).map(|_| random.number()).collect::<HashSet<_>>().len(), 100);
    }

    #[test]
    fn a_seed_repeats_itself_and_no_other_and_clones_share_its_stream() {
        let drawn = |random: &Random| {
            let mut bytes = [0; 13];
            random.fill(&mut bytes).unwrap();
            (random.number(), bytes, random.secret().unwrap().expose().to_owned())
        };
        let (one, again, other) = (Random::seeded(1), Random::seeded(1), Random::seeded(2));
        let first = drawn(&one);
        assert_eq!(first, drawn(&again));
        assert_ne!(first, drawn(&other));
        assert_ne!(first, drawn(&one.clone()), "the clone goes on where the first left off");
    }

    #[test]
    fn without_randomness_there_is_no_secret_but_still_a_number() {
        let random = Random::from_fn(|_| Err(RandomFailed));
        assert!(random.secret().is_err());
        assert_ne!(random.number(), random.number());
    }

    #[test]
    fn it_prints_nothing_that_could_be_drawn() {
        assert_eq!(format!("{:?}", Random::seeded(42)), "Random(seeded)");
        assert_eq!(format!("{:?}", Random::system()), "Random(system)");
    }
}
