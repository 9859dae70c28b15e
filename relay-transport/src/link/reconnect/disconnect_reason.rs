//! Every way in which a connection ends or does not come about.

use std::time::Duration;

use tokio_tungstenite::tungstenite::{
    Error as SocketError,
    error::{CapacityError, ProtocolError},
};

use super::Initiator;
use relay_auth::UnixSeconds;
use relay_net::{DialError, RetryAfter, printable};

/// Why there is no connection any more, or none yet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// No stream to the connector's host.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// Nothing answered in time.
    #[error(
        "the connector's host did not answer within {limit:?}; check that the connector runs and that no \
         firewall is between"
    )]
    DialTimeout {
        /// The time that it had.
        limit: Duration,
    },
    /// The upgrade was answered with another status than 101.
    #[error("the upgrade was answered with HTTP {status}{}", advice(*.status, .location.as_deref()))]
    Upgrade {
        /// The HTTP status.
        status: u16,
        /// Where a redirect points.
        location: Option<String>,
        /// How long the connector wants to be left alone (`Retry-After`).
        retry_after: Option<Duration>,
    },
    /// What answered the upgrade does not speak WebSocket.
    #[error(
        "the upgrade was not answered as a WebSocket ({detail}); check that the URL leads to a connector"
    )]
    NoWebSocket {
        /// What the WebSocket layer said.
        detail: String,
    },
    /// The connector closed, and said why.
    #[error("the connector closed with {code}{}", reason_text(.reason))]
    Closed {
        /// The close code; 1005 where there was none.
        code: u16,
        /// The connector's reason; may be empty.
        reason: String,
    },
    /// The connection ended without a close frame.
    #[error("the connection broke off without a close frame ({detail})")]
    Broken {
        /// What the system said.
        detail: String,
    },
    /// Nothing came for too long.
    #[error("nothing came from the connector for {limit:?}, not even an answer to a ping")]
    Silent {
        /// How long the silence may be.
        limit: Duration,
    },
    /// Bytes came, and no answer to a ping: what is sent to the connector does not arrive.
    #[error("no ping was answered for {limit:?}, though other bytes came")]
    Unanswered {
        /// How long answers may fail to come.
        limit: Duration,
    },
    /// Nothing could be written for too long.
    #[error("the socket did not take what was written within {limit:?}")]
    WriteStuck {
        /// The time that it had.
        limit: Duration,
    },
    /// The socket opened, and the connector did not answer the hello.
    #[error("no descriptor came within {limit:?} of the upgrade; check that the URL leads to a connector")]
    NoDescriptor {
        /// The time that it had.
        limit: Duration,
    },
    /// The WebSocket layer cannot go on after such a message; RFC 6455 asks to close with 1007.
    #[error("a text message was not UTF-8, which ends a WebSocket")]
    NotUtf8,
    /// A message beyond the limits.
    #[error("a message was larger than this link takes ({detail}); split it or raise the limit")]
    TooLarge {
        /// What the WebSocket layer said.
        detail: String,
    },
    /// What came is no WebSocket traffic.
    #[error("the connector broke the WebSocket protocol ({detail})")]
    Protocol {
        /// What the WebSocket layer said.
        detail: String,
    },
    /// The owner closed the link.
    #[error("the link was closed by its owner")]
    Owner,
    /// The connector has confirmed that it keeps what comes, and the owner wants the link to sleep.
    #[error("the link hibernates")]
    Hibernate,
    /// The connector has stopped delivering and the owner does not want that any more.
    #[error("the connector went idle after all, and only a new handshake resumes deliveries")]
    Idle,
}

impl DisconnectReason {
    /// Reads an error of an open socket.
    pub(crate) fn of_socket(error: &SocketError) -> Self {
        let detail = printable(&error.to_string());
        match error {
            SocketError::Utf8(_) => Self::NotUtf8,
            SocketError::Capacity(CapacityError::MessageTooLong { .. }) => Self::TooLarge { detail },
            SocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake)
            | SocketError::Io(_)
            | SocketError::ConnectionClosed
            | SocketError::AlreadyClosed => Self::Broken { detail },
            _ => Self::Protocol { detail },
        }
    }

    /// Reads an error of the upgrade.
    pub(crate) fn of_upgrade(error: SocketError, now: UnixSeconds) -> Self {
        match error {
            SocketError::Http(response) => Self::Upgrade {
                status: response.status().as_u16(),
                location: response
                    .headers()
                    .get("location")
                    .map(|value| printable(&String::from_utf8_lossy(value.as_bytes()))),
                retry_after: response
                    .headers()
                    .get("retry-after")
                    .and_then(|value| RetryAfter::parse(value.to_str().ok()?))
                    .map(|retry| retry.wait(now)),
            },
            error => Self::NoWebSocket { detail: printable(&error.to_string()) },
        }
    }

    /// Who ended the connection, or kept it from coming about.
    pub fn initiator(&self) -> Initiator {
        match self {
            Self::Upgrade { .. } | Self::Closed { .. } => Initiator::Connector,
            Self::Dial(_) | Self::DialTimeout { .. } | Self::NoWebSocket { .. } | Self::Broken { .. } => {
                Initiator::Network
            }
            Self::Silent { .. }
            | Self::Unanswered { .. }
            | Self::WriteStuck { .. }
            | Self::NoDescriptor { .. }
            | Self::NotUtf8
            | Self::TooLarge { .. }
            | Self::Protocol { .. } => Initiator::Link,
            Self::Owner | Self::Hibernate | Self::Idle => Initiator::Owner,
        }
    }

    /// What this side says when it is the one that closes; `None` when there is nobody to say it to.
    pub(crate) fn close_code(&self) -> Option<u16> {
        match self {
            Self::NotUtf8 => Some(1007),
            Self::TooLarge { .. } => Some(1009),
            Self::Protocol { .. } => Some(1002),
            Self::NoDescriptor { .. } => Some(1008),
            Self::Owner | Self::Hibernate | Self::Idle => Some(1000),
            _ => None,
        }
    }
}

/// What to do about a status.
fn advice(status: u16, location: Option<&str>) -> String {
    match status {
        300..=399 => format!(
            " to {}, which is not followed because the token must not go elsewhere; set the connector URL to \
             the final address",
            location.unwrap_or("nowhere")
        ),
        400 => "; check the path of the connector URL, which ends in /relay".to_owned(),
        401 => "; check the gateway's id and secret, or enroll it again".to_owned(),
        403 => "; this gateway is not allowed there: check its id, or a proxy between".to_owned(),
        404 => "; check the connector URL: there is no relay at this address".to_owned(),
        500..=599 => "; the connector or a proxy before it is not up".to_owned(),
        _ => String::new(),
    }
}

fn reason_text(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}
