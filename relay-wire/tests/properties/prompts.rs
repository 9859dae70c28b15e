//! Which texts are presses on a button.

use proptest::prelude::*;
use relay_wire::{OptionId, PromptId, PromptNonce, PromptToken};

use crate::text::string;

const ID: &str = "[A-Za-z0-9_.-]{1,32}";

fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    !text.is_empty() && text.chars().count() <= 32 && text.chars().all(fits)
}

fn is_token(text: &str) -> bool {
    let parts: Vec<_> = text.split(':').collect();
    matches!(parts[..], ["hp1", prompt, option] if is_id(prompt) && is_id(option)) && text.len() <= 64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_token_reads_back_as_its_two_ids_when_a_button_can_carry_it(prompt in ID, option in ID) {
        let token = PromptToken {
            prompt_id: PromptId::new(&*prompt).expect("the id fits"),
            option_id: OptionId::new(&*option).expect("the id fits"),
        };
        let text = token.to_string();
        prop_assert_eq!(&text, &format!("hp1:{prompt}:{option}"));
        prop_assert_eq!(PromptToken::parse(&text), (text.len() <= 64).then_some(token));
    }

    #[test]
    fn a_minted_prompt_fits_every_option_and_is_known_by_its_nonce_alone(
        random: u32, other: u32, number: u32, option in ID,
    ) {
        let (nonce, other) = (PromptNonce::new(random), PromptNonce::new(other));
        let token = PromptToken {
            prompt_id: nonce.mint(number),
            option_id: OptionId::new(option).expect("the id fits"),
        };
        prop_assert_eq!(PromptToken::parse(&token.to_string()), Some(token.clone()));
        prop_assert!(nonce.minted(token.prompt_id.as_str()));
        prop_assert_eq!(other.minted(token.prompt_id.as_str()), other == nonce);
    }

    #[test]
    fn everything_else_is_ordinary_text(
        text in string(), near in "(hp1|hp2|HP1)?:?[a_.: é-]{0,34}:?[a_.: -]{0,34}",
    ) {
        for text in [text, near] {
            prop_assert_eq!(PromptToken::parse(&text).is_some(), is_token(&text), "{}", text);
            prop_assert_eq!(PromptId::new(&*text).is_ok(), is_id(&text));
            prop_assert_eq!(OptionId::new(&*text).is_ok(), is_id(&text));
        }
    }
}
