//! Randomness, as an argument.

use std::sync::Arc;

use relay_auth::{RandomFailed, Secret};
use ring::rand::{SecureRandom as _, SystemRandom};

/// Fills a buffer with random bytes. Secrets and ids are made of them: whatever stands in for the system's
/// randomness makes them predictable, so nothing but a simulation should.
pub type Random = Arc<dyn Fn(&mut [u8]) -> Result<(), RandomFailed> + Send + Sync>;

/// The machine's own randomness.
pub fn system_random() -> Random {
    let system = SystemRandom::new();
    Arc::new(move |bytes| system.fill(bytes).map_err(|_| RandomFailed))
}

/// Random bytes as lowercase hex digits.
pub(crate) fn hex<const BYTES: usize>(random: &Random) -> Result<Secret, RandomFailed> {
    let mut bytes = [0_u8; BYTES];
    random(&mut bytes)?;
    // Written into a string of its final length: one that grew would leave unzeroed copies of itself behind.
    Ok(Secret::new(base16ct::lower::encode_string(&bytes)))
}

/// A new secret, for a gateway or for the enrollment tokens: 32 random bytes as 64 lowercase hex digits.
pub fn secret(random: &Random) -> Result<Secret, RandomFailed> {
    hex::<32>(random)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{hex, secret, system_random};

    #[test]
    fn bytes_become_two_digits_each() {
        let random: super::Random = Arc::new(|bytes| {
            bytes.copy_from_slice(&[0, 0x0f, 0xa9]);
            Ok(())
        });
        assert_eq!(hex::<3>(&random).unwrap().expose(), "000fa9");
    }

    #[test]
    fn two_secrets_are_64_digits_each_and_not_the_same() {
        let random = system_random();
        let (one, two) = (secret(&random).unwrap(), secret(&random).unwrap());
        assert_eq!(one.expose().len(), 64);
        assert!(!one.ct_eq(&two));
    }
}
