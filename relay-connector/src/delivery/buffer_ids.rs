//! A delivery's line, with and without the id that it is acknowledged by.

use bytes::Bytes;
use relay_wire::{BufferId, ConnectorFrame};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::Seq;

/// How every line ends, and where an id is put in.
const END: &[u8] = b"}\n";

/// The ids of one store: its lineage, then the number. They are text that needs no escape in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BufferIds {
    prefix: String,
}

impl BufferIds {
    pub(crate) fn new(lineage: &str) -> Self {
        Self { prefix: format!("{lineage}-") }
    }

    /// The number of an id that these are the ids of.
    pub(crate) fn seq(&self, id: &BufferId) -> Option<Seq> {
        let digits = id.as_str().strip_prefix(&self.prefix)?;
        let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        canonical.then(|| digits.parse().ok()).flatten().map(Seq)
    }

    /// A stored line as it is sent.
    pub(crate) fn label(&self, line: &[u8], seq: Seq) -> Utf8Bytes {
        let body = line.strip_suffix(END).unwrap_or(line);
        let id = format!(",\"bufferId\":\"{}{seq}\"}}\n", self.prefix);
        let labelled = [body, id.as_bytes()].concat();
        Utf8Bytes::try_from(labelled).expect("frames are JSON, which is UTF-8")
    }
}

/// A frame as a line that can be stored and labelled: one of the two kinds that are delivered, without an id.
pub(crate) fn unlabelled(frame: &ConnectorFrame) -> Bytes {
    let mut line = Vec::with_capacity(512);
    frame.encode(&mut line);
    line.into()
}

/// A stored line as it is sent where nothing is acknowledged.
pub(crate) fn plain(line: &Bytes) -> Utf8Bytes {
    Utf8Bytes::try_from(line.clone()).expect("frames are JSON, which is UTF-8")
}

#[cfg(test)]
mod tests {
    use relay_wire::{ConnectorFrame, Event, Forward, Inbound, PassthroughForward};

    use super::{BufferIds, unlabelled};
    use crate::Seq;

    #[test]
    fn a_labelled_line_is_what_the_frame_with_its_id_would_be() {
        let ids = BufferIds::new("f00d");
        let id = Some("f00d-7".parse().unwrap());
        let event = Event { text: "a}\n".into(), ..Event::default() };
        let inbound =
            |buffer_id| ConnectorFrame::Inbound(Inbound { event: Box::new(event.clone()), buffer_id });
        let forward = |buffer_id| {
            ConnectorFrame::PassthroughForward(PassthroughForward {
                forward: Box::new(Forward::default()),
                buffer_id,
            })
        };
        for (bare, labelled) in [(inbound(None), inbound(id.clone())), (forward(None), forward(id.clone()))] {
            let line = ids.label(&unlabelled(&bare), Seq(7));
            assert_eq!(line.as_bytes(), unlabelled(&labelled));
        }
    }

    #[test]
    fn an_id_is_read_back_and_no_other_is() {
        let ids = BufferIds::new("f00d");
        assert_eq!(ids.seq(&"f00d-7".parse().unwrap()), Some(Seq(7)));
        for other in ["7", "beef-7", "f00d-", "f00d-07", "f00d-+7", "f00d-7x", "f00d-99999999999999999999"] {
            assert_eq!(ids.seq(&other.parse().unwrap()), None, "{other:?}");
        }
    }
}
