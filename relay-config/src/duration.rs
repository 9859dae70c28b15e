//! Durations as people write them.

use std::time::Duration;

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// No number with a unit.
    #[error("the value must be a time with its unit, such as 30s, 15m or 2h")]
    Unreadable,
    /// Shorter or longer than is of use.
    #[error("the value must be between {} and {}", humantime::format_duration(*least), humantime::format_duration(*most))]
    OutOfRange {
        /// The shortest there can be.
        least: Duration,
        /// The longest there can be.
        most: Duration,
    },
}

/// Reads a time such as `90s`, `15m` or `1h 30m`.
pub fn duration(text: &str, least: Duration, most: Duration) -> Result<Duration, DurationError> {
    let duration = humantime::parse_duration(text.trim()).map_err(|_| DurationError::Unreadable)?;
    if (least..=most).contains(&duration) {
        Ok(duration)
    } else {
        Err(DurationError::OutOfRange { least, most })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{DurationError, duration};

    #[test]
    fn a_time_has_a_unit_and_bounds() {
        let (least, most) = (Duration::from_secs(1), Duration::from_hours(1));
        let read = |text| duration(text, least, most);
        assert_eq!(read("15m"), Ok(Duration::from_mins(15)));
        assert_eq!(read(" 1m 30s "), Ok(Duration::from_secs(90)));
        for text in ["15", "soon", "-1s", "", "99999999999999999999y"] {
            assert_eq!(read(text), Err(DurationError::Unreadable), "{text}");
        }
        for text in ["10ms", "2h"] {
            let error = read(text).expect_err("out of its bounds").to_string();
            assert_eq!(error, "the value must be between 1s and 1h", "{text}");
        }
    }
}
