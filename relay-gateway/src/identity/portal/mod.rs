//! The portal login in `auth.json` as an identity (contract: none of it; the portal's own rules).
//!
//! Another program shares the file, and a refresh token is good for one use. So whoever refreshes holds the lock
//! beside it from reading the old token to having stored the new one, and uses nothing that is not stored.

mod auth_file;
mod iso8601;
mod lock;
mod place;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_auth::Secret;
use relay_config::PrivateFile;
use relay_net::{HttpClient, HttpError, HttpRequest, PoolLimits};
use relay_runtime::Clock;
use serde_json::{Map, Value};
use tokio::task::spawn_blocking;
use tracing::{info, warn};
use url::Url;

use self::auth_file::{AuthFile, Rotation};
use self::lock::Lock;
use super::client_credentials::lifetime;
use super::{IdentityError, IdentityTokens, token};

/// A token that ends sooner than this is refreshed, in seconds.
const MARGIN: u64 = 120;

/// How long a token is taken to last when the portal does not say, in seconds.
const UNSAID_LIFETIME: u64 = 900;

/// The client that logs in where the file names none.
const CLIENT_ID: &str = "hermes-cli";

/// The errors after which only a new login helps.
const LOST: [&str; 3] = ["invalid_grant", "invalid_token", "refresh_token_reused"];

/// The login that `auth.json` holds.
pub(super) struct PortalLogin {
    path: PathBuf,
    /// The operator's word on where the portal is.
    portal: Option<String>,
    http: HttpClient,
    clock: Clock,
    /// What came in exchange for a refresh token and could not be stored.
    unstored: Mutex<Option<Rotation>>,
}

impl PortalLogin {
    pub(super) fn new(path: PathBuf, portal: Option<String>, http: HttpClient, clock: Clock) -> Self {
        // A refresh token is good once, so it is not risked on a connection that may be dead.
        let http = http.with_pool(PoolLimits::none());
        Self { path, portal, http, clock, unstored: Mutex::new(None) }
    }

    /// Whether there is a login, or something that should be one.
    pub(super) fn is_there(&self) -> bool {
        !matches!(AuthFile::read(&self.path), Ok(None))
    }

    async fn current(&self) -> Result<Secret, IdentityError> {
        // A rename puts the file there whole, so a token that lasts is read without the lock.
        if let Some(token) = self.lasting(&self.read().await?)? {
            return Ok(token);
        }
        let lock = Lock::take(self.path.with_file_name("auth.lock")).await?;
        let file = self.read().await?;
        if let Some(token) = self.lasting(&file)? {
            info!("another program has refreshed the portal login meanwhile");
            return Ok(token);
        }
        let refreshed = self.refresh(&file).await;
        drop(lock);
        refreshed
    }

    async fn read(&self) -> Result<AuthFile, IdentityError> {
        let path = self.path.clone();
        let read = spawn_blocking(move || AuthFile::read(&path)).await;
        let read = read.map_err(|error| self.file("read", io::Error::other(error)))??;
        read.ok_or_else(|| self.useless("there is no portal login any more"))
    }

    /// The access token, where it does not end too soon.
    fn lasting(&self, file: &AuthFile) -> Result<Option<Secret>, IdentityError> {
        let login = &file.login;
        let lasts = login.expires_at.is_some_and(|end| self.clock.now().plus(MARGIN).0 < end.0);
        let lasting = login.access_token.as_ref().filter(|_| lasts);
        let place = || format!("providers.nous.access_token in {}", self.path.display());
        lasting.map(|access| token::token(access.expose().as_bytes(), place)).transpose()
    }

    /// Exchanges the refresh token and stores what came for it. The lock is held by the caller.
    async fn refresh(&self, file: &AuthFile) -> Result<Secret, IdentityError> {
        let spent = file.login.refresh_token.clone();
        let spent = spent.ok_or_else(|| self.useless("the login has expired and holds no refresh token"))?;
        // Before the token is spent: what comes for it could not be kept.
        let room = self.room().await?;
        let unstored = self.unstored.lock().unwrap_or_else(PoisonError::into_inner).take();
        let rotation = match unstored.filter(|rotation| rotation.spent.ct_eq(&spent)) {
            Some(rotation) => rotation,
            None => self.exchange(file, spent).await?,
        };
        let access = rotation.access_token.clone();
        let text = file.with(&rotation);
        let stored = spawn_blocking(move || room.put(text.expose().as_bytes())).await;
        if let Err(error) = stored.map_err(io::Error::other).flatten() {
            *self.unstored.lock().unwrap_or_else(PoisonError::into_inner) = Some(rotation);
            warn!(
                "the refreshed portal login is only in memory; if this process ends before it can be stored, log in again"
            );
            return Err(self.file("written", error));
        }
        info!("the portal login is refreshed and stored");
        Ok(access)
    }

    async fn room(&self) -> Result<PrivateFile, IdentityError> {
        let path = self.path.clone();
        let room = spawn_blocking(move || PrivateFile::beside(&path)).await;
        room.map_err(io::Error::other).flatten().map_err(|error| self.file("written", error))
    }

    async fn exchange(&self, file: &AuthFile, spent: Secret) -> Result<Rotation, IdentityError> {
        let url = place::portal(self.portal.as_deref(), file.login.portal.as_deref());
        let url = url.map_err(|reason| self.useless(reason))?;
        info!(
            portal = %url.origin().ascii_serialization(),
            "refreshing the portal login; the old refresh token is good once, so if this process ends before the new \
             one is stored, log in again"
        );
        let client_id = file.login.client_id.as_deref().unwrap_or(CLIENT_ID);
        let request = HttpRequest::post(&url)
            .form_fields(&[("grant_type", "refresh_token"), ("client_id", client_id)])
            .secret_header("x-nous-refresh-token", &spent);
        let response = self.http.call(request).await.map_err(|error| failed(&url, error))?;
        let fields: Map<String, Value> = response.json().map_err(|error| failed(&url, error))?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let place = || format!("access_token in the answer of {url}");
        let access_token = token::token(text("access_token").unwrap_or_default().as_bytes(), place)?;
        let lifetime = lifetime(&fields).unwrap_or(UNSAID_LIFETIME);
        Ok(Rotation {
            spent,
            access_token,
            refresh_token: text("refresh_token").map(Secret::new),
            obtained_at: self.clock.now(),
            lifetime,
        })
    }

    fn useless(&self, reason: &str) -> IdentityError {
        IdentityError::Login { path: self.path.clone(), reason: format!("{reason}; log in again") }
    }

    fn file(&self, what: &'static str, source: io::Error) -> IdentityError {
        login_file(&self.path, what, source)
    }
}

fn login_file(path: &Path, what: &'static str, source: io::Error) -> IdentityError {
    IdentityError::LoginFile { path: path.to_owned(), what, source }
}

fn failed(url: &Url, source: HttpError) -> IdentityError {
    let said = source.peer_message();
    let code = said.split(':').next().unwrap_or_default().trim();
    let remedy = if LOST.contains(&code) || said.to_lowercase().contains("reuse") {
        ". The login is over: log in again"
    } else {
        match source {
            HttpError::Timeout { .. } | HttpError::Broken { .. } => {
                ". Nobody knows whether the refresh token is spent: if the next try is refused, log in again"
            }
            _ => "",
        }
    };
    let provider = format!("the portal {}", url.origin().ascii_serialization());
    IdentityError::Endpoint { provider, source, remedy }
}

impl IdentityTokens for PortalLogin {
    fn name(&self) -> String {
        format!("the portal login in {}", self.path.display())
    }

    /// Must run to its end: dropped between the answer and the file, it loses the new refresh token.
    fn token(&self) -> BoxFuture<'_, Result<Secret, IdentityError>> {
        self.current().boxed()
    }
}

#[cfg(test)]
mod tests;
