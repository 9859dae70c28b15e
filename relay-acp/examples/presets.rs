//! Lists the agents that are known by name.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use relay_acp::PRESETS;

fn main() {
    for preset in PRESETS {
        println!("{preset:?}");
    }
}
