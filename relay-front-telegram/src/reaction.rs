//! The reactions that Telegram lets bots give.

/// As the Bot API lists them (`ReactionTypeEmoji`).
const CURATED: &str = "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 \
                       😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 \
                       😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡";

/// The reaction as Telegram spells it, if it is one: without variation selectors.
pub(crate) fn curated(emoji: &str) -> Option<String> {
    let bare: String = emoji.chars().filter(|character| *character != '\u{fe0f}').collect();
    CURATED.split_whitespace().any(|known| known == bare).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::curated;

    #[test]
    fn only_the_curated_ones_without_selectors() {
        assert_eq!(curated("❤\u{fe0f}").as_deref(), Some("❤"));
        assert_eq!(curated("👀").as_deref(), Some("👀"));
        assert_eq!(curated("✅"), None);
        assert_eq!(curated(""), None);
    }
}
