//! The identity provider that a gateway gets its tokens from: OAuth 2.0 client credentials (RFC 6749, 4.4).

use relay_auth::Secret;
use url::Url;

use crate::Setting;
use crate::connector_url::is_loopback;
use crate::reader::Reader;

/// Where identity tokens are fetched, and as whom.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IdentityProvider {
    /// The token endpoint: `https`, or on this machine.
    pub token_url: Setting<Url>,
    /// The client.
    pub client_id: Setting<String>,
    /// Its secret.
    pub client_secret: Setting<Secret>,
    /// What to ask for; the provider's default when unset.
    pub scope: Option<Setting<String>>,
}

/// All of address, client and secret, or none: one without the others can never work and is a problem.
pub(crate) fn read(reader: &mut Reader<'_>) -> Option<IdentityProvider> {
    let token_url = reader.nested("IDP_TOKEN_URL", &["gateway", "idp", "token_url"]);
    let client_id = reader.nested("IDP_CLIENT_ID", &["gateway", "idp", "client_id"]);
    let client_secret = reader.nested("IDP_CLIENT_SECRET", &["gateway", "idp", "client_secret"]);
    let scope = reader.nested("IDP_SCOPE", &["gateway", "idp", "scope"]);
    let origin = [&token_url, &client_id, &client_secret].into_iter().flatten().next()?.origin.clone();
    if let (Some(token_url), Some(client_id), Some(client_secret)) = (&token_url, &client_id, &client_secret)
    {
        let Some(url) = endpoint(&token_url.value) else {
            let told = "the client secret is sent there, so the address must begin with https:// (http:// on this machine), \
                        and hold no user name or password";
            reader.problem(&token_url.origin, told);
            return None;
        };
        return Some(IdentityProvider {
            token_url: token_url.clone().map(|_| url),
            client_id: client_id.clone(),
            client_secret: client_secret.clone().map(Secret::new),
            scope,
        });
    }
    let needed = [
        ("GATEWAY_RELAY_IDP_TOKEN_URL", token_url.is_none()),
        ("GATEWAY_RELAY_IDP_CLIENT_ID", client_id.is_none()),
        ("GATEWAY_RELAY_IDP_CLIENT_SECRET", client_secret.is_none()),
    ];
    let missing: Vec<_> =
        needed.into_iter().filter_map(|(name, is_missing)| is_missing.then_some(name)).collect();
    let told =
        format!("the identity provider needs {} too; set it, or remove the others", missing.join(" and "));
    reader.problem(&origin, &told);
    None
}

/// A token endpoint to which a secret may go.
fn endpoint(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let may = match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(&url),
        _ => false,
    };
    (may && url.username().is_empty() && url.password().is_none()).then_some(url)
}
