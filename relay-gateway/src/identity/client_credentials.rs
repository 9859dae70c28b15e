//! Identity tokens of the operator's own identity provider: OAuth 2.0 client credentials (RFC 6749, 4.4).

use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_auth::{Secret, UnixSeconds};
use relay_config::IdentityProvider;
use relay_net::{HttpClient, HttpError, HttpRequest};
use relay_runtime::Clock;
use serde_json::{Map, Value};

use super::{IdentityError, IdentityTokens, token};

/// A token that ends sooner than this is not given any more, in seconds: it has to last for the calls that
/// follow.
const MARGIN: u64 = 60;

/// Fetches tokens, and keeps each for as long as its issuer says.
pub(super) struct ClientCredentials {
    provider: IdentityProvider,
    http: HttpClient,
    clock: Clock,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    token: Secret,
    until: UnixSeconds,
}

impl ClientCredentials {
    pub(super) fn new(provider: IdentityProvider, http: HttpClient, clock: Clock) -> Self {
        Self { provider, http, clock, kept: Mutex::new(None) }
    }

    fn place(&self) -> String {
        let url = &self.provider.token_url;
        format!("{}{} ({})", url.value.origin().ascii_serialization(), url.value.path(), url.origin)
    }

    async fn fetch(&self) -> Result<Secret, IdentityError> {
        let now = self.clock.now();
        let kept = self
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .and_then(|kept| (now.plus(MARGIN).0 < kept.until.0).then(|| kept.token.clone()));
        if let Some(token) = kept {
            return Ok(token);
        }
        let IdentityProvider { token_url, client_id, client_secret, scope, .. } = &self.provider;
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", &client_id.value),
            ("client_secret", client_secret.value.expose()),
        ];
        form.extend(scope.as_ref().map(|scope| ("scope", scope.value.as_str())));
        let request = HttpRequest::post(&token_url.value).form_fields(&form).redacting(&client_secret.value);
        let response = self.http.call(request).await.map_err(|error| self.failed(error))?;
        let fields: Map<String, Value> = response.json().map_err(|error| self.failed(error))?;
        let text = fields.get("access_token").and_then(Value::as_str).unwrap_or_default();
        let token =
            token::token(text.as_bytes(), || format!("access_token in the answer of {}", self.place()))?;
        let kept = lifetime(&fields).map(|seconds| Kept { token: token.clone(), until: now.plus(seconds) });
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        Ok(token)
    }

    fn failed(&self, source: HttpError) -> IdentityError {
        let remedy = match source.status() {
            Some(400 | 401 | 403) => {
                ". Check GATEWAY_RELAY_IDP_CLIENT_ID, _CLIENT_SECRET and _SCOPE with the provider"
            }
            _ => "",
        };
        IdentityError::Endpoint {
            provider: format!("the identity provider {}", self.place()),
            source,
            remedy,
        }
    }
}

/// `expires_in`, in seconds; some providers write it as text. Without it a token is fetched for each use.
pub(super) fn lifetime(fields: &Map<String, Value>) -> Option<u64> {
    match fields.get("expires_in")? {
        Value::Number(seconds) => seconds.as_u64(),
        Value::String(seconds) => seconds.trim().parse().ok(),
        _ => None,
    }
}

impl IdentityTokens for ClientCredentials {
    fn name(&self) -> String {
        format!("client credentials of {}", self.place())
    }

    fn token(&self) -> BoxFuture<'_, Result<Secret, IdentityError>> {
        self.fetch().boxed()
    }

    fn refused(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use relay_auth::UnixSeconds;
    use relay_config::{ConfigFile, DotEnv, Settings, Sources};
    use relay_runtime::{Clock, TestClock};

    use super::ClientCredentials;
    use crate::identity::IdentityTokens as _;
    use crate::identity::rig::{Endpoint, http};

    fn client(endpoint: &Endpoint, scope: &str, clock: Clock) -> ClientCredentials {
        let named = [
            ("TOKEN_URL", format!("{}/token?tenant=x", endpoint.url)),
            ("CLIENT_ID", "gw&1".to_owned()),
            ("CLIENT_SECRET", "hunter2 &".to_owned()),
            ("SCOPE", scope.to_owned()),
        ];
        let environment: BTreeMap<_, _> =
            named.into_iter().map(|(name, value)| (format!("GATEWAY_RELAY_IDP_{name}"), value)).collect();
        let (dotenv, config) =
            (DotEnv::parse(".env", "").0, ConfigFile::parse("config.yaml", "").expect("empty"));
        let settings = Settings::read(&Sources::new(environment, dotenv, config)).expect("good");
        ClientCredentials::new(settings.identity_provider.expect("whole"), http(), clock)
    }

    #[tokio::test]
    async fn a_token_is_kept_while_it_lasts_and_then_fetched_again() {
        let clock = TestClock::new(UnixSeconds(1_000));
        let endpoint =
            Endpoint::start(|call, _| (200, format!(r#"{{"access_token":"t{call}","expires_in":300}}"#)));
        let client = client(&endpoint, "relay", clock.clock());
        for (now, token) in [(1_000, "t1"), (1_239, "t1"), (1_240, "t2"), (1_241, "t2")] {
            clock.set(UnixSeconds(now));
            assert_eq!(client.token().await.expect("a token").expose(), token, "{now}");
        }
        client.refused();
        assert_eq!(
            client.token().await.expect("a token").expose(),
            "t3",
            "one that was refused is not given again"
        );
        let request = &endpoint.requests()[0];
        assert!(request.starts_with("POST /token?tenant=x HTTP/1.1\r\n"), "{request}");
        assert!(
            request.ends_with(
                "grant_type=client_credentials&client_id=gw%261&client_secret=hunter2+%26&scope=relay"
            ),
            "{request}"
        );
    }

    #[tokio::test]
    async fn a_lifetime_may_be_text_and_without_one_nothing_is_kept() {
        for (expires, tokens) in [
            (r#","expires_in":"300""#, ["t1", "t1"]),
            ("", ["t1", "t2"]),
            (r#","expires_in":-1"#, ["t1", "t2"]),
        ] {
            let endpoint =
                Endpoint::start(move |call, _| (200, format!(r#"{{"access_token":"t{call}"{expires}}}"#)));
            let client = client(&endpoint, "", Clock::fixed(UnixSeconds(1_000)));
            for token in tokens {
                assert_eq!(client.token().await.expect("a token").expose(), token, "{expires}");
            }
            assert!(!endpoint.requests()[0].contains("scope"), "a blank scope is none");
        }
    }

    #[tokio::test]
    async fn a_refusal_names_the_provider_and_repeats_what_it_says_but_no_secret() {
        for (status, body, told) in [
            (401, r#"{"error":"invalid_client","error_description":"hunter2 & is wrong"}"#, "invalid_client"),
            (400, r#"{"error":"invalid_scope"}"#, "invalid_scope"),
            (200, r#"{"token_type":"Bearer"}"#, "holds no identity token"),
            (200, "<html>hunter2 &", "the JSON expected"),
            (302, "", "redirects"),
        ] {
            let endpoint = Endpoint::start(move |_, _| (status, body.to_owned()));
            let fault = client(&endpoint, "", Clock::fixed(UnixSeconds(0)))
                .token()
                .await
                .expect_err("refused")
                .to_string();
            assert!(fault.contains(told) && !fault.contains("hunter2"), "{fault}");
            assert!(fault.contains("environment (GATEWAY_RELAY_IDP_TOKEN_URL)"), "{fault}");
        }
    }
}
