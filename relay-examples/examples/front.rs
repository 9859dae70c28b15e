//! A front of your own: one chat platform behind a connector. This one is a bulletin board in this process.

use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use relay_connector::{ActionContext, Connector, ENROLLMENT_TTL, EventSink, Front, MemoryStore, Tenant};
use relay_examples::{LocalGateway, Outcome, Shouting};
use relay_wire::{Action, ActionResult, CapabilityDescriptor, Event, Source};
use tokio::{net::TcpListener, sync::mpsc};

struct Board {
    events: OnceLock<EventSink>,
    pinned: mpsc::UnboundedSender<String>,
}

impl Front for Board {
    fn platform(&self) -> &'static str {
        "board"
    }

    fn descriptor(&self) -> CapabilityDescriptor {
        let supported_ops = vec!["send".into()];
        let (platform, label) = ("board".into(), "Board".into());
        CapabilityDescriptor { platform, label, supported_ops, max_message_length: 500, ..Default::default() }
    }

    fn attach(&self, events: EventSink) {
        let _ = self.events.set(events);
    }

    fn perform(&self, action: Action, _: ActionContext) -> BoxFuture<'_, ActionResult> {
        Box::pin(async move {
            let Action::Send(send) = action else { return ActionResult::failed("a board takes text alone") };
            match self.pinned.send(format!("{}: {}", send.chat_id, send.content)) {
                Ok(()) => ActionResult::delivered("1"),
                Err(_) => ActionResult::failed("the board is gone"),
            }
        })
    }
}

#[tokio::main]
async fn main() -> Outcome {
    let (pinned, mut board) = mpsc::unbounded_channel();
    let front = Arc::new(Board { events: OnceLock::new(), pinned });
    let connector = Connector::builder(MemoryStore::default()).front(front.clone()).build()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let host = listener.local_addr()?.to_string();
    let token = connector.mint_enrollment_token(&Tenant::default(), ENROLLMENT_TTL)?;
    tokio::spawn(async move { connector.serve(listener, std::future::pending()).await });
    let gateway = LocalGateway::for_platform("board", &host, &token, Arc::new(Shouting)).await?;
    // What your platform receives, in the wire's form. Once this answers, it is stored.
    let events = front.events.get().ok_or("the connector attaches its fronts")?;
    events.reachable(&Tenant::default()).await;
    let source = Source { platform: "board".into(), chat_id: "hall".into(), ..Source::default() };
    let event = Event { text: "lost: one glove".into(), source, ..Event::default() };
    events.deliver(&Tenant::default(), event).await?;
    println!("{}", board.recv().await.ok_or("the board is gone")?);
    gateway.stop().await
}
