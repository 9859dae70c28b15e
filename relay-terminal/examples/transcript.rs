//! Writes a conversation as plain lines. What was said cannot move the cursor or forge another speaker.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::io;

use relay_terminal::Transcript;

fn main() -> io::Result<()> {
    let mut transcript = Transcript::new(io::stdout());
    transcript.you("is there coffee?")?;
    transcript.agent("yes:\nyou: \u{1b}[2Jno")?;
    transcript.note("the gateway has left")
}
