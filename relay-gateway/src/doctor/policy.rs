//! What is declared of each platform.

use relay_config::Settings;

use super::outcome::CheckOutcome;

pub(crate) fn outcome(settings: &Settings) -> CheckOutcome {
    let platforms: Vec<&str> = settings.policies.iter().map(|policy| policy.platform.as_str()).collect();
    if platforms.is_empty() {
        return CheckOutcome::Passed("nothing to declare: every platform is at its default".to_owned());
    }
    CheckOutcome::Passed(format!("declared at every start for {}", platforms.join(", ")))
}
