//! Is `.env` readable, well-formed, and nobody else's business?

use super::outcome::{CheckOutcome, Finding};
use crate::boot::survey::Surveyed;

/// Bits of a mode that let others than the owner at a file.
const OTHERS: u32 = 0o077;

/// `mode`: the file's permission bits; `None` where there is no file.
pub(crate) fn outcome(surveyed: &Surveyed, mode: Option<u32>) -> CheckOutcome {
    let Some(mode) = mode else {
        return CheckOutcome::Passed("there is none".to_owned());
    };
    let odd: Vec<String> = surveyed
        .warnings
        .0
        .iter()
        .filter(|warning| surveyed.is_of_dotenv(warning))
        .map(ToString::to_string)
        .collect();
    let path = surveyed.home.dotenv();
    if mode & OTHERS != 0 {
        let what =
            format!("{} has mode {:03o}: others can read the secrets in it", path.display(), mode & 0o777);
        let also = if odd.is_empty() { String::new() } else { format!("\n{}", odd.join("\n")) };
        return CheckOutcome::Warned(Finding::new(what + &also, format!("chmod 600 {}", path.display())));
    }
    if !odd.is_empty() {
        return CheckOutcome::Warned(Finding::new(
            odd.join("\n"),
            "a line that is not understood sets nothing: write it as NAME=VALUE, or remove it",
        ));
    }
    CheckOutcome::Passed(format!("{}, mode {:03o}", path.display(), mode & 0o777))
}
