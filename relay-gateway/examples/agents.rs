//! Reads agents as the command line names them, and shows what a name that is none is answered with.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use relay_gateway::AgentSpec;

fn main() {
    for line in ["echo", "command:tr a-z A-Z", "acp:gemini", "ecko"] {
        match line.parse::<AgentSpec>() {
            Ok(agent) => println!("{agent}"),
            Err(error) => println!("{error}"),
        }
    }
}
