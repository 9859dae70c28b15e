//! The Bot API: one method, one answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use relay_auth::UnixSeconds;
use relay_net::{Deadlines, Dial, HttpClient, HttpError, HttpRequest, StreamedResponse};
use serde_json::Value;
use url::Url;

use crate::form::Form;
use crate::{ApiError, BotToken};

/// The longest answer that is read.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

/// The largest file that Telegram gives a bot, in bytes; a server of one's own gives larger ones.
const LARGEST_FILE: usize = 2 * 1024 * 1024 * 1024;

/// The longest wait that is believed.
const LONGEST_WAIT: u64 = 24 * 60 * 60;

/// How long an ordinary call may take.
pub(crate) const CALL: Duration = Duration::from_secs(20);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long no byte of a file may move.
const SILENCE: Duration = Duration::from_secs(20);

/// How long the way of a file may take, in either direction.
const TRANSFER: Duration = Duration::from_secs(50);

/// Calls methods of the Bot API for one bot, over connections that are kept between calls.
pub(crate) struct BotApi {
    client: HttpClient,
    base: Url,
    token: BotToken,
}

impl BotApi {
    pub(crate) fn new(dialer: Arc<dyn Dial>, base: Url, token: BotToken) -> Self {
        Self { client: HttpClient::new(dialer).with_max_body(LONGEST_ANSWER), base, token }
    }

    /// Calls a method within [`CALL`].
    pub(crate) async fn call(&self, method: &str, parameters: &Value) -> Result<Value, ApiError> {
        self.exchange(method, HttpRequest::post(&self.method(method)).json(parameters), CALL).await
    }

    /// Asks for something, which may be asked twice; the whole of it, from the dial to the last byte, within
    /// `deadline`.
    pub(crate) async fn ask_within(
        &self,
        method: &str,
        parameters: &Value,
        deadline: Duration,
    ) -> Result<Value, ApiError> {
        let request = HttpRequest::post(&self.method(method)).json(parameters).idempotent();
        self.exchange(method, request, deadline).await
    }

    /// The same with the time that it was at Telegram.
    pub(crate) async fn ask_when(
        &self,
        method: &str,
        parameters: &Value,
        deadline: Duration,
    ) -> Result<(Value, Option<UnixSeconds>), ApiError> {
        let request = HttpRequest::post(&self.method(method)).json(parameters).idempotent();
        self.exchange_at(method, request, deadline).await
    }

    /// Calls a method with a file.
    pub(crate) async fn upload(&self, method: &str, form: Form) -> Result<Value, ApiError> {
        let (kind, length) = (form.content_type(), form.length());
        let request = HttpRequest::post(&self.method(method)).stream(&kind, form.into_stream(), Some(length));
        self.exchange(method, request, TRANSFER).await
    }

    /// The bytes of a file that `getFile` has named.
    pub(crate) async fn download(
        &self,
        path: &str,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, ApiError> {
        let url = self.url(&format!("file/bot{}/{path}", self.token.expose()));
        let deadlines = Deadlines::silence(SILENCE).with_connect(CONNECT).with_total(TRANSFER);
        let client = self.client.clone().with_deadlines(deadlines).with_max_body(LARGEST_FILE);
        let response = client.open(HttpRequest::get(&url)).await.map_err(|error| self.classify(&error))?;
        if response.status() != 200 {
            return Err(ApiError::Refused(format!("HTTP {} instead of the file", response.status())));
        }
        let pieces = stream::try_unfold(response, |mut response: StreamedResponse| async move {
            Ok::<_, HttpError>(response.chunk().await?.map(|piece| (piece, response)))
        });
        // The error would name the path, and with it the token.
        Ok(pieces.map_err(|_| io::Error::other("Telegram broke off the file")).boxed())
    }

    async fn exchange(
        &self,
        method: &str,
        request: HttpRequest,
        deadline: Duration,
    ) -> Result<Value, ApiError> {
        Ok(self.exchange_at(method, request, deadline).await?.0)
    }

    async fn exchange_at(
        &self,
        method: &str,
        request: HttpRequest,
        deadline: Duration,
    ) -> Result<(Value, Option<UnixSeconds>), ApiError> {
        let client = self.client.clone().with_deadlines(Deadlines::total(deadline).with_connect(CONNECT));
        match client.send(request).await {
            Ok(response) => Ok((self.read(response.status(), response.body())?, response.date())),
            Err(HttpError::Timeout { .. }) => {
                Err(ApiError::Unknown(format!("no answer to {method} in time")))
            }
            Err(error) => Err(self.classify(&error)),
        }
    }

    /// Whether Telegram may have done what was asked.
    fn classify(&self, error: &HttpError) -> ApiError {
        let reason = self.token.redact(&error.to_string());
        match error {
            HttpError::Dial { .. } | HttpError::Plaintext(_) | HttpError::Request { .. } => {
                ApiError::Unreached(reason)
            }
            _ => ApiError::Unknown(reason),
        }
    }

    fn method(&self, method: &str) -> Url {
        self.url(&format!("bot{}/{method}", self.token.expose()))
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        url
    }

    fn read(&self, status: u16, body: &[u8]) -> Result<Value, ApiError> {
        let mut answer: Value = match serde_json::from_slice(body) {
            Ok(answer @ Value::Object(_)) => answer,
            _ => return Err(ApiError::Unknown(format!("HTTP {status}, and no answer of the Bot API"))),
        };
        if answer["ok"] == Value::Bool(true) {
            return Ok(answer["result"].take());
        }
        let description = answer["description"].as_str().unwrap_or("without a reason");
        let description: String = self
            .token
            .redact(description)
            .chars()
            .filter(|character| !character.is_control())
            .take(300)
            .collect();
        let code = answer["error_code"].as_u64().unwrap_or(u64::from(status));
        let details = &answer["parameters"];
        Err(match code {
            401 | 404 => ApiError::Unauthorized(description),
            403 => ApiError::Forbidden(description),
            409 => ApiError::Conflict(description),
            413 => ApiError::Refused("the file is larger than Telegram takes; send a smaller one".into()),
            429 => {
                let seconds = details["retry_after"].as_u64().unwrap_or(1).min(LONGEST_WAIT);
                ApiError::TooMany { retry_after: Duration::from_secs(seconds) }
            }
            500.. => ApiError::Unknown(format!("HTTP {code}: {description}")),
            _ => match details["migrate_to_chat_id"].as_i64() {
                Some(chat_id) => ApiError::Migrated { chat_id },
                None => ApiError::Refused(description),
            },
        })
    }
}
