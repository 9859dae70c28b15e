//! Is there an address to dial, and may the secret travel there?

use super::dialed::{Dialed, End};
use super::verdict::{Fault, Verdict};
use crate::exit::Exit;

pub(crate) fn verdict(dialed: &Dialed) -> Verdict {
    match &dialed.end {
        End::Refused(reason) => {
            let Fault { what, remedy } = Fault::of_sentence(reason);
            let remedy = format!("{remedy} (--allow-plaintext); the address is set in {}", dialed.place);
            Verdict::Failed(Fault { what, remedy }, Exit::Config)
        }
        End::Live(_) | End::Lost(_) => Verdict::Passed(format!("{} from {}", dialed.host, dialed.place)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::dialed::End;
    use super::super::dialed::tests::dialed;
    use super::super::verdict::Verdict;

    #[test]
    fn a_refused_address_is_told_with_its_place() {
        let refused = dialed(End::Refused("ws://c is not encrypted; change it to wss://".to_owned()));
        let Verdict::Failed(fault, _) = super::verdict(&refused) else { panic!("refused") };
        assert_eq!(fault.what, "ws://c is not encrypted");
        assert_eq!(
            fault.remedy,
            "change it to wss:// (--allow-plaintext); the address is set in /home/.env:1 (GATEWAY_RELAY_URL)"
        );
    }
}
