//! What is declared of each platform.

use relay_config::Settings;

use super::verdict::Verdict;

pub(crate) fn verdict(settings: &Settings) -> Verdict {
    let platforms: Vec<&str> = settings.policies.iter().map(|policy| policy.platform.as_str()).collect();
    if platforms.is_empty() {
        return Verdict::Passed("nothing to declare: every platform is at its default".to_owned());
    }
    Verdict::Passed(format!("declared at every start for {}", platforms.join(", ")))
}
