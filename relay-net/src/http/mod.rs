//! HTTP/1.1 as a client: one request at a time over a connection, bounded in time and size.

mod body;
mod client;
mod connection;
mod deadlines;
mod error;
mod http_date;
mod origin;
mod pool;
mod pool_limits;
mod request;
mod response;
mod retry_after;
mod traffic;

pub use client::HttpClient;
pub use deadlines::Deadlines;
pub use error::HttpError;
pub use hyper::Method;
pub use pool_limits::PoolLimits;
pub use request::HttpRequest;
pub use response::{HttpResponse, StreamedResponse};
pub use retry_after::RetryAfter;
