//! The identity token that a program prints.

use std::process::Stdio;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_auth::Secret;
use relay_config::Origin;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::timeout;
use tracing::info;

use super::token::MAX_TOKEN;
use super::{IdentityError, IdentityTokens, token};
use crate::agent::{WITHHELD, describe, tail};
use crate::process_group::ProcessGroup;

/// How long the program may take.
const LIMIT: Duration = Duration::from_secs(30);

/// A program that is run for each use. There is no shell between: whoever needs one writes `sh -c '…'`, as for
/// an agent, and nobody else has to quote for it.
pub(super) struct TokenCommand {
    command: String,
    origin: Origin,
    limit: Duration,
}

impl TokenCommand {
    pub(super) fn new(command: String, origin: Origin) -> Self {
        Self { command, origin, limit: LIMIT }
    }

    async fn run(&self) -> Result<Secret, IdentityError> {
        let origin = || self.origin.clone();
        let argv = shlex::split(&self.command).filter(|argv| !argv.is_empty());
        let argv = argv.ok_or_else(|| IdentityError::CommandLine { origin: origin() })?;
        let program = || argv[0].clone();
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in WITHHELD {
            command.env_remove(name);
        }
        let started = |source| IdentityError::CommandStart { program: program(), origin: origin(), source };
        let mut child = command.spawn().map_err(started)?;
        let group = ProcessGroup::of(&child);
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        // Output first: what holds it open belongs to the program, and its group ends with it.
        let ended = async {
            let (output, errors) = tokio::join!(bounded(stdout), tail(stderr));
            (output, errors, child.wait().await)
        };
        let Ok((output, errors, status)) = timeout(self.limit, ended).await else {
            group.end(&mut child).await;
            return Err(IdentityError::CommandTimeout {
                program: program(),
                origin: origin(),
                limit: self.limit,
            });
        };
        drop(group);
        let token = token::token(&output, || format!("the output of `{}` ({})", argv[0], self.origin));
        log(&argv[0], &errors, &output);
        let failed = |status| IdentityError::CommandFailed { program: program(), origin: origin(), status };
        let status = status.map_err(|error| failed(error.to_string()))?;
        if status.success() { token } else { Err(failed(describe(status))) }
    }
}

/// What the program said on stderr, without what it printed, which may be a token even when it failed.
fn log(program: &str, errors: &str, output: &[u8]) {
    let mut errors = errors.to_owned();
    for word in String::from_utf8_lossy(output).split_whitespace() {
        errors = errors.replace(word, "[redacted]");
    }
    for line in errors.lines() {
        info!(program, "the program for the identity token says: {}", line.escape_debug());
    }
}

/// The output as far as it is of use. The rest is read too, so that the program does not wait for a reader.
async fn bounded(mut output: impl AsyncRead + Unpin) -> Vec<u8> {
    let (mut kept, mut buffer) = (Vec::new(), vec![0; 8 * 1024]);
    while let Ok(read @ 1..) = output.read(&mut buffer).await {
        let room = (MAX_TOKEN + 1024).saturating_sub(kept.len());
        kept.extend_from_slice(&buffer[..read.min(room)]);
    }
    kept
}

impl IdentityTokens for TokenCommand {
    fn name(&self) -> String {
        // An argument may be a credential.
        let program = self.command.split_whitespace().next().unwrap_or_default();
        format!("the program `{program}` of {}", self.origin)
    }

    fn token(&self) -> BoxFuture<'_, Result<Secret, IdentityError>> {
        self.run().boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use relay_config::Origin;

    use super::TokenCommand;
    use crate::identity::IdentityTokens as _;

    fn command(line: &str) -> TokenCommand {
        let name = "GATEWAY_RELAY_ACCESS_TOKEN_COMMAND".to_owned();
        TokenCommand::new(line.to_owned(), Origin::Environment { name })
    }

    async fn fault(line: &str) -> String {
        command(line).token().await.expect_err("no token").to_string()
    }

    #[tokio::test]
    async fn a_program_is_run_for_each_use_and_prints_the_token() {
        let home = tempfile::tempdir().expect("a folder");
        let count = home.path().join("count");
        let script = format!("sh -c 'echo x >> \"$0\"; wc -l < \"$0\"' '{}'", count.display());
        let command = command(&script);
        for run in ["1", "2"] {
            assert_eq!(command.token().await.expect("a token").expose(), run);
        }
    }

    #[tokio::test]
    async fn there_is_no_shell_unless_it_is_written_down() {
        assert_eq!(command("echo '$HOME;id'").token().await.expect("a token").expose(), "$HOME;id");
        assert_eq!(command("sh -c 'echo a | tr a b'").token().await.expect("a token").expose(), "b");
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_program_is_told_with_its_place_and_without_its_output() {
        for (line, told) in [
            ("echo 'hunter2", "is no command line"),
            ("/nowhere/at/all hunter2", "`/nowhere/at/all`"),
            ("sh -c 'echo hunter2; exit 3'", "failed (exit status 3)"),
            ("echo hunter2 hunter3", "it has blanks"),
            ("true", "holds no identity token"),
            ("sh -c 'yes hunter2 | head -c 1000000'", "longer than 16 KiB"),
        ] {
            let fault = fault(line).await;
            assert!(fault.contains(told) && !fault.contains("hunter2"), "{fault}");
            assert!(fault.contains("environment (GATEWAY_RELAY_ACCESS_TOKEN_COMMAND)"), "{fault}");
        }
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_is_ended() {
        let mut command = command("sh -c 'sleep 1000 & sleep 1000'");
        command.limit = Duration::from_millis(50);
        let told = command.token().await.expect_err("it never ends").to_string();
        assert!(told.contains("gave no identity token within 50ms and was ended"), "{told}");
    }
}
