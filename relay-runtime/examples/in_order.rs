//! Runs tasks: those of one chat in order, those of two chats side by side.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::time::Duration;

use relay_runtime::{ExecutorLimits, KeyedExecutor};
use tokio::time::{Instant, sleep};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let executor = KeyedExecutor::new("example", ExecutorLimits::new(16, 1024));
    for (chat, text, pause) in [("a", "first", 20), ("a", "second", 0), ("b", "meanwhile", 0)] {
        let task = async move {
            sleep(Duration::from_millis(pause)).await;
            println!("{chat}: {text}");
        };
        executor.try_submit(chat, text.len(), task)?.detach();
    }
    executor.close();
    let left = executor.shutdown(Instant::now() + Duration::from_secs(5)).await;
    println!("{left} tasks were cut short");
    Ok(())
}
