//! Ids that pair an action with its result.

use std::sync::atomic::{AtomicU64, Ordering};

use relay_wire::RequestId;

/// Mints ids that no other process and no earlier connection has used: 8 hex digits drawn once, a dash and a
/// counter.
#[derive(Debug)]
pub(crate) struct RequestIds {
    prefix: u32,
    next: AtomicU64,
}

impl RequestIds {
    /// `random` is uniform over all of `u64`.
    pub(crate) fn new(random: u64) -> Self {
        let prefix = u32::try_from(random >> 32).unwrap_or_default();
        Self { prefix, next: AtomicU64::new(1) }
    }

    pub(crate) fn mint(&self) -> RequestId {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        RequestId::new(format!("{:08x}-{number}", self.prefix)).expect("it has a hyphen")
    }
}

#[cfg(test)]
mod tests {
    use super::RequestIds;

    #[test]
    fn an_id_is_eight_hex_digits_a_dash_and_a_counter() {
        let ids = RequestIds::new(0x0000_abcd_1234_5678);
        assert_eq!(ids.mint().as_str(), "0000abcd-1");
        assert_eq!(ids.mint().as_str(), "0000abcd-2");
    }
}
