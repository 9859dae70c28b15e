//! How far the updates of the bot were taken.

use std::time::Duration;

use relay_auth::UnixSeconds;
use relay_connector::{FrontStorage, StorageChanges, StoreError};

/// Where it is kept.
const KEY: &str = "offset";

/// After a week without updates Telegram numbers from anywhere: an offset that is nearly so old says nothing any more,
/// and what it stood for was forgotten after a day.
const GOOD_FOR: Duration = Duration::from_hours(6 * 24);

/// The number behind the last update that was taken, and when that was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offset {
    next: i64,
    at: UnixSeconds,
}

impl Offset {
    /// The one that was stored with the last update.
    pub(crate) async fn read(storage: &FrontStorage) -> Result<Self, StoreError> {
        let kept = storage.get(KEY).await?;
        Ok(kept.and_then(|kept| Self::parse(std::str::from_utf8(&kept).ok()?)).unwrap_or_default())
    }

    fn parse(text: &str) -> Option<Self> {
        let (next, at) = text.split_once(' ')?;
        Some(Self { next: next.parse().ok()?, at: UnixSeconds(at.parse().ok()?) })
    }

    /// What to ask with: 0 is everything that Telegram still has.
    pub(crate) fn to_ask(self, now: UnixSeconds) -> i64 {
        if now.0.saturating_sub(self.at.0) > GOOD_FOR.as_secs() { 0 } else { self.next }
    }

    /// The one behind an update that is taken now.
    pub(crate) fn behind(self, update: i64, now: UnixSeconds) -> Self {
        Self { next: self.to_ask(now).max(update + 1), at: now }
    }

    /// Has it stored.
    pub(crate) fn change(self) -> StorageChanges {
        StorageChanges::new().put(KEY, format!("{} {}", self.next, self.at.0))
    }
}

#[cfg(test)]
mod tests {
    use relay_auth::UnixSeconds;

    use super::Offset;

    #[test]
    fn an_offset_never_goes_back_but_after_a_week_without_updates() {
        let now = UnixSeconds(1_000_000);
        let taken = Offset::default().behind(7, now).behind(5, now);
        assert_eq!(taken.to_ask(now), 8);
        assert_eq!(taken.to_ask(UnixSeconds(now.0 + 6 * 86_400)), 8);
        let later = UnixSeconds(now.0 + 6 * 86_400 + 1);
        assert_eq!(taken.to_ask(later), 0);
        assert_eq!(taken.behind(3, later).to_ask(later), 4);
    }

    #[test]
    fn it_is_read_as_it_was_written_and_nonsense_is_none() {
        let offset = Offset { next: 8, at: UnixSeconds(9) };
        assert_eq!(Offset::parse("8 9"), Some(offset));
        for nonsense in ["", "8", "x 9", "8 x"] {
            assert_eq!(Offset::parse(nonsense), None, "{nonsense}");
        }
    }
}
