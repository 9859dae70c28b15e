//! What the contract says, in a form that the document and the code can both be read into.

use std::collections::BTreeSet;
use std::fmt;

use crate::violation::Violation;

/// One reading of the contract: that of the document, or that of the code.
#[derive(Debug, Default)]
pub(crate) struct Contract {
    /// Everything that has fields.
    pub(crate) tables: Vec<Table>,
    /// Every closed list of words.
    pub(crate) words: Vec<Words>,
    /// The HTTP routes.
    pub(crate) routes: Vec<Route>,
    /// The WebSocket close codes.
    pub(crate) close_codes: Vec<CloseCode>,
    /// Names that no field on the socket may have; the document's alone.
    pub(crate) off_the_wire: Vec<OffTheWire>,
    /// Names that only a reader knows; the code's alone.
    pub(crate) reads: Vec<Read>,
    /// What kept a part from being read.
    pub(crate) faults: Vec<Violation>,
}

/// What a table of fields describes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// A frame from the gateway to the connector, by its `type`.
    GatewayFrame(String),
    /// A frame from the connector to the gateway, by its `type`.
    ConnectorFrame(String),
    /// An action, by its `op`.
    Op(String),
    /// An object by the name of its Rust type.
    Object(String),
}

impl fmt::Display for Subject {
    /// As the document's markers say it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GatewayFrame(name) => write!(f, "gateway frame {name}"),
            Self::ConnectorFrame(name) => write!(f, "connector frame {name}"),
            Self::Op(name) => write!(f, "op {name}"),
            Self::Object(name) => write!(f, "object {name}"),
        }
    }
}

/// The fields of one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) subject: Subject,
    pub(crate) place: Place,
    pub(crate) fields: Vec<Field>,
}

/// A field as it stands on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// `text`, `boolean`, `integer`, `object`, `any`, the name of an object or word list, or `list of` one.
    pub(crate) kind: String,
    pub(crate) presence: Presence,
    /// Without it, what holds it cannot be read.
    pub(crate) required: bool,
    pub(crate) place: Place,
}

/// When a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Always,
    AlwaysMayBeNull,
    WhenSet,
}

impl Presence {
    pub(crate) const ALL: [Self; 3] = [Self::Always, Self::AlwaysMayBeNull, Self::WhenSet];
}

impl fmt::Display for Presence {
    /// As the document's tables say it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Always => "always",
            Self::AlwaysMayBeNull => "always, may be null",
            Self::WhenSet => "when set",
        })
    }
}

/// A closed list of words, by the name of its Rust type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) listed: Vec<(String, Place)>,
}

/// One HTTP route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// `None` where code only knows the path.
    pub(crate) method: Option<String>,
    pub(crate) path: String,
    /// The objects that its requests and answers hold, as far as they are known.
    pub(crate) bodies: BTreeSet<String>,
    pub(crate) place: Place,
}

/// A WebSocket close code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CloseCode {
    pub(crate) code: u16,
    pub(crate) said_by: BTreeSet<Side>,
    pub(crate) place: Place,
}

/// One end of the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Connector,
    Gateway,
}

/// Names that stay off the socket: a name, or a part of one between stars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OffTheWire {
    pub(crate) pattern: String,
    pub(crate) place: Place,
}

impl OffTheWire {
    pub(crate) fn matches(&self, name: &str) -> bool {
        match self.pattern.strip_prefix('*').and_then(|rest| rest.strip_suffix('*')) {
            Some(part) => name.contains(part),
            None => name == self.pattern,
        }
    }
}

/// A name that code looks for in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// A file below the workspace root, and a line in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: usize,
}

impl Place {
    pub(crate) fn new(file: &str, line: usize) -> Self {
        Self { file: file.into(), line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
