//! HTTP/1.1 as a client: one request over one connection of its own, bounded in time and size.

mod body;
mod client;
mod deadlines;
mod error;
mod exchange;
mod http_date;
mod origin;
mod request;
mod response;
mod retry_after;

pub use client::HttpClient;
pub use deadlines::Deadlines;
pub use error::HttpError;
pub use hyper::Method;
pub use request::HttpRequest;
pub use response::{HttpResponse, StreamedResponse};
pub use retry_after::RetryAfter;
