//! `cargo xtask examples`: every example of the workspace, to its end.
//!
//! They need no network, no argument and nobody: each ends by itself, well, and has said something by then.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use cargo_metadata::{MetadataCommand, TargetKind};
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

/// How long one may take.
const LIMIT: Duration = Duration::from_secs(30);

/// What those read that read something.
const INPUTS: &[(&str, &str)] = &[("frame_dump", "{\"type\":\"hello\",\"platform\":\"discord\"}\n")];

/// One example.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Example {
    package: String,
    name: String,
}

/// Builds all examples, and runs one after the other.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cannot read the manifests of the workspace; `cargo metadata --no-deps` shows why")?;
    let examples: Vec<_> = metadata
        .packages
        .iter()
        .flat_map(|package| {
            let examples = package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Example));
            examples.map(|target| Example { package: package.name.to_string(), name: target.name.clone() })
        })
        .collect();
    if let Some((one, other)) = namesakes(&examples) {
        bail!(
            "{} and {} both have an example `{}`, so that one overwrites the other; rename one of them",
            one.package,
            other.package,
            one.name
        );
    }
    // As `cargo test --workspace` has built them, where that ran before.
    let built = Command::new("cargo")
        .args(["build", "--workspace", "--examples", "--locked"])
        .current_dir(root)
        .status()
        .context("cannot start cargo; is it in PATH?")?;
    if !built.success() {
        bail!("the examples do not build; the lines above say why");
    }
    let folder = metadata.target_directory.into_std_path_buf().join("debug/examples");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for example in &examples {
            let told = example.run(&folder, root).await.with_context(|| {
                let Example { package, name } = example;
                format!(
                    "the example `{name}` failed; to run it alone: cargo run -p {package} --example {name}"
                )
            })?;
            println!("{} {}: {told} lines", example.package, example.name);
        }
        Ok(())
    })
}

/// Two examples of one name, which have one file between them.
fn namesakes(examples: &[Example]) -> Option<(&Example, &Example)> {
    let mut pairs = examples.iter().enumerate().flat_map(|(at, one)| {
        examples[at + 1..].iter().filter(|other| other.name == one.name).map(move |other| (one, other))
    });
    pairs.next()
}

impl Example {
    /// How many lines it has said.
    async fn run(&self, folder: &Path, root: &Path) -> anyhow::Result<usize> {
        let input = INPUTS.iter().find(|(name, _)| *name == self.name).map_or("", |(_, input)| input);
        lines(&output(folder.join(&self.name), input, root).await?)
    }
}

/// What a program says and how it ends, with this as its stdin.
async fn output(program: PathBuf, input: &str, root: &Path) -> anyhow::Result<Output> {
    let mut child = tokio::process::Command::new(program)
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("it cannot be started")?;
    let mut stdin = child.stdin.take().context("it has no stdin")?;
    // One that does not read is free not to.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    timeout(LIMIT, child.wait_with_output())
        .await
        .with_context(|| format!("it has not ended within {LIMIT:?}"))?
        .context("it cannot be waited for")
}

fn lines(output: &Output) -> anyhow::Result<usize> {
    if !output.status.success() {
        bail!("it ended with {}:\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    let lines =
        output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    if lines == 0 {
        bail!("it printed nothing, so it shows nothing");
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(package: &str, name: &str) -> Example {
        Example { package: package.into(), name: name.into() }
    }

    #[test]
    fn two_examples_of_one_name_are_found() {
        let examples = [example("a", "one"), example("b", "two"), example("c", "one")];
        assert_eq!(namesakes(&examples), Some((&examples[0], &examples[2])));
        assert_eq!(namesakes(&examples[..2]), None);
    }

    #[tokio::test]
    async fn one_that_fails_or_says_nothing_is_no_example() {
        let run =
            async |program: &str, input: &str| lines(&output(program.into(), input, Path::new("/")).await?);
        assert_eq!(run("cat", "one\n\ntwo\n").await.unwrap(), 2);
        assert!(run("false", "").await.unwrap_err().to_string().contains("exit status: 1"));
        assert!(run("true", "").await.unwrap_err().to_string().contains("printed nothing"));
        assert!(run("/nonexistent/example", "").await.is_err());
    }
}
