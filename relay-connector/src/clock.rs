//! The time of day, as an argument.

use std::sync::Arc;
use std::time::SystemTime;

use relay_auth::UnixSeconds;

/// Tells the time that tokens are checked and minted at.
pub type Clock = Arc<dyn Fn() -> UnixSeconds + Send + Sync>;

/// The machine's own clock.
pub fn system_clock() -> Clock {
    Arc::new(|| UnixSeconds::from_system(SystemTime::now()))
}
