//! Whether the machine was suspended.

use std::time::Duration;

use relay_auth::UnixSeconds;
use tokio::time::Instant;

/// How far the wall clock must have run ahead. Well above the second to which it is read, so that only a
/// suspension or a clock that was set counts; taking the latter for the former costs one early dial.
const JUMP: Duration = Duration::from_secs(5);

/// Compares two clocks: the monotonic one stands still while a machine is suspended, the wall clock does not.
#[derive(Debug)]
pub(crate) struct Thaw {
    wall: UnixSeconds,
    monotonic: Instant,
}

impl Thaw {
    pub(crate) fn since(wall: UnixSeconds, monotonic: Instant) -> Self {
        Self { wall, monotonic }
    }

    /// Whether the wall clock has run ahead since.
    pub(crate) fn happened(&self, wall: UnixSeconds, monotonic: Instant) -> bool {
        let by_wall = Duration::from_secs(wall.0.saturating_sub(self.wall.0));
        by_wall.saturating_sub(monotonic - self.monotonic) >= JUMP
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use relay_auth::UnixSeconds;
    use tokio::time::Instant;

    use super::Thaw;

    #[test]
    fn a_wall_clock_that_runs_ahead_is_a_thaw_and_one_that_does_not_is_none() {
        let start = Instant::now();
        let thaw = Thaw::since(UnixSeconds(1_000), start);
        // Seconds of the wall clock, seconds of the monotonic one, suspended.
        let table =
            [(0, 0, false), (1, 0, false), (61, 60, false), (4, 0, false), (5, 0, true), (3600, 1, true)];
        for (wall, monotonic, suspended) in table {
            let now = start + Duration::from_secs(monotonic);
            assert_eq!(thaw.happened(UnixSeconds(1_000 + wall), now), suspended, "{wall} {monotonic}");
        }
        assert!(!thaw.happened(UnixSeconds(0), start + Duration::from_mins(1)), "set back");
    }
}
