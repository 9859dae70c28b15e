//! The code that somebody shows to be let in.

use std::fmt;
use std::str::FromStr;

use relay_auth::RandomFailed;
use relay_runtime::Random;

/// Capitals and digits that are not taken for each other: 32, so that five bits make one.
const SYMBOLS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// How many of them a code has. 40 bits: whoever has the few tries that there are guesses none.
const LENGTH: usize = 8;

/// A code such as `K7QM-2XPA`. Small letters, blanks and another place of the hyphen mean the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PairingCode(String);

/// The text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no code; codes look like K7QM-2XPA: eight capitals and digits, without I, O, 0 and 1")]
pub struct PairingCodeError;

impl PairingCode {
    pub(crate) fn random(random: &Random) -> Result<Self, RandomFailed> {
        let mut bytes = [0; LENGTH];
        random.fill(&mut bytes)?;
        Ok(Self(bytes.iter().map(|byte| char::from(SYMBOLS[usize::from(byte % 32)])).collect()))
    }

    /// The code as it is kept and compared, and as a link carries it: without the hyphen.
    pub fn compact(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PairingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.0.split_at(LENGTH / 2);
        write!(f, "{first}-{second}")
    }
}

impl FromStr for PairingCode {
    type Err = PairingCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut code = String::new();
        for symbol in text.chars().filter(|symbol| *symbol != '-' && !symbol.is_whitespace()) {
            let symbol = symbol.to_ascii_uppercase();
            let is_symbol = u8::try_from(symbol).is_ok_and(|symbol| SYMBOLS.contains(&symbol));
            if !is_symbol || code.len() == LENGTH {
                return Err(PairingCodeError);
            }
            code.push(symbol);
        }
        if code.len() == LENGTH { Ok(Self(code)) } else { Err(PairingCodeError) }
    }
}

#[cfg(test)]
mod tests {
    use relay_runtime::Random;

    use super::PairingCode;

    #[test]
    fn a_code_is_read_as_people_write_it_and_nothing_else_is_one() {
        let code: PairingCode = "k7qm 2xpa".parse().unwrap();
        assert_eq!((code.to_string().as_str(), code.compact()), ("K7QM-2XPA", "K7QM2XPA"));
        for wrong in ["", "K7QM2XP", "K7QM2XPAA", "K7QM-2XP0", "K7QM-2XPÄ", "/pair K7QM-2XPA"] {
            assert!(wrong.parse::<PairingCode>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn made_codes_are_codes_and_differ() {
        let random = Random::system();
        let made: std::collections::BTreeSet<_> =
            (0..100).map(|_| PairingCode::random(&random).unwrap()).collect();
        assert_eq!(made.len(), 100);
        assert!(made.iter().all(|code| code.to_string().parse().as_ref() == Ok(code)));
    }
}
