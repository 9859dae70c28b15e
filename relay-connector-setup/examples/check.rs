//! Says what is wrong with a connector.yaml: the one that is named, else the one beside this file.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use relay_connector_setup::ConnectorFile;

fn main() -> Result<(), Box<dyn Error>> {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/connector.yaml");
    let path = std::env::args().nth(1).unwrap_or_else(|| sample.to_owned());
    let file = ConnectorFile::load(path)?;
    for front in &file.fronts {
        println!("{}: {:?}", front.platform(), front.access());
    }
    Ok(())
}
