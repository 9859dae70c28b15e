//! The key that credentials in the file are sealed with.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use relay_auth::Secret;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::Tenant;

/// The length of a key, in bytes.
const KEY: usize = 32;

/// Seals follow-up credentials, so that the database file and its copies hold none in the clear.
///
/// It is not worth more than the place it is kept in: beside the file it guards copies of the file, and from elsewhere also
/// the machine's disk.
#[derive(Clone)]
pub struct VaultKey(LessSafeKey);

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a vault key is 64 hexadecimal digits; `openssl rand -hex 32` makes one")]
#[non_exhaustive]
pub struct VaultKeyError;

/// What a credential belongs to. It is sealed with it, so that nobody can move one to another conversation.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) platform: &'a str,
    pub(super) tenant: &'a str,
    pub(super) session: &'a str,
}

impl VaultKey {
    /// The key of 64 hexadecimal digits, with white space around them or not.
    ///
    /// # Errors
    /// It is something else.
    pub fn from_hex(text: &str) -> Result<Self, VaultKeyError> {
        let digits = text.trim();
        if digits.len() != 2 * KEY || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(VaultKeyError);
        }
        let mut bytes = [0; KEY];
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).map_err(|_| VaultKeyError)?;
        }
        Ok(Self(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| VaultKeyError)?)))
    }

    /// The key in the file beside this database, which is made for its owner alone if need be.
    pub(super) fn beside(database: &Path) -> io::Result<Self> {
        let path = Self::path(database);
        match fs::read_to_string(&path) {
            Ok(text) => {
                return Self::from_hex(&text).map_err(|error| {
                    let remedy = "remove the file, and people's last commands cannot be answered any more";
                    io::Error::new(ErrorKind::InvalidData, format!("{}: {error}; {remedy}", path.display()))
                });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut bytes = [0; KEY];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| io::Error::other("the machine gives no randomness"))?;
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        let text: String = digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
        // Written whole or not at all, and only once: two programs may look at the same time.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let temporary = tempfile::Builder::new()
            .prefix(".vault-key-")
            .make_in(folder, |path| OpenOptions::new().write(true).create_new(true).mode(0o600).open(path))?;
        temporary.as_file().write_all(text.as_bytes())?;
        temporary.as_file().sync_all()?;
        match temporary.persist_noclobber(&path) {
            Ok(_) => Self::from_hex(&text).map_err(io::Error::other),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Self::beside(database),
            Err(error) => Err(error.error),
        }
    }

    /// Where that file is.
    pub(super) fn path(database: &Path) -> PathBuf {
        let mut name = database.as_os_str().to_owned();
        name.push(".vault-key");
        name.into()
    }

    /// Seals a credential for its place. `None` where the machine gives no randomness.
    pub(super) fn seal(&self, secret: &Secret, place: Place<'_>) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut text = secret.expose().as_bytes().to_vec();
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), place.bound(), &mut text)
            .ok()?;
        Some([&nonce, text.as_slice(), tag.as_ref()].concat())
    }

    /// What was sealed for this place; `None` where that was done with another key, or for another place.
    pub(super) fn open(&self, sealed: &[u8], place: Place<'_>) -> Option<Secret> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut text = text.to_vec();
        let opened =
            self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), place.bound(), &mut text).ok()?;
        Some(Secret::new(String::from_utf8(opened.to_vec()).ok()?))
    }
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey([redacted])")
    }
}

impl<'a> Place<'a> {
    pub(super) fn new(platform: &'a str, tenant: &'a Tenant, session: &'a str) -> Self {
        Self { platform, tenant: tenant.as_str(), session }
    }

    /// Each part with its length, so that no two places look the same.
    fn bound(self) -> Aad<Vec<u8>> {
        let parts = [self.platform, self.tenant, self.session];
        let part = |part: &str| [&(part.len() as u64).to_be_bytes(), part.as_bytes()].concat();
        Aad::from(parts.map(part).concat())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use relay_auth::Secret;

    use super::{Place, VaultKey, VaultKeyError};

    const PLACE: Place<'_> =
        Place { platform: "discord", tenant: "home", session: "agent:main:discord:dm:c1" };

    #[test]
    fn what_is_sealed_opens_with_its_key_at_its_place_and_nowhere_else() {
        let key = VaultKey::from_hex(&"ab".repeat(32)).unwrap();
        let sealed = key.seal(&Secret::new("hush"), PLACE).unwrap();
        assert!(!sealed.windows(4).any(|part| part == b"hush"));
        assert_eq!(key.open(&sealed, PLACE).unwrap().expose(), "hush");
        assert_ne!(
            key.seal(&Secret::new("hush"), PLACE).unwrap(),
            sealed,
            "each seal has a nonce of its own"
        );

        let other = VaultKey::from_hex(&"ac".repeat(32)).unwrap();
        assert!(other.open(&sealed, PLACE).is_none());
        for place in [
            Place { tenant: "work", ..PLACE },
            Place { platform: "slack", ..PLACE },
            Place { platform: "discordh", tenant: "ome", ..PLACE },
        ] {
            assert!(key.open(&sealed, place).is_none());
        }
        for cut in 0..sealed.len() {
            assert!(key.open(&sealed[..cut], PLACE).is_none());
        }
    }

    #[test]
    fn the_file_beside_the_database_is_its_owners_alone_and_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("connector.db");
        let sealed = VaultKey::beside(&database).unwrap().seal(&Secret::new("hush"), PLACE).unwrap();
        assert_eq!(VaultKey::beside(&database).unwrap().open(&sealed, PLACE).unwrap().expose(), "hush");
        let files: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(files, [folder.path().join("connector.db.vault-key")]);
        assert_eq!(std::fs::metadata(&files[0]).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&files[0], "").unwrap();
        let error = VaultKey::beside(&database).unwrap_err().to_string();
        assert!(
            error.contains("connector.db.vault-key") && error.contains("64 hexadecimal digits"),
            "{error}"
        );
    }

    #[test]
    fn a_key_has_a_length_and_shows_nothing() {
        let digits = "0f".repeat(32);
        assert_eq!(
            format!("{:?}", VaultKey::from_hex(&format!(" {digits}\n")).unwrap()),
            "VaultKey([redacted])"
        );
        for text in ["", "0f", &"zz".repeat(32), &"+f".repeat(32), &"ä".repeat(32)] {
            assert_eq!(VaultKey::from_hex(text).err(), Some(VaultKeyError), "{text}");
        }
    }
}
