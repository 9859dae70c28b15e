//! The smallest connector: bytes in, bytes out, nothing in between but this crate.
//!
//! It fronts one platform with one chat, keeps what a gateway has not acknowledged, and remembers what was
//! said. The transport is up to the caller: here a short conversation runs in memory and is printed.
//!
//! ```text
//! cargo run -p relay-wire --example memory_connector
//! ```
#![allow(clippy::print_stdout, reason = "a program for the terminal shows the conversation")]

use std::collections::VecDeque;

use relay_wire::{
    Action, ActionResult, BufferId, CapabilityDescriptor, ChatInfo, ConnectorFrame, Event, GatewayFrame,
    Inbound, Line, LineDecoder, Op, Outbound, OutboundReply, RequestId, SendAction, Source,
};

const PLATFORM: &str = "memory";
const CHAT: &str = "the-chat";

/// A connector, from its gateway's bytes to its own.
#[derive(Default)]
struct MemoryConnector {
    lines: LineDecoder,
    /// What the gateway has not acknowledged, oldest first; delivered again at every handshake.
    unacknowledged: VecDeque<Inbound>,
    deliveries: u64,
    /// A gateway is connected and takes deliveries.
    live: bool,
    /// The messages of the chat, as its people see them.
    chat: Vec<String>,
}

impl MemoryConnector {
    /// Takes bytes from the gateway, in any cut; answers the bytes to send back.
    fn receive(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.lines.push(bytes);
        while let Some(line) = self.lines.next_line() {
            // A line that is too long or no frame is skipped; a real connector logs it.
            let Line::Complete(line) = line else { continue };
            let Ok(frame) = GatewayFrame::decode(line) else { continue };
            self.answer(frame, &mut out);
        }
        out
    }

    /// Somebody writes in the chat; answers the bytes to send, none while the gateway is away.
    fn say(&mut self, author: &str, text: &str) -> Vec<u8> {
        self.chat.push(format!("{author}: {text}"));
        self.deliveries += 1;
        let source = Source {
            platform: PLATFORM.into(),
            chat_id: CHAT.into(),
            user_id: Some(author.to_owned()),
            user_name: Some(author.to_owned()),
            ..Source::default()
        };
        let event = Event { text: text.to_owned(), source, ..Event::default() };
        let buffer_id = BufferId::new(format!("b{}", self.deliveries)).ok();
        let inbound = Inbound { event: Box::new(event), buffer_id };
        self.unacknowledged.push_back(inbound.clone());
        let mut out = Vec::new();
        if self.live {
            ConnectorFrame::Inbound(inbound).encode(&mut out);
        }
        out
    }

    fn answer(&mut self, frame: GatewayFrame, out: &mut Vec<u8>) {
        match frame {
            GatewayFrame::Hello(_) => {
                self.live = true;
                ConnectorFrame::Descriptor(Box::new(descriptor())).encode(out);
                for inbound in &self.unacknowledged {
                    ConnectorFrame::Inbound(inbound.clone()).encode(out);
                }
            }
            GatewayFrame::Outbound(outbound) => {
                let result = self.perform(&outbound.action);
                let request_id = outbound.request_id;
                ConnectorFrame::OutboundResult(OutboundReply { request_id, result }).encode(out);
            }
            GatewayFrame::InboundAck(id) => {
                self.unacknowledged.retain(|inbound| inbound.buffer_id.as_ref() != Some(&id));
            }
            GatewayFrame::GoingIdle => {
                self.live = false;
                ConnectorFrame::GoingIdleAck.encode(out);
            }
            // One gateway runs every session here, and frames of a later contract are ignored.
            _ => {}
        }
    }

    fn perform(&mut self, action: &Action) -> ActionResult {
        match action {
            Action::Send(send) if send.chat_id == CHAT => {
                self.chat.push(format!("agent: {}", send.content));
                ActionResult::delivered(format!("m{}", self.chat.len()))
            }
            Action::GetChatInfo(_) => ActionResult {
                chat_info: Some(ChatInfo { name: "The chat".into(), kind: "dm".into() }),
                ..ActionResult::done()
            },
            Action::Send(_) => ActionResult::failed("no such chat"),
            other => ActionResult::failed(format!("`{}` is not performed here", other.op())),
        }
    }
}

fn descriptor() -> CapabilityDescriptor {
    CapabilityDescriptor {
        platform: PLATFORM.into(),
        label: "Memory".into(),
        markdown_dialect: "plain".into(),
        supported_ops: vec![Op::Send.as_str().into(), Op::GetChatInfo.as_str().into()],
        ..CapabilityDescriptor::default()
    }
}

/// What a gateway with an agent that repeats everything answers to a connector's bytes.
fn echo(bytes: &[u8]) -> Vec<u8> {
    let mut lines = LineDecoder::default();
    lines.push(bytes);
    let mut out = Vec::new();
    while let Some(line) = lines.next_line() {
        let Line::Complete(line) = line else { continue };
        let Ok(ConnectorFrame::Inbound(Inbound { event, buffer_id: Some(id) })) =
            ConnectorFrame::decode(line)
        else {
            continue;
        };
        GatewayFrame::InboundAck(id.clone()).encode(&mut out);
        let send = SendAction {
            chat_id: event.source.chat_id,
            content: format!("you said {}", event.text),
            ..SendAction::default()
        };
        let request_id = RequestId::new(format!("r-{id}")).expect("it begins with r-");
        let action = Action::Send(send);
        GatewayFrame::Outbound(Outbound { request_id, action, platform: None, bot_id: None })
            .encode(&mut out);
    }
    out
}

fn main() {
    let show = |who: &str, bytes: &[u8]| print!("{who}\n{}", String::from_utf8_lossy(bytes));
    let mut connector = MemoryConnector::default();

    let hello = b"{\"type\":\"hello\",\"platform\":\"memory\",\"botId\":\"\"}\n";
    show("gateway:", hello);
    show("connector:", &connector.receive(hello));
    let inbound = connector.say("ann", "hello there");
    show("connector:", &inbound);
    let answer = echo(&inbound);
    show("gateway:", &answer);
    show("connector:", &connector.receive(&answer));
    println!("the chat:\n{}", connector.chat.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::{MemoryConnector, echo};

    const HELLO: &[u8] = b"{\"type\":\"hello\",\"platform\":\"memory\",\"botId\":\"\"}\n";

    fn text(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).expect("frames are UTF-8")
    }

    #[test]
    fn a_hello_is_answered_with_the_descriptor_however_it_is_cut() {
        let mut connector = MemoryConnector::default();
        let (head, tail) = HELLO.split_at(20);
        assert!(connector.receive(head).is_empty());
        let answer = text(&connector.receive(tail));
        assert!(
            answer.starts_with(
                r#"{"type":"descriptor","descriptor":{"contract_version":1,"platform":"memory""#
            )
        );
        assert!(answer.ends_with("\"supported_ops\":[\"send\",\"get_chat_info\"]}}\n"));
    }

    #[test]
    fn a_message_goes_to_the_agent_and_its_answer_to_the_chat() {
        let mut connector = MemoryConnector::default();
        connector.receive(HELLO);
        let inbound = connector.say("ann", "hi");
        let answer = echo(&inbound);
        let result = text(&connector.receive(&answer));
        assert_eq!(
            result,
            "{\"type\":\"outbound_result\",\"requestId\":\"r-b1\",\"result\":{\"success\":true,\"message_id\":\"m2\"}}\n"
        );
        assert_eq!(connector.chat, ["ann: hi", "agent: you said hi"]);
        assert!(connector.unacknowledged.is_empty());
    }

    #[test]
    fn what_an_idle_gateway_missed_is_delivered_at_its_next_hello_until_it_is_acknowledged() {
        let mut connector = MemoryConnector::default();
        connector.receive(HELLO);
        assert_eq!(
            text(&connector.receive(b"{\"type\":\"going_idle\"}\n")),
            "{\"type\":\"going_idle_ack\"}\n"
        );
        assert!(connector.say("ann", "anybody?").is_empty());
        for _ in 0..2 {
            assert!(text(&connector.receive(HELLO)).contains(r#""text":"anybody?""#));
        }
        assert!(connector.receive(b"{\"type\":\"inbound_ack\",\"bufferId\":\"b1\"}\n").is_empty());
        assert!(!text(&connector.receive(HELLO)).contains("anybody?"));
    }

    #[test]
    fn what_cannot_be_performed_is_refused_and_what_cannot_be_read_is_skipped() {
        let mut connector = MemoryConnector::default();
        let answer = connector.receive(
            b"junk\n{\"type\":\"outbound\",\"requestId\":\"r\",\"action\":{\"op\":\"pin\",\"chat_id\":\"c\"}}\n",
        );
        assert_eq!(
            text(&answer),
            "{\"type\":\"outbound_result\",\"requestId\":\"r\",\"result\":{\"success\":false,\"error\":\"`pin` is not performed here\"}}\n"
        );
    }
}
