//! The Bot API: one method, one answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use relay_net::Dial;
use serde_json::Value;
use url::Url;

use crate::{ApiError, BotToken};

/// The longest answer that is read.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

/// The longest wait that is believed.
const LONGEST_WAIT: u64 = 24 * 60 * 60;

/// How long an ordinary call may take.
pub(crate) const CALL: Duration = Duration::from_secs(20);

/// Calls methods of the Bot API for one bot.
pub(crate) struct BotApi {
    dialer: Arc<dyn Dial>,
    base: Url,
    token: BotToken,
}

impl BotApi {
    pub(crate) fn new(dialer: Arc<dyn Dial>, base: Url, token: BotToken) -> Self {
        Self { dialer, base, token }
    }

    /// Calls a method within [`CALL`].
    pub(crate) async fn call(&self, method: &str, parameters: &Value) -> Result<Value, ApiError> {
        self.call_within(method, parameters, CALL).await
    }

    /// Calls a method; the whole of it, from the dial to the last byte, within `deadline`.
    pub(crate) async fn call_within(
        &self,
        method: &str,
        parameters: &Value,
        deadline: Duration,
    ) -> Result<Value, ApiError> {
        let mut is_sent = false;
        let exchange = self.exchange(method, parameters, &mut is_sent);
        let answered = tokio::time::timeout(deadline, exchange).await;
        match answered {
            Ok(answer) => answer,
            Err(_) if is_sent => Err(ApiError::Unknown(format!("no answer to {method} in time"))),
            Err(_) => Err(ApiError::Unreached(format!("no connection for {method} in time"))),
        }
    }

    async fn exchange(
        &self,
        method: &str,
        parameters: &Value,
        is_sent: &mut bool,
    ) -> Result<Value, ApiError> {
        let reason = |error: &dyn std::error::Error| self.token.redact(&error.to_string());
        let stream =
            self.dialer.dial(&self.base).await.map_err(|error| ApiError::Unreached(reason(&error)))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| ApiError::Unreached(reason(&error)))?;
        let path = format!("{}/bot{}/{method}", self.base.path().trim_end_matches('/'), self.token.expose());
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, authority(&self.base))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(parameters.to_string())))
            .map_err(|_| ApiError::Unreached("the request cannot be made".into()))?;
        *is_sent = true;
        let exchange = async {
            let response =
                sender.send_request(request).await.map_err(|error| ApiError::Unknown(reason(&error)))?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
            let body = body.map_err(|error| ApiError::Unknown(self.token.redact(&error.to_string())))?;
            self.read(status, &body.to_bytes())
        };
        // The connection is for this call: it ends with it, also where the call is dropped.
        tokio::pin!(connection);
        tokio::select! {
            biased;
            answer = exchange => answer,
            ended = &mut connection => Err(ApiError::Unknown(match ended {
                Ok(()) => "the connection ended before the answer".into(),
                Err(error) => reason(&error),
            })),
        }
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

fn authority(base: &Url) -> String {
    let host = base.host_str().unwrap_or_default();
    base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
