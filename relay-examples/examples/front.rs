//! A front of your own: one chat platform behind a connector. This one is a bulletin board in this process.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use relay_connector::{
    ActionContext, Connector, ENROLLMENT_TTL, Front, FrontContext, FrontError, MemoryStore, Tenant,
};
use relay_examples::{LocalGateway, Outcome, Shouting};
use relay_wire::{Action, ActionResult, CapabilityDescriptor, Event, Source};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::sync::CancellationToken;

struct Board(mpsc::UnboundedSender<String>);

impl Front for Board {
    fn platform(&self) -> &'static str {
        "board"
    }

    // The connector runs this until it ends, and again should it panic. An error is for what only a person can mend.
    fn run(&self, context: FrontContext, stop: CancellationToken) -> BoxFuture<'_, Result<(), FrontError>> {
        Box::pin(async move {
            let (label, supported_ops) = ("Board".into(), vec!["send".into()]);
            context.descriptor.publish(CapabilityDescriptor { label, supported_ops, ..Default::default() });
            context.state.live();
            // Here you would ask your platform what people wrote. Once `deliver` answers, it is stored.
            context.events.reachable(&Tenant::default()).await;
            let source = Source { platform: "board".into(), chat_id: "hall".into(), ..Source::default() };
            let event = Event { text: "lost: one glove".into(), source, ..Event::default() };
            let taken = context.events.deliver(&Tenant::default(), event).await;
            taken.map_err(|error| FrontError::new(error.to_string(), "start it again"))?;
            stop.cancelled().await;
            Ok(())
        })
    }

    fn perform(&self, action: Action, _: ActionContext) -> BoxFuture<'_, ActionResult> {
        Box::pin(async move {
            let Action::Send(send) = action else { return ActionResult::failed("a board takes text alone") };
            match self.0.send(format!("{}: {}", send.chat_id, send.content)) {
                Ok(()) => ActionResult::delivered("1"),
                Err(_) => ActionResult::failed("the board is gone"),
            }
        })
    }
}

#[tokio::main]
async fn main() -> Outcome {
    let (pinned, mut board) = mpsc::unbounded_channel();
    let connector = Connector::builder(MemoryStore::default()).front(Arc::new(Board(pinned))).build()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let host = listener.local_addr()?.to_string();
    let token = connector.mint_enrollment_token(&Tenant::default(), ENROLLMENT_TTL)?;
    tokio::spawn(async move { connector.serve(listener, std::future::pending()).await });
    let gateway = LocalGateway::for_platform("board", &host, &token, Arc::new(Shouting)).await?;
    println!("{}", board.recv().await.ok_or("the board is gone")?);
    gateway.stop().await
}
