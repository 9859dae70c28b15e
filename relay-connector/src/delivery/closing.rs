//! Why the connector ends a connection, as a close code and a reason (contract, Connection).

use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::access::authentication::Rejection;

/// A rejected upgrade token. The upgrade itself is accepted, so that every client can read the verdict.
const REJECTED: u16 = 4401;

/// RFC 6455 leaves 123 bytes of a close frame for the reason.
const MAX_REASON: usize = 123;

/// The end of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// Unknown gateway, bad signature, revoked, or no token at all.
    Unauthorized,
    /// A genuine token that is merely old.
    Expired,
    /// The same gateway dialed again. It must get in at once after a loss that only it noticed, so the newer
    /// connection stays and the older one goes.
    DuplicateSession,
    /// A hello for a platform without a front: the operator has to see it, and a gateway that waited for a
    /// descriptor would only time out.
    NotServed(String),
    /// More identities than [`Limits::identities`](crate::Limits::identities).
    TooManyIdentities,
    /// No hello in time.
    NoHello,
    /// Interrupts pile up: the gateway does not read what it is sent.
    SlowConsumer,
    /// The store cannot be read or written.
    TryLater,
    /// A message above [`Limits::message`](crate::Limits::message).
    TooBig,
    /// A text message that is not UTF-8.
    NotUtf8,
    /// The connector shuts down.
    GoingAway,
    /// The peer closed, with this code if with any; all that is left is to confirm it.
    Left(Option<u16>),
    /// The peer vanished, fell silent or violated the WebSocket protocol: there is nobody to tell.
    Lost,
}

/// What may be why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    /// Nothing that the gateway was sent.
    Nothing,
    /// What it was sent, if it is known to have read it.
    WhatWasRead,
    /// What it was sent: it says so.
    Content,
}

impl From<Rejection> for Closing {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Unauthorized => Self::Unauthorized,
            Rejection::Expired => Self::Expired,
        }
    }
}

impl Closing {
    /// What the end of the connection says about what the gateway was sent last.
    pub(crate) fn blames(&self) -> Blame {
        match self {
            // A protocol error, a kind or a text that it cannot accept, a message that is too big, an error of its own.
            Self::Left(Some(1002 | 1003 | 1007 | 1009 | 1011)) => Blame::Content,
            // Among them going away and a restart, which the gateway's operator may have asked for.
            Self::Left(Some(1000 | 1001 | 1012 | 1013))
            | Self::Unauthorized
            | Self::Expired
            | Self::DuplicateSession
            | Self::SlowConsumer
            | Self::TryLater
            | Self::GoingAway => Blame::Nothing,
            Self::NotServed(_)
            | Self::TooManyIdentities
            | Self::NoHello
            | Self::TooBig
            | Self::NotUtf8
            | Self::Left(_)
            | Self::Lost => Blame::WhatWasRead,
        }
    }

    /// The close frame that the peer is sent; `None` when nobody is there to read one.
    pub(crate) fn frame(&self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Unauthorized => (REJECTED.into(), "unauthorized".to_owned()),
            Self::Expired => (REJECTED.into(), "expired".to_owned()),
            Self::DuplicateSession => (CloseCode::Policy, "duplicate session".to_owned()),
            Self::NotServed(platform) => (CloseCode::Policy, format!("platform not served: {platform}")),
            Self::TooManyIdentities => (CloseCode::Policy, "too many identities".to_owned()),
            Self::NoHello => (CloseCode::Policy, "no hello".to_owned()),
            Self::SlowConsumer => (CloseCode::Again, "slow consumer".to_owned()),
            Self::TryLater => (CloseCode::Again, "try again later".to_owned()),
            Self::TooBig => (CloseCode::Size, "message too big".to_owned()),
            Self::NotUtf8 => (CloseCode::Invalid, "text is not UTF-8".to_owned()),
            Self::GoingAway => (CloseCode::Away, "going away".to_owned()),
            Self::Left(_) | Self::Lost => return None,
        };
        let mut reason = reason;
        reason.truncate(reason.floor_char_boundary(MAX_REASON));
        Some(CloseFrame { code, reason: reason.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::Closing;

    fn close_frame(closing: &Closing) -> (u16, String) {
        let frame = closing.frame().expect("a frame is sent");
        (frame.code.into(), frame.reason.to_string())
    }

    #[test]
    fn only_a_genuine_old_token_is_called_expired() {
        assert_eq!(close_frame(&Closing::Expired), (4401, "expired".to_owned()));
        assert_eq!(close_frame(&Closing::Unauthorized), (4401, "unauthorized".to_owned()));
    }

    #[test]
    fn a_long_platform_name_is_cut_to_what_a_close_frame_holds() {
        let (code, reason) = close_frame(&Closing::NotServed("ä".repeat(200)));
        assert_eq!(code, 1008);
        assert!(reason.len() <= 123 && reason.starts_with("platform not served: ä"), "{reason}");
    }

    #[test]
    fn a_lost_peer_is_sent_no_close_frame() {
        assert_eq!(Closing::Lost.frame(), None);
    }
}
