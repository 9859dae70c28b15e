//! `cargo xtask mutants`: bugs on purpose, one at a time in a copy of the tree. Each must fail the check that is there to
//! catch it; one that survives is a hole.

mod list;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use self::list::MUTANTS;

/// How long a check may take. One that never ends has not caught anything.
const PATIENCE: Duration = Duration::from_mins(15);

/// Which mutants.
#[derive(clap::Args)]
pub(crate) struct MutantChoice {
    /// Only those whose name holds this
    #[arg(long, value_name = "WORD", default_value = "")]
    only: String,
    /// List them and make none
    #[arg(long)]
    list: bool,
}

/// One bug.
struct Mutant {
    /// What goes wrong.
    name: &'static str,
    file: &'static str,
    /// Texts that the file holds once each, and what stands there instead.
    changes: &'static [(&'static str, &'static str)],
    /// Arguments of `cargo test`: what has to fail.
    check: &'static [&'static str],
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Checked {
    Passed,
    Failed,
    NeverEnded,
}

/// Makes the mutants and runs their checks; fails when one survives.
pub(crate) fn run(arguments: &MutantChoice, root: &Path) -> anyhow::Result<()> {
    let chosen: Vec<&Mutant> =
        MUTANTS.iter().filter(|mutant| mutant.name.contains(&arguments.only)).collect();
    ensure!(!chosen.is_empty(), "no mutant's name holds `{}`; `--list` shows them", arguments.only);
    if arguments.list {
        for mutant in chosen {
            println!("{:48} cargo test {}", mutant.name, mutant.check.join(" "));
        }
        return Ok(());
    }
    let copy = TreeCopy::of(root)?;
    let checks: BTreeSet<_> = chosen.iter().map(|mutant| mutant.check).collect();
    for check in checks {
        let sound = copy.check(check)?;
        ensure!(sound == Checked::Passed, "`cargo test {}` fails without any mutant", check.join(" "));
    }
    let mut survivors = Vec::new();
    for mutant in chosen {
        let caught = copy.judge(mutant)?;
        let check = mutant.check.join(" ");
        match caught {
            Checked::Failed => println!("caught    {}: cargo test {check}", mutant.name),
            Checked::Passed => println!("SURVIVES  {}: cargo test {check}", mutant.name),
            Checked::NeverEnded => println!("NEVER ENDS {}: cargo test {check}", mutant.name),
        }
        if caught != Checked::Failed {
            survivors.push(mutant.name);
        }
    }
    if !survivors.is_empty() {
        bail!("not caught: {}; give each a test that fails for it", survivors.join(", "));
    }
    Ok(())
}

/// What git knows of the tree, in a folder of its own.
struct TreeCopy {
    tree: PathBuf,
    target: PathBuf,
}

impl TreeCopy {
    /// Copies what differs, so that what was built before stays good.
    fn of(root: &Path) -> anyhow::Result<Self> {
        let folder = root.join("target").join("mutants");
        let copy = Self { tree: folder.join("tree"), target: folder.join("target") };
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output();
        let listed = listed.context("cannot start git; is it in PATH?")?;
        ensure!(listed.status.success(), "git does not list the files of {}", root.display());
        for name in String::from_utf8(listed.stdout)?.split_terminator('\0') {
            let (from, to) = (root.join(name), copy.tree.join(name));
            // One that is deleted and not committed yet is still listed.
            let Ok(content) = fs::read(&from) else { continue };
            if fs::read(&to).is_ok_and(|old| old == content) {
                continue;
            }
            fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
            fs::write(&to, content).with_context(|| format!("{} cannot be written", to.display()))?;
        }
        Ok(copy)
    }

    /// Makes the mutant, checks it, and takes it back.
    fn judge(&self, mutant: &Mutant) -> anyhow::Result<Checked> {
        let path = self.tree.join(mutant.file);
        let sound =
            fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        fs::write(&path, mutant.made_of(&sound)?)?;
        let judged = self.builds(mutant).and_then(|()| self.check(mutant.check));
        fs::write(&path, sound)?;
        judged
    }

    /// What does not compile is caught by nobody's test.
    fn builds(&self, mutant: &Mutant) -> anyhow::Result<()> {
        let built = self.cargo(mutant.check).arg("--no-run").status().context("cannot start cargo")?;
        ensure!(built.success(), "the mutant `{}` does not compile; mend it in mutants/list.rs", mutant.name);
        Ok(())
    }

    fn check(&self, check: &[&str]) -> anyhow::Result<Checked> {
        let mut running = self.cargo(check).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let ended = wait(&mut running)?;
        Ok(ended)
    }

    fn cargo(&self, check: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command
            .arg("test")
            .args(check)
            .args(["--locked", "--quiet"])
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }
}

fn wait(running: &mut Child) -> anyhow::Result<Checked> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = running.try_wait()? {
            return Ok(if status.success() { Checked::Passed } else { Checked::Failed });
        }
        if Instant::now() >= until {
            running.kill()?;
            running.wait()?;
            return Ok(Checked::NeverEnded);
        }
        sleep(Duration::from_millis(100));
    }
}

impl Mutant {
    /// The file with the bug.
    fn made_of(&self, sound: &str) -> anyhow::Result<String> {
        let mut made = sound.to_owned();
        for (from, to) in self.changes {
            let found = made.matches(from).count();
            ensure!(
                found == 1,
                "`{}` needs `{from}` once in {} and finds it {found} times; bring mutants/list.rs up to date",
                self.name,
                self.file
            );
            made = made.replace(from, to);
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::list::MUTANTS;

    #[test]
    fn every_mutant_still_fits_the_code_and_has_a_name_of_its_own() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for mutant in MUTANTS {
            let sound = std::fs::read_to_string(root.join(mutant.file)).unwrap();
            assert_ne!(mutant.made_of(&sound).unwrap(), sound, "{}", mutant.name);
        }
        let names: BTreeSet<_> = MUTANTS.iter().map(|mutant| mutant.name).collect();
        assert_eq!(names.len(), MUTANTS.len());
    }

    #[test]
    fn a_text_that_is_gone_or_stands_twice_is_named_with_its_file() {
        let mutant = &MUTANTS[0];
        let (from, _) = mutant.changes[0];
        for content in [String::new(), format!("{from}{from}")] {
            let told = mutant.made_of(&content).unwrap_err().to_string();
            assert!(
                told.contains(mutant.file) && told.contains("bring mutants/list.rs up to date"),
                "{told}"
            );
        }
    }
}
