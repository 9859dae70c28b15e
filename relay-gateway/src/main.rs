//! The program: reads the command line, does what it says, and ends with its exit code.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use relay_gateway::{Cli, Exit, run, say};

fn main() -> ExitCode {
    let cli = Cli::parse();
    // One thread: a gateway waits for one socket, and to hand each message from thread to thread costs more than
    // all that is done with it. What does take long, the inbox and the agents, has threads and processes of its own.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return failed(&format!(
                "no runtime can be started ({error}); see to this machine's limits of threads and memory"
            ));
        }
    };
    let end = runtime.block_on(run(cli));
    // A read of standard input may still be waiting on a thread of its own.
    runtime.shutdown_timeout(Duration::ZERO);
    match end {
        Ok(exit) => exit.into(),
        Err(error) => failed(&format!("{error:#}")),
    }
}

fn failed(why: &str) -> ExitCode {
    say(&why);
    Exit::Failed.into()
}
