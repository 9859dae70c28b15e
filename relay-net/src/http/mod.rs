//! HTTP/1.1, as a client.

mod retry_after;

pub use retry_after::RetryAfter;
