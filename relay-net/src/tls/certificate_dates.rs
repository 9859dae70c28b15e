//! From when until when a certificate is valid (RFC 5280, 4.1.2.5).
//!
//! rustls looks at the dates of a server's certificate and never at those of a root, so a root's are read here:
//! nothing but the way to them through the DER.

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The version, which the first certificates do without.
const VERSION: u8 = 0xa0;

/// The first and the last second, since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CertificateDates {
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
}

impl CertificateDates {
    /// Reads them from a certificate in DER.
    pub(crate) fn read(certificate: &[u8]) -> Option<Self> {
        let (whole, _) = value(SEQUENCE, certificate)?;
        let (mut signed, _) = value(SEQUENCE, whole)?;
        if let Some((_, rest)) = value(VERSION, signed) {
            signed = rest;
        }
        // Serial number, algorithm, issuer.
        for tag in [INTEGER, SEQUENCE, SEQUENCE] {
            (_, signed) = value(tag, signed)?;
        }
        let (dates, _) = value(SEQUENCE, signed)?;
        let (not_before, rest) = time(dates)?;
        let (not_after, _) = time(rest)?;
        Some(Self { not_before, not_after })
    }
}

/// The content of a value with this tag, and what follows it.
fn value(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let [first, short, rest @ ..] = der else { return None };
    if *first != tag {
        return None;
    }
    let (length, rest) = match *short {
        short @ 0..=0x7f => (usize::from(short), rest),
        // The length's own length; four bytes hold more than any certificate.
        long @ 0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (length.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// A point in time, in seconds since 1970, and what follows it.
fn time(der: &[u8]) -> Option<(i64, &[u8])> {
    let ((text, rest), digits_of_year) = match value(UTC_TIME, der) {
        Some(short) => (short, 2),
        None => (value(GENERALIZED_TIME, der)?, 4),
    };
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    if text.len() != digits_of_year + 10 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, others) = text.split_at(digits_of_year);
    let mut year: i64 = year.parse().ok()?;
    if digits_of_year == 2 {
        year += if year < 50 { 2000 } else { 1900 };
    }
    let part = |index: usize| others.get(2 * index..2 * index + 2)?.parse::<i64>().ok();
    let (month, day) = (part(0)?, part(1)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    Some(((days(year, month, day) * 24 + part(2)?) * 3600 + part(3)? * 60 + part(4)?, rest))
}

/// Days since 1970. Years begin in March here, so that a leap day is the last of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * month + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::{CertificateDates, days, time};

    #[test]
    fn days_are_counted_over_leap_years_and_centuries() {
        for ((year, month, day), counted) in [
            ((1970, 1, 1), 0),
            ((1969, 12, 31), -1),
            ((2000, 2, 29), 11_016),
            ((2000, 3, 1), 11_017),
            ((2100, 3, 1), 47_541),
            ((2026, 1, 1), 20_454),
        ] {
            assert_eq!(days(year, month, day), counted, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn the_dates_of_a_certificate_are_found_in_either_form() {
        let mut params = CertificateParams::new(vec!["c.example".to_owned()]).expect("a name");
        // Years from 2050 on have four digits, those before have two.
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2100, 3, 1);
        let certificate = params.self_signed(&KeyPair::generate().expect("a key")).expect("a certificate");
        let dates = CertificateDates::read(certificate.der()).expect("dates");
        assert_eq!(dates, CertificateDates { not_before: 20_454 * 86_400, not_after: 47_541 * 86_400 });
        for end in 0..certificate.der().len().min(200) {
            // Wherever it is cut off: never a panic.
            let _ = CertificateDates::read(&certificate.der()[..end]);
        }
    }

    #[test]
    fn a_time_is_exact_and_nothing_else_is_a_time() {
        let read = |tag: u8, text: &str| {
            let mut der = vec![tag, u8::try_from(text.len()).expect("short")];
            der.extend(text.as_bytes());
            time(&der).map(|(seconds, _)| seconds)
        };
        assert_eq!(read(0x17, "700101000001Z"), Some(1));
        assert_eq!(read(0x17, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(read(0x18, "20000229123456Z"), Some(951_827_696));
        for (tag, text) in [
            (0x17, "7001010000Z"),
            (0x17, "701301000000Z"),
            (0x18, "2000022912345Z"),
            (0x18, "20000229123456"),
            (0x17, ""),
        ] {
            assert_eq!(read(tag, text), None, "{text}");
        }
        assert_eq!(read(0x0c, "700101000001Z"), None);
    }
}
