//! Markdown texts of which one knows the words.

use proptest::prelude::*;

/// A text made of numbered words in all kinds of markup, and its number of words.
pub(crate) fn documents() -> impl Strategy<Value = (String, usize)> {
    prop::collection::vec((0..20_u8, 1..12_usize, any::<bool>()), 1..40).prop_map(|blocks| {
        let mut words = Words(0);
        let mut source = String::new();
        for (kind, length, extra) in blocks {
            source.push_str(&words.block(kind, length, extra));
            source.push_str("\n\n");
        }
        (source, words.0)
    })
}

/// The words of a text in the order in which they stand.
pub(crate) fn words_of(text: &str) -> Vec<usize> {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    words.filter_map(|word| word.strip_prefix('w')?.parse().ok()).collect()
}

struct Words(usize);

impl Words {
    fn next(&mut self) -> String {
        self.0 += 1;
        format!("w{}", self.0 - 1)
    }

    fn some(&mut self, count: usize) -> String {
        (0..count).map(|_| self.next()).collect::<Vec<_>>().join(" ")
    }

    fn block(&mut self, kind: u8, length: usize, extra: bool) -> String {
        let lines = |words: &mut Self, start: &str| {
            (0..length).map(|_| format!("{start}{}", words.some(3))).collect::<Vec<_>>().join("\n")
        };
        match kind {
            0 => format!("# {}", self.some(length)),
            1 => format!("```rust\n{}\n```", lines(self, "    ")),
            2 => format!("~~~\n{}\n", lines(self, "")),
            3 => lines(self, "- "),
            4 => lines(self, "7. "),
            5 => lines(self, "> "),
            6 => lines(self, ">> "),
            7 => format!("- {}\n  - {}\n    > {}", self.some(2), self.some(length), self.some(2)),
            8 => format!("**{} _{}_** {}", self.some(2), self.some(length), self.some(1)),
            9 => format!("**{} `{}` ~~{}~~**", self.some(1), self.some(length), self.some(2)),
            10 => format!("[{}](https://x.example/y) {}", self.some(2), self.some(length)),
            11 => format!("[{}](src/{}.rs)", self.some(length), if extra { "a" } else { "b" }),
            12 => format!(
                "| {} | {} |\n|---|---|\n| {} | {} | {} |",
                self.next(),
                self.next(),
                self.some(2),
                self.next(),
                self.next()
            ),
            13 => format!("[{}]: https://x.example/{}", self.next(), if extra { "a" } else { "b" }),
            14 => format!("<div>{}\n{}</div>", self.some(2), self.some(length)),
            15 => format!("- [{}] {}", if extra { "x" } else { " " }, self.some(length)),
            16 => format!("{} *{} **{}*** {}", self.some(1), self.some(1), self.some(length), self.some(1)),
            17 => format!("    {}\n\n{}", self.some(length), self.some(1)),
            18 => format!("> ```\n> {}\n> ```\n{}", self.some(length), self.some(2)),
            _ => lines(self, "🦀 é "),
        }
    }
}
