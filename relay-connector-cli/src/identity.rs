//! Who may have gateways provisioned: what the command line says about identities.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::{ArgGroup, Args};
use relay_auth::Secret;
use relay_connector::{
    DEFAULT_TENANT_CLAIM, HttpsFetch, IdentityVerifier, IntrospectionSettings, IntrospectionVerifier,
    OidcSettings, OidcVerifier, StaticTokens, Tenant,
};
use relay_net::TcpDialer;

/// How identities are checked: in one way, or not at all, and then nobody is provisioned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Identities")]
#[command(group = ArgGroup::new("way").args(["static_identity", "oidc_issuer", "introspection"]).multiple(false))]
#[command(group = ArgGroup::new("claims").args(["oidc_issuer", "introspection"]))]
pub(crate) struct IdentityArgs {
    /// Whoever has the token in this file is the tenant; for several tenants or tokens, repeat it.
    #[arg(long, value_name = "TENANT=FILE", value_parser = static_identity, action = clap::ArgAction::Append)]
    static_identity: Vec<StaticIdentity>,
    /// Tokens signed by this OIDC issuer name the tenant.
    #[arg(long, value_name = "URL", requires = "oidc_audience")]
    oidc_issuer: Option<String>,
    /// What the issuer calls this connector: tokens must be meant for it; may be repeated.
    #[arg(long, value_name = "NAME", requires = "oidc_issuer")]
    oidc_audience: Vec<String>,
    /// Where the issuer's keys are, if its discovery document does not say.
    #[arg(long, value_name = "URL", requires = "oidc_issuer")]
    oidc_jwks: Option<String>,
    /// Tokens are asked about at this endpoint (RFC 7662).
    #[arg(long, value_name = "URL")]
    introspection: Option<String>,
    /// How this connector logs in there.
    #[arg(long, value_name = "ID", requires_all = ["introspection", "introspection_secret"])]
    introspection_client: Option<String>,
    /// A file with the secret of that client.
    #[arg(long, value_name = "FILE", requires = "introspection_client")]
    introspection_secret: Option<PathBuf>,
    /// What the issuer calls this connector, if tokens say who they are meant for; may be repeated.
    #[arg(long, value_name = "NAME", requires = "introspection")]
    introspection_audience: Vec<String>,
    /// The claim that names the tenant [default: sub].
    #[arg(long, value_name = "CLAIM", requires = "claims")]
    tenant_claim: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct StaticIdentity {
    tenant: Tenant,
    file: PathBuf,
}

impl IdentityArgs {
    /// The verifier that was asked for, if one was.
    pub(crate) fn verifier(&self, dialer: &TcpDialer) -> anyhow::Result<Option<Arc<dyn IdentityVerifier>>> {
        let told = "identities cannot be checked";
        let tenant_claim = self.tenant_claim.clone().unwrap_or_else(|| DEFAULT_TENANT_CLAIM.to_owned());
        if let Some(issuer) = self.oidc_issuer.clone() {
            let settings = OidcSettings::new(issuer, self.oidc_audience.clone())
                .with_tenant_claim(tenant_claim)
                .with_jwks_url(self.oidc_jwks.clone());
            let fetch = Arc::new(HttpsFetch::over(Arc::new(dialer.clone())));
            return Ok(Some(Arc::new(OidcVerifier::new(settings, fetch).context(told)?)));
        }
        if let Some(url) = self.introspection.clone() {
            let secret = self.introspection_secret.as_deref().map(read).transpose()?;
            let settings = IntrospectionSettings::new(url)
                .with_client(
                    self.introspection_client.clone().unwrap_or_default(),
                    secret.unwrap_or_else(|| Secret::new("")),
                )
                .with_audiences(self.introspection_audience.clone())
                .with_tenant_claim(tenant_claim);
            let fetch = Arc::new(HttpsFetch::over(Arc::new(dialer.clone())));
            return Ok(Some(Arc::new(IntrospectionVerifier::new(settings, fetch).context(told)?)));
        }
        if self.static_identity.is_empty() {
            return Ok(None);
        }
        let tokens = self
            .static_identity
            .iter()
            .map(|identity| Ok((identity.tenant.clone(), read(&identity.file)?)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Some(Arc::new(StaticTokens::new(tokens).context(told)?)))
    }
}

/// A secret in a file of its own: on a command line every process of the machine could read it.
fn read(file: &Path) -> anyhow::Result<Secret> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("the secret in {} cannot be read", file.display()))?;
    Ok(Secret::new(text.trim()))
}

fn static_identity(text: &str) -> Result<StaticIdentity, String> {
    let (tenant, file) =
        text.split_once('=').ok_or("write it as TENANT=FILE, such as home=/etc/relay/home.token")?;
    if file.is_empty() {
        return Err("the file is missing; write it as TENANT=FILE".to_owned());
    }
    let tenant = tenant.parse::<Tenant>().map_err(|error| error.to_string())?;
    Ok(StaticIdentity { tenant, file: file.into() })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::IdentityArgs;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        identity: IdentityArgs,
    }

    fn parse(line: &str) -> Result<IdentityArgs, String> {
        let words = std::iter::once("relay-connector").chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.identity).map_err(|error| error.to_string())
    }

    #[test]
    fn each_way_is_complete_by_itself() {
        assert!(parse("").unwrap().verifier(&relay_net::TcpDialer::default()).unwrap().is_none());
        for line in [
            "--oidc-issuer https://i.example --oidc-audience a --oidc-audience b --tenant-claim tid",
            "--oidc-issuer https://i.example --oidc-audience a --oidc-jwks https://i.example/keys",
            "--introspection https://i.example/introspect --introspection-audience a --tenant-claim tid",
        ] {
            assert!(
                parse(line).unwrap().verifier(&relay_net::TcpDialer::default()).unwrap().is_some(),
                "{line}"
            );
        }
    }

    #[test]
    fn what_does_not_go_together_is_told_by_name() {
        for (line, told) in [
            ("--oidc-issuer https://i.example", "--oidc-audience"),
            ("--oidc-audience a", "--oidc-issuer"),
            ("--tenant-claim tid", "--oidc-issuer"),
            ("--static-identity home=f --tenant-claim tid", "--oidc-issuer"),
            ("--static-identity home=f --introspection https://i.example", "--introspection"),
            (
                "--oidc-issuer https://i.example --oidc-audience a --introspection https://i.example",
                "--introspection",
            ),
            ("--introspection https://i.example --introspection-client c", "--introspection-secret"),
            ("--introspection-secret f", "--introspection"),
            ("--static-identity home", "TENANT=FILE"),
            ("--static-identity home=", "TENANT=FILE"),
            ("--static-identity =f", "blank"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(told), "{line}: {error}");
        }
    }

    #[test]
    fn tokens_are_read_from_their_files_without_the_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let line = format!("--static-identity home={}", file.display());
        let refused = |line: &str| {
            format!("{:#}", parse(line).unwrap().verifier(&relay_net::TcpDialer::default()).err().unwrap())
        };
        assert!(refused(&line).contains("cannot be read"));
        std::fs::write(&file, "hunter2\n").unwrap();
        let told = refused(&line);
        assert!(told.contains("home") && !told.contains("hunter2"), "{told}");
        std::fs::write(&file, "a-token-of-the-home-0123456789\n").unwrap();
        assert!(parse(&line).unwrap().verifier(&relay_net::TcpDialer::default()).unwrap().is_some());
    }
}
