//! From a URL to an open byte stream.

mod dialer;
mod error;
mod happy_eyeballs;
mod resolve;
mod step;
mod tcp_dialer;
mod timed_stream;

pub use dialer::{ByteStream, Dial};
pub use error::DialError;
pub use resolve::Resolve;
pub use step::DialStep;
pub use tcp_dialer::TcpDialer;
pub use timed_stream::TimedStream;
