//! An issuer's keys, fetched when they are needed and kept for a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use crate::access::identity::fetch::name;
use crate::access::identity::jwk::KeySet;
use crate::access::identity::jws::Jws;
use crate::access::identity::settings::endpoint;
use crate::access::identity::{Fetch, FetchError, FetchRequest, IdentityError};

/// Keys older than this are fetched anew.
const FRESH: Duration = Duration::from_hours(1);

/// Keys that cannot be fetched anew are good up to this age: an issuer that is down for a while locks nobody
/// out.
const USABLE: Duration = Duration::from_hours(24);

/// The pause after a fetch: whoever sends tokens with invented key ids makes the connector ask the issuer no
/// oftener than this.
const PAUSE: Duration = Duration::from_secs(30);

/// The pause after a fetch that failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Where the keys are.
#[derive(Debug)]
pub(super) enum KeySource {
    /// In the document that this issuer's own document points to.
    Issuer { issuer: String, discovery: Url },
    /// In this document.
    Document(Url),
}

/// The keys of one issuer.
pub(super) struct KeyRing {
    kept: Arc<Mutex<Option<Kept>>>,
    /// The last attempt to fetch. Held while fetching, so that all who need keys wait for one answer.
    attempt: Arc<tokio::sync::Mutex<Option<Attempt>>>,
    publisher: Arc<Publisher>,
}

/// Where an issuer's keys come from.
struct Publisher {
    source: KeySource,
    fetch: Arc<dyn Fetch>,
}

#[derive(Clone)]
struct Kept {
    keys: Arc<KeySet>,
    since: Instant,
}

struct Attempt {
    at: Instant,
    failure: Option<FetchError>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl KeyRing {
    pub(super) fn new(source: KeySource, fetch: Arc<dyn Fetch>) -> Self {
        let publisher = Arc::new(Publisher { source, fetch });
        Self { kept: Arc::default(), attempt: Arc::default(), publisher }
    }

    /// Whether the issuer signed this; its keys are fetched when they are old or this one is not among them.
    pub(super) async fn check(&self, jws: &Jws<'_>) -> Result<(), IdentityError> {
        if let Some(kept) = self.kept()
            && kept.since.elapsed() < FRESH
            && kept.keys.knows(jws)
        {
            return kept.keys.check(jws);
        }
        let asked = Instant::now();
        let failure = self.renew(asked).await;
        match (self.kept(), failure) {
            (Some(kept), _) if kept.since.elapsed() < USABLE => kept.keys.check(jws),
            (_, Some(failure)) => Err(failure.into()),
            (_, None) => Err(IdentityError::UnknownKey),
        }
    }

    /// Fetches the keys, unless that was just done; why it failed the last time, if it did.
    async fn renew(&self, asked: Instant) -> Option<FetchError> {
        let mut attempt = Arc::clone(&self.attempt).lock_owned().await;
        if let Some(last) = attempt.as_ref() {
            let pause = if last.failure.is_some() { PAUSE_AFTER_FAILURE } else { PAUSE };
            // Whoever waited for this attempt takes its result, however long that took.
            if last.at >= asked || last.at.elapsed() < pause {
                return last.failure.clone();
            }
        }
        let (publisher, kept) = (Arc::clone(&self.publisher), Arc::clone(&self.kept));
        // In a task of its own: whoever asks and leaves would otherwise take the answer away from all others,
        // and could do so for ever.
        let asking = tokio::spawn(async move {
            let failure = match publisher.keys().await {
                Ok(keys) => {
                    *kept.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some(Kept { keys: Arc::new(keys), since: Instant::now() });
                    None
                }
                Err(error) => {
                    tracing::warn!(%error, "the issuer's keys cannot be fetched; those at hand are used, if any");
                    Some(error)
                }
            };
            *attempt = Some(Attempt { at: Instant::now(), failure: failure.clone() });
            failure
        });
        asking.await.unwrap_or_else(|_| Some(self.publisher.lost()))
    }

    fn kept(&self) -> Option<Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Publisher {
    async fn keys(&self) -> Result<KeySet, FetchError> {
        let document = match &self.source {
            KeySource::Document(url) => url.clone(),
            KeySource::Issuer { issuer, discovery } => self.discovered(issuer, discovery).await?,
        };
        let keys = self.fetch.fetch(FetchRequest::Document(document.clone())).await?;
        let reason = "it is no JSON with keys of a kind that is accepted here";
        KeySet::read(&keys).ok_or_else(|| FetchError::Unusable { url: name(&document), reason })
    }

    async fn discovered(&self, issuer: &str, url: &Url) -> Result<Url, FetchError> {
        let document = self.fetch.fetch(FetchRequest::Document(url.clone())).await?;
        let unusable = |reason| FetchError::Unusable { url: name(url), reason };
        let document: Discovery = serde_json::from_slice(&document)
            .map_err(|_| unusable("it is no JSON with issuer and jwks_uri"))?;
        if document.issuer != issuer {
            return Err(unusable(
                "it is the document of another issuer; configure the issuer as it names itself",
            ));
        }
        endpoint("jwks_uri", &document.jwks_uri)
            .map_err(|_| unusable("its jwks_uri is not encrypted, or no URL"))
    }

    /// The runtime ends, or the fetch panicked.
    fn lost(&self) -> FetchError {
        let (KeySource::Issuer { discovery: url, .. } | KeySource::Document(url)) = &self.source;
        FetchError::Unusable { url: name(url), reason: "the question was lost" }
    }
}
