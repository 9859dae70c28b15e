//! Shows Markdown as Telegram takes it: text, and entities that say how parts of it look.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use relay_markdown::{Limit, telegram_messages};

fn main() {
    let text =
        "# Coffee\n\nIt is **ready**, see the [menu](https://example.org/menu):\n\n- espresso\n- `filter`";
    for message in telegram_messages(text, &Limit::utf16(4096)) {
        println!("{}\n", message.text);
        for entity in message.entities {
            println!("{entity:?}");
        }
    }
}
