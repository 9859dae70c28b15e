//! What an agent behind the gateway has to be able to do.
//!
//! What is asked for is a command that every agent asks about: some ask only about what looks dangerous.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use tokio::time::{Instant, sleep};

use super::stage::{BUTTONS, ChatAction, NUMBERS, Stage};

/// How long an agent may take for anything that is no stop: its first answer comes after its start.
const ANSWERS_WITHIN: Duration = Duration::from_secs(90);

/// How long a stop may take.
const STOPS_WITHIN: Duration = Duration::from_secs(6);

/// How long what an agent started may outlive the gateway.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// The names of the trials, in the order of the table's columns.
pub(crate) const TRIALS: [&str; 6] = [
    "streams",
    "asks, allowed",
    "asks, denied",
    "stops while it asks",
    "resumes after SIGKILL",
    "leaves nothing",
];

/// The chats that are told a number at the beginning: where they are, and their number.
const TOLD: [(&str, &str, &str); 3] =
    [(NUMBERS, "stop", "4242"), (BUTTONS, "one", "1111"), (NUMBERS, "two", "2222")];

/// A chat that is told its number right before the gateway is killed: some agents name a conversation's record by the
/// minute in which it was begun.
const TOLD_LAST: (&str, &str, &str) = (BUTTONS, "last", "3333");

/// Begins the conversations that have to remember something.
pub(crate) async fn begin(stage: &mut Stage) -> anyhow::Result<()> {
    for told in TOLD {
        tell(stage, told).await?;
    }
    Ok(())
}

async fn tell(stage: &mut Stage, (platform, chat, number): (&str, &str, &str)) -> anyhow::Result<()> {
    stage.write(platform, chat, &format!("please remember {number}")).await?;
    stage.until(chat, ANSWERS_WITHIN, "answer", says("I heard you")).await?;
    Ok(())
}

/// Runs one trial by its place in [`TRIALS`]. The answer is what is worth to know of it.
pub(crate) async fn run(place: usize, stage: &mut Stage) -> anyhow::Result<String> {
    match place {
        0 => streams(stage).await,
        1 => allowed(stage).await,
        2 => denied(stage).await,
        3 => stops(stage).await,
        4 => resumes(stage).await,
        _ => leaves_nothing(stage).await,
    }
}

async fn streams(stage: &mut Stage) -> anyhow::Result<String> {
    stage.write(BUTTONS, "stream", "SLOWLY").await?;
    let first = stage
        .until("stream", ANSWERS_WITHIN, "first words", |action| action.content.contains("word1"))
        .await?;
    ensure!(!first.content.contains("word40"), "the answer came in one piece");
    let began = Instant::now();
    stage
        .until("stream", ANSWERS_WITHIN, "whole answer by edits", |action| {
            action.op == "edit" && action.content.contains("word40")
        })
        .await?;
    Ok(format!("{:.1} s", began.elapsed().as_secs_f64()))
}

async fn allowed(stage: &mut Stage) -> anyhow::Result<String> {
    stage.write(BUTTONS, "allow", "RUN touch allowed-was-here && chmod 777 allowed-was-here").await?;
    let asked = stage.until("allow", ANSWERS_WITHIN, "question", |action| action.prompt.is_some()).await?;
    ensure!(
        asked.content.contains("touch allowed-was-here"),
        "the question does not show the command: {}",
        asked.content
    );
    ensure!(!exists(stage, "allowed-was-here"), "it acted before it was allowed to");
    let (prompt, options) = asked.prompt.context("a prompt")?;
    let (option, label) = options.first().context("no options")?.clone();
    stage.press(BUTTONS, "allow", &prompt, &option).await?;
    stage.until("allow", ANSWERS_WITHIN, "word of the tool", says("The tool said")).await?;
    ensure!(exists(stage, "allowed-was-here"), "the command was not run");
    Ok(label)
}

async fn denied(stage: &mut Stage) -> anyhow::Result<String> {
    stage.write(NUMBERS, "deny", "RUN touch denied-was-here && chmod 777 denied-was-here").await?;
    let asked = stage
        .until("deny", ANSWERS_WITHIN, "question", |action| {
            action.content.contains("touch denied-was-here") && number_of_denial(action).is_some()
        })
        .await?;
    let number = number_of_denial(&asked).context("no option denies")?;
    stage.write(NUMBERS, "deny", &number.to_string()).await?;
    // The turn is over once another one is answered.
    stage.write(NUMBERS, "deny", "hello").await?;
    stage.until("deny", ANSWERS_WITHIN, "next answer", says("I heard you")).await?;
    ensure!(!exists(stage, "denied-was-here"), "it acted although it was denied");
    Ok(format!("by {number}"))
}

async fn stops(stage: &mut Stage) -> anyhow::Result<String> {
    stage.write(NUMBERS, "stop", "RUN touch stopped-was-here && chmod 777 stopped-was-here").await?;
    stage.until("stop", ANSWERS_WITHIN, "question", |action| number_of_denial(action).is_some()).await?;
    let began = Instant::now();
    stage.write(NUMBERS, "stop", "/stop").await?;
    stage.until("stop", STOPS_WITHIN, "word of the stop", says("Stopped")).await?;
    let took = began.elapsed();
    stage.write(NUMBERS, "stop", "RECALL").await?;
    stage.until("stop", ANSWERS_WITHIN, "memory of 4242", says("You told me: 4242")).await?;
    ensure!(!exists(stage, "stopped-was-here"), "it acted although it was stopped");
    Ok(format!("{:.1} s", took.as_secs_f64()))
}

async fn resumes(stage: &mut Stage) -> anyhow::Result<String> {
    tell(stage, TOLD_LAST).await?;
    let running = stage.processes();
    ensure!(!running.is_empty(), "no process of the agent was found, so its end cannot be checked");
    stage.kill_gateway().await?;
    let took = gone(stage).await?;
    stage.start_gateway()?;
    let told = [TOLD[1], TOLD[2], TOLD_LAST];
    for (platform, chat, own) in told {
        stage.write(platform, chat, "RECALL").await?;
        let recalled = stage
            .until(chat, ANSWERS_WITHIN, "what was to be remembered", |action| {
                action.content.contains("You told me:") && action.content.contains(own)
            })
            .await?;
        let others = told.iter().filter(|(_, other, _)| *other != chat);
        for (_, other, number) in others {
            ensure!(!recalled.content.contains(number), "{chat} knows what was said in {other}");
        }
    }
    Ok(format!(
        "three chats, each its own; {} processes gone after {:.1} s",
        running.len(),
        took.as_secs_f64()
    ))
}

async fn leaves_nothing(stage: &mut Stage) -> anyhow::Result<String> {
    let running = stage.processes();
    ensure!(!running.is_empty(), "no process of the agent was found, so its end cannot be checked");
    stage.stop_gateway().await?;
    let took = gone(stage).await?;
    Ok(format!("{} processes gone after {:.1} s", running.len(), took.as_secs_f64()))
}

/// Waits until nothing of the agent is there; how long that took.
async fn gone(stage: &Stage) -> anyhow::Result<Duration> {
    let began = Instant::now();
    loop {
        let left = stage.processes();
        if left.is_empty() {
            return Ok(began.elapsed());
        }
        if began.elapsed() > GONE_WITHIN {
            bail!("left behind: {}", left.join(", "));
        }
        sleep(Duration::from_millis(200)).await;
    }
}

fn says(words: &'static str) -> impl Fn(&ChatAction) -> bool {
    move |action| action.content.contains(words)
}

/// The number before the first option that denies, in a question without buttons.
fn number_of_denial(action: &ChatAction) -> Option<u32> {
    let denies = |line: &str| {
        let line = line.to_lowercase();
        ["reject", "deny", "no,", "no ", "don't", "cancel"].iter().any(|word| line.contains(word))
            || line.ends_with("no")
    };
    action.content.lines().find_map(|line| {
        let line = line.trim_start_matches(['*', '`', ' ']);
        let (number, rest) = line.split_once(['.', ')', ':'])?;
        let number = number.trim().parse().ok()?;
        denies(rest).then_some(number)
    })
}

/// Whether a file of this name is in the folder of any session.
fn exists(stage: &Stage, name: &str) -> bool {
    let sessions = std::fs::read_dir(stage.sessions()).into_iter().flatten().flatten();
    sessions.map(|session| session.path().join(name)).any(|path| path.exists())
}

#[cfg(test)]
mod tests {
    use super::{ChatAction, number_of_denial};

    #[test]
    fn the_option_that_denies_is_found_by_its_number() {
        let question = |content: &str| ChatAction {
            op: "send".into(),
            chat: "c".into(),
            content: content.into(),
            prompt: None,
        };
        assert_eq!(number_of_denial(&question("May I?\n1. Allow\n2. Always allow\n3. Reject")), Some(3));
        assert_eq!(number_of_denial(&question("May I?\n1) Yes\n2) No")), Some(2));
        assert_eq!(number_of_denial(&question("I heard you.")), None);
    }
}
