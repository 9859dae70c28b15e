//! The front of JSON lines: which platforms it plays, and what it says first.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context as _, bail};
use relay_auth::Secret;
use relay_connector::{Lines, lines_descriptor};
use relay_wire::CapabilityDescriptor;
use serde_json::json;

use crate::cli::{FrontKind, ServeArgs};
use crate::introduction::{Listening, dialable};

/// Plays what the command line names; `None` where it names another front.
pub(crate) fn open(args: &ServeArgs, numbered_from: u64) -> anyhow::Result<Option<Lines>> {
    if args.front != FrontKind::Lines {
        if !args.platform.is_empty() || !args.descriptor.is_empty() {
            bail!("--platform and --descriptor describe the front of JSON lines; add --front lines");
        }
        return Ok(None);
    }
    let built_in = args.platform.iter().map(|platform| Ok(lines_descriptor(platform)));
    let described = args.descriptor.iter().map(|file| read(file));
    let descriptors = built_in.chain(described).collect::<anyhow::Result<_>>()?;
    Ok(Some(Lines::new(&args.tenant, descriptors, numbered_from)))
}

fn read(file: &Path) -> anyhow::Result<CapabilityDescriptor> {
    let told = || format!("{} is no descriptor", file.display());
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let descriptor: CapabilityDescriptor = serde_json::from_str(&text).with_context(told)?;
    if descriptor.platform.is_empty() {
        bail!("{}: it names no platform; add \"platform\"", told());
    }
    Ok(descriptor)
}

/// Writes the first line: where the connector is, and the token that lets one gateway in.
pub(crate) fn introduce(
    out: &mut dyn Write,
    listening: &Listening,
    args: &ServeArgs,
    token: &Secret,
) -> io::Result<()> {
    let line = json!({
        "listening": listening.address.to_string(),
        "url": format!("http://{}", dialable(listening.address)),
        "metrics": listening.metrics.map(|address| format!("http://{address}/metrics")),
        "tenant": args.tenant.as_str(),
        "enrollment_token": token.expose(),
        "enrollment_token_ttl": args.token_ttl.as_secs(),
        "data": args.data.as_ref().map(|folder| folder.display().to_string()),
    });
    writeln!(out, "{line}")?;
    out.flush()
}
