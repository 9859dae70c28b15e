//! Runs a target over files instead of over what libFuzzer thinks of.

use std::path::Path;
use std::{env, fs, io};

/// Runs a target over every file of its committed corpus, in the order of their names. Answers how many
/// there were; a finding panics, with the file's name printed before.
pub fn replay(name: &str, target: fn(&[u8])) -> io::Result<usize> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut files =
        fs::read_dir(corpus)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    files.sort();
    for file in &files {
        run(file, target)?;
    }
    Ok(files.len())
}

/// Runs a target over the files named on the command line.
pub fn replay_arguments(target: fn(&[u8])) -> io::Result<()> {
    env::args_os().skip(1).try_for_each(|file| run(Path::new(&file), target))
}

fn run(file: &Path, target: fn(&[u8])) -> io::Result<()> {
    println!("{}", file.display());
    target(&fs::read(file)?);
    Ok(())
}
