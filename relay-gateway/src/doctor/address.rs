//! Is there an address to dial, and may the secret travel there?

use super::dialed::{Dialed, End};
use super::outcome::{CheckOutcome, Finding};
use crate::cli::Exit;

pub(crate) fn outcome(dialed: &Dialed) -> CheckOutcome {
    match &dialed.end {
        End::Refused(reason) => {
            // The link's sentence says what is wrong and what to do.
            let remedy =
                format!("the address is set in {}; --allow-plaintext sends it all the same", dialed.place);
            CheckOutcome::Failed(Finding::new(reason, remedy), Exit::Config)
        }
        End::Live(_) | End::Disconnected(_) => {
            CheckOutcome::Passed(format!("{} from {}", dialed.host, dialed.place))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::dialed::End;
    use super::super::dialed::tests::dialed;
    use super::super::outcome::CheckOutcome;

    #[test]
    fn a_refused_address_is_told_with_its_place() {
        let refused = dialed(End::Refused("ws://c is not encrypted; change it to wss://".to_owned()));
        let CheckOutcome::Failed(fault, _) = super::outcome(&refused) else { panic!("refused") };
        assert_eq!(fault.what, "ws://c is not encrypted; change it to wss://");
        assert_eq!(
            fault.remedy,
            "the address is set in /home/.env:1 (GATEWAY_RELAY_URL); --allow-plaintext sends it all the same"
        );
    }
}
