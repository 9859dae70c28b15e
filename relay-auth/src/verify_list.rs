//! The secrets that a signature may come from while one of them is being rotated out.

use crate::secret::Secret;

/// Secrets in the order they are tried: the primary, then the secondary.
///
/// An empty secret is left out: everybody could sign with it. A list without secrets verifies nothing.
/// `Debug` shows how many there are and no more.
#[derive(Clone, Debug, Default)]
pub struct VerifyList {
    secrets: Vec<Secret>,
}

impl VerifyList {
    /// A list of one.
    pub fn new(primary: Secret) -> Self {
        [primary].into_iter().collect()
    }

    /// Adds the secret that is being rotated out, or in.
    #[must_use]
    pub fn with_secondary(mut self, secondary: Secret) -> Self {
        self.extend([secondary]);
        self
    }

    /// The secrets, primary first.
    pub fn secrets(&self) -> &[Secret] {
        &self.secrets
    }
}

impl FromIterator<Secret> for VerifyList {
    fn from_iter<I: IntoIterator<Item = Secret>>(secrets: I) -> Self {
        let mut list = Self::default();
        list.extend(secrets);
        list
    }
}

impl Extend<Secret> for VerifyList {
    fn extend<I: IntoIterator<Item = Secret>>(&mut self, secrets: I) {
        self.secrets.extend(secrets.into_iter().filter(|secret| !secret.is_empty()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primary_comes_first() {
        let list = VerifyList::new(Secret::new("new")).with_secondary(Secret::new("old"));
        let texts: Vec<&str> = list.secrets().iter().map(Secret::expose).collect();
        assert_eq!(texts, ["new", "old"]);
    }

    #[test]
    fn an_empty_secret_never_enters_a_list() {
        let list = VerifyList::new(Secret::new("")).with_secondary(Secret::new(""));
        assert!(list.secrets().is_empty());
    }

    #[test]
    fn debug_shows_no_secret() {
        let list = VerifyList::new(Secret::new("hunter2")).with_secondary(Secret::new("hunter1"));
        let shown = format!("{list:?}");
        assert!(!shown.contains("hunter"), "{shown}");
    }
}
