//! `POST /relay/media` and `GET /relay/media/{id}`: files for chats, kept for about an hour.

use std::pin::pin;
use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use futures_util::TryStreamExt as _;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use hyper::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use relay_wire::MediaResponse;
use tokio::time::{Instant, timeout_at};
use tokio_util::io::ReaderStream;

use crate::Limits;
use crate::access::accounts::GatewayAccounts;
use crate::media::{Kept, MediaError, MediaFiles, content_type, file_name};
use crate::server::routes::answer::{HttpResponse, Refused, error, json};
use crate::server::routes::bearer;

/// Bytes that are read from a file at once.
const PIECE: usize = 64 * 1024;

/// What stands percent-encoded in a file's name (RFC 8187): all but letters, digits and these three.
const OUTSIDE_A_NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// The path of a file up to its id.
#[derive(Clone)]
pub(super) struct FilePrefix(pub(super) Arc<str>);

pub(super) async fn upload(
    State(accounts): State<Arc<GatewayAccounts>>,
    State(media): State<Arc<MediaFiles>>,
    State(limits): State<Arc<Limits>>,
    request: Request,
) -> Result<HttpResponse, Refused> {
    let (head, body) = request.into_parts();
    let gateway = bearer::gateway(&head.headers, &accounts).await?;
    let header = |name: &str| head.headers.get(name).map(HeaderValue::as_bytes);
    let name = header("x-media-filename").and_then(file_name);
    let content_type = content_type(header(CONTENT_TYPE.as_str()));
    // Told at once, where the length is: nobody has to send 25 MiB to hear that it was too much.
    if body.size_hint().lower() > limits.media {
        return Ok(refused(&MediaError::TooLarge(limits.media)));
    }
    let mut upload = match media.begin(&gateway.tenant).await {
        Ok(upload) => upload,
        Err(reason) => return Ok(refused(&reason)),
    };
    let end = Instant::now() + limits.upload;
    let mut body = pin!(body);
    loop {
        let piece = timeout_at(end.min(Instant::now() + limits.request), body.frame());
        let piece = match piece.await {
            Ok(Some(Ok(piece))) => piece,
            Ok(None) => break,
            Ok(Some(Err(_))) => {
                return Ok(error(StatusCode::BAD_REQUEST, "the file could not be read to its end"));
            }
            Err(_) => return Ok(error(StatusCode::REQUEST_TIMEOUT, "the file did not come in time")),
        };
        let Ok(bytes) = piece.into_data() else { continue };
        if let Err(reason) = upload.write(&bytes).await {
            return Ok(refused(&reason));
        }
    }
    Ok(match upload.finish(name, content_type).await {
        Ok((id, size)) => json(StatusCode::OK, &MediaResponse { id, size }),
        Err(reason) => refused(&reason),
    })
}

pub(super) async fn download(
    State(accounts): State<Arc<GatewayAccounts>>,
    State(media): State<Arc<MediaFiles>>,
    State(prefix): State<FilePrefix>,
    request: Request,
) -> Result<HttpResponse, Refused> {
    // As it was sent, nothing decoded.
    let id = request.uri().path().strip_prefix(&*prefix.0).unwrap_or_default();
    let gateway = bearer::gateway(request.headers(), &accounts).await?;
    Ok(match media.open(&gateway.tenant, id).await {
        Ok(Some((kept, file))) => {
            let pieces = ReaderStream::with_capacity(file, PIECE).map_ok(Frame::data);
            described(&kept, Body::new(StreamBody::new(pieces)))
        }
        Ok(None) => error(StatusCode::NOT_FOUND, "there is no such file, or no longer; upload it again"),
        Err(reason) => refused(&reason),
    })
}

/// Files are what strangers sent: they are never shown as a page of this host.
fn described(kept: &Kept, body: Body) -> HttpResponse {
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_LENGTH, kept.size.into());
    let kind = HeaderValue::from_str(&kept.content_type).expect("media types are visible ASCII");
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_DISPOSITION, disposition(kept.name.as_deref()));
    answer
}

fn disposition(name: Option<&str>) -> HeaderValue {
    let Some(name) = name else { return HeaderValue::from_static("attachment") };
    let text = format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(name, OUTSIDE_A_NAME));
    HeaderValue::try_from(text).expect("percent encoding is ASCII")
}

fn refused(reason: &MediaError) -> HttpResponse {
    let status = match reason {
        MediaError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        MediaError::Full | MediaError::Random(_) => StatusCode::SERVICE_UNAVAILABLE,
        MediaError::Io(cause) => {
            tracing::error!(%cause, "a file could not be stored or read");
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    error(status, reason.to_string())
}
