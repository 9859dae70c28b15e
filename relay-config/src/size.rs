//! Amounts of bytes as people write them.

/// Why a text is no amount of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SizeError {
    /// No number with a unit.
    #[error("the value must be an amount of bytes with its unit, such as 512KiB or 8MiB")]
    Unreadable,
    /// Less or more than is of use.
    #[error("the value must be between {} and {}", shown(*least), shown(*most))]
    OutOfRange {
        /// The least there can be, in bytes.
        least: u64,
        /// The most there can be, in bytes.
        most: u64,
    },
}

const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// Reads an amount such as `512KiB` or `8 MiB`, in bytes.
pub fn size(text: &str, least: u64, most: u64) -> Result<u64, SizeError> {
    let text = text.trim();
    let number = |(unit, bytes): (&str, u64)| {
        let cut = text.len().checked_sub(unit.len()).filter(|cut| text.is_char_boundary(*cut))?;
        let (number, end) = text.split_at(cut);
        if !end.eq_ignore_ascii_case(unit) {
            return None;
        }
        number.trim().parse::<u64>().ok()?.checked_mul(bytes)
    };
    let bytes = UNITS.into_iter().find_map(number).ok_or(SizeError::Unreadable)?;
    if (least..=most).contains(&bytes) { Ok(bytes) } else { Err(SizeError::OutOfRange { least, most }) }
}

/// An amount as it is written: in the largest unit that needs no fraction.
pub fn shown(bytes: u64) -> String {
    let unit = UNITS.into_iter().find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{bytes} bytes"), |(name, unit)| format!("{}{name}", bytes / unit))
}

#[cfg(test)]
mod tests {
    use super::{SizeError, shown, size};

    #[test]
    fn an_amount_has_a_unit_and_bounds() {
        let read = |text| size(text, 64 << 10, 64 << 20);
        assert_eq!(read("8MiB"), Ok(8 << 20));
        assert_eq!(read(" 512 kib "), Ok(512 << 10));
        for text in ["8", "8MB", "-1MiB", "1.5MiB", "MiB", "", "\u{20ac}", "99999999999999999999GiB"] {
            assert_eq!(read(text), Err(SizeError::Unreadable), "{text}");
        }
        for text in ["1KiB", "1GiB"] {
            let told = read(text).expect_err("out of its bounds").to_string();
            assert_eq!(told, "the value must be between 64KiB and 64MiB", "{text}");
        }
        assert_eq!([shown(8 << 20), shown(1 << 10), shown(1_000)], ["8MiB", "1KiB", "1000 bytes"]);
    }
}
