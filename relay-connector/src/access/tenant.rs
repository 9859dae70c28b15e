//! Who a gateway works for.

use std::fmt;

/// The longest tenant name, in bytes.
const MAX_LEN: usize = 256;

/// Names whoever owns a set of chats and the gateways that serve them. It may hold colons.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tenant(String);

/// Why a text is no tenant name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TenantError {
    /// Nothing in it.
    #[error("the tenant's name is blank; give it one, such as `home`")]
    Blank,
    /// More than 256 bytes.
    #[error("the tenant's name is longer than {MAX_LEN} bytes; choose a shorter one")]
    TooLong,
    /// A line break, an escape or the like.
    #[error("the tenant's name holds a control character; use visible ones only")]
    ControlCharacter,
}

impl Tenant {
    /// Takes a name.
    pub fn new(name: impl Into<String>) -> Result<Self, TenantError> {
        let name = name.into();
        if name.trim().is_empty() {
            return Err(TenantError::Blank);
        }
        if name.len() > MAX_LEN {
            return Err(TenantError::TooLong);
        }
        if name.contains(char::is_control) {
            return Err(TenantError::ControlCharacter);
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Tenant {
    /// `home`: the one tenant of a connector that serves one household or team.
    fn default() -> Self {
        Self("home".to_owned())
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Tenant {
    type Err = TenantError;

    fn from_str(name: &str) -> Result<Self, TenantError> {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Tenant, TenantError};

    #[test]
    fn a_name_may_hold_colons_but_neither_blanks_alone_nor_control_characters() {
        assert_eq!(Tenant::new("org:team").unwrap().as_str(), "org:team");
        assert_eq!(Tenant::new(" "), Err(TenantError::Blank));
        assert_eq!(Tenant::new("a\u{1b}[2J"), Err(TenantError::ControlCharacter));
        assert_eq!(Tenant::new("x".repeat(257)), Err(TenantError::TooLong));
    }
}
