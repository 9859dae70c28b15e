//! Asking over HTTPS: through the one HTTP client, bounded in time and size.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_net::{Deadlines, Dial, HttpClient, HttpError, HttpRequest, TcpDialer, printable};
use url::Url;

use crate::access::identity::fetch::name;
use crate::access::identity::{Fetch, FetchError, FetchRequest};

/// How long a whole exchange may take. A gateway gives up on its own request after 15 s.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest answer, in bytes.
const MAX_ANSWER: usize = 512 * 1024;

const AGENT: &str = concat!("relay-connector/", env!("CARGO_PKG_VERSION"));

/// Fetches over a dialer: through its proxies, trusting its roots, over whichever address family answers.
#[derive(Clone, Debug)]
pub struct HttpsFetch {
    http: HttpClient,
}

impl Default for HttpsFetch {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpsFetch {
    /// Goes out directly, with the root certificates of this machine and those bundled with the program, which are
    /// read at the first encrypted call.
    pub fn new() -> Self {
        Self::over(Arc::new(TcpDialer::default()))
    }

    /// Goes out by this dialer.
    pub fn over(dialer: Arc<dyn Dial>) -> Self {
        let http = HttpClient::new(dialer).with_max_body(MAX_ANSWER).with_user_agent(AGENT);
        Self { http: http.with_deadlines(Deadlines::total(TIMEOUT)) }
    }

    /// Waits this long for a whole answer instead of 10 s.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { http: self.http.with_deadlines(Deadlines::total(timeout)) }
    }
}

impl Fetch for HttpsFetch {
    fn fetch(&self, request: FetchRequest) -> BoxFuture<'_, Result<Bytes, FetchError>> {
        async move {
            let (url, request) = http(request);
            let answer = self.http.send(request).await.and_then(relay_net::HttpResponse::success);
            answer.map(|answer| answer.body().clone()).map_err(|error| failed(&url, error))
        }
        .boxed()
    }
}

fn http(request: FetchRequest) -> (Url, HttpRequest) {
    match request {
        FetchRequest::Document(url) => {
            let request = HttpRequest::get(&url).header("accept", "application/json");
            (url, request)
        }
        FetchRequest::Form { url, authorization, form } => {
            // A question that is asked with POST: it may be asked twice.
            let request =
                HttpRequest::post(&url).form(form.expose().to_owned()).redacting(&form).idempotent();
            let request = match authorization {
                Some(value) => request.secret_header("authorization", &value),
                None => request,
            };
            (url, request)
        }
    }
}

/// The failures that a verifier tells apart.
fn failed(url: &Url, error: HttpError) -> FetchError {
    let url = name(url);
    match error {
        HttpError::Timeout { limit, .. } => FetchError::Timeout { url, limit },
        HttpError::Redirected { .. } => FetchError::Redirected { url },
        HttpError::Status { status, .. } => FetchError::Status { url, status },
        HttpError::TooLarge { max, .. } => FetchError::TooLarge { url, max },
        HttpError::Request { .. } | HttpError::Plaintext(_) => {
            let reason = "the request cannot be made: check the URL and the client's credentials";
            FetchError::Unusable { url, reason }
        }
        HttpError::Dial { source, .. } => {
            let reason = source.to_string();
            FetchError::Connection { url, reason, source: Some(Arc::new(*source)) }
        }
        HttpError::Broken { reason, .. } | HttpError::NotHttp { reason, .. } => {
            FetchError::Connection { url, reason, source: None }
        }
        other => {
            let reason = printable(&other.to_string());
            FetchError::Connection { url, reason, source: Some(Arc::new(other)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use relay_net::{NoProxy, Proxy, ProxySettings, TcpDialer};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::HttpsFetch;
    use crate::access::identity::{Fetch as _, FetchRequest};

    #[tokio::test]
    async fn an_issuer_is_asked_through_the_proxy_that_is_set() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let proxy = || Some(Proxy::parse(&address.to_string(), "test"));
        let proxies = ProxySettings::new(proxy(), proxy(), NoProxy::default());
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await.unwrap();
            String::from_utf8(request).unwrap()
        });
        let fetch = HttpsFetch::over(Arc::new(TcpDialer::default().through(proxies)));
        let url = "https://issuer.example/keys".parse().unwrap();
        let error = fetch.fetch(FetchRequest::Document(url)).await.unwrap_err();
        let source = std::error::Error::source(&error).expect("a dial that failed");
        assert!(source.to_string().contains("could not reach the host"), "{source}");
        assert!(error.to_string().ends_with(&format!("({source})")), "{error}");
        assert!(asked.await.unwrap().starts_with("CONNECT issuer.example:443 HTTP/1.1\r\n"));
    }
}
