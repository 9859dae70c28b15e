//! The JSON-RPC envelope: which of its four kinds a line is, with its parameters as they came.

use std::borrow::Cow;
use std::fmt;

use agent_client_protocol_schema::v1::Error as RpcError;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The id of a request, in whichever form its sender chose.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum RequestId {
    /// A number, as relay and most agents use.
    Number(i64),
    /// A text.
    Text(String),
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// One message of an agent.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    /// It wants an answer.
    Request { id: RequestId, method: Cow<'a, str>, params: &'a RawValue },
    /// It wants none.
    Notification { method: Cow<'a, str>, params: &'a RawValue },
    /// It answers a request of ours.
    Response { id: RequestId, result: Result<&'a RawValue, RpcError> },
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    id: Option<RequestId>,
    #[serde(default, borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    params: Option<&'a RawValue>,
    #[serde(default, borrow)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<RpcError>,
}

impl<'a> Message<'a> {
    /// Reads a line; `None` where it is no message of JSON-RPC 2.0.
    pub(crate) fn read(line: &'a [u8]) -> Option<Self> {
        let envelope: Envelope<'a> = serde_json::from_slice(line).ok()?;
        let params = envelope.params.unwrap_or(RawValue::NULL);
        match (envelope.method, envelope.id) {
            (Some(method), Some(id)) => Some(Self::Request { id, method, params }),
            (Some(method), None) => Some(Self::Notification { method, params }),
            (None, Some(id)) => {
                let result = envelope.error.map_or(Ok(envelope.result.unwrap_or(RawValue::NULL)), Err);
                Some(Self::Response { id, result })
            }
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, RequestId};

    #[test]
    fn each_kind_is_told_apart_by_its_members() {
        let request = br#"{"jsonrpc":"2.0","id":"a","method":"session/request_permission","params":{"x":1}}"#;
        assert!(matches!(
            Message::read(request),
            Some(Message::Request { id: RequestId::Text(id), method, params })
                if id == "a" && method == "session/request_permission" && params.get() == r#"{"x":1}"#
        ));
        let notification = br#"{"jsonrpc":"2.0","method":"session/update"}"#;
        assert!(matches!(
            Message::read(notification),
            Some(Message::Notification { params, .. }) if params.get() == "null"
        ));
        let error = br#"{"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":"no"}}"#;
        assert!(matches!(
            Message::read(error),
            Some(Message::Response { id: RequestId::Number(3), result: Err(error) }) if error.message == "no"
        ));
    }

    #[test]
    fn an_answer_of_null_is_an_answer() {
        for line in [br#"{"id":1,"result":null}"#.as_slice(), br#"{"id":1}"#] {
            assert!(matches!(
                Message::read(line),
                Some(Message::Response { result: Ok(result), .. }) if result.get() == "null"
            ));
        }
    }

    #[test]
    fn what_is_no_message_is_none() {
        for line in ["", "Welcome!", "[]", "{}", r#"{"id":null,"result":1}"#, r#"{"id":{},"method":"x"}"#] {
            assert!(Message::read(line.as_bytes()).is_none(), "{line}");
        }
    }
}
