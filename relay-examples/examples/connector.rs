//! A connector in a program of your own: it lets gateways in and brings them what is said in its chats.

use std::sync::Arc;

use relay_connector::{ChatUpdateKind, Connector, ENROLLMENT_TTL, MemoryFront, MemoryStore, Tenant};
use relay_examples::{LocalGateway, Outcome, Shouting};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Outcome {
    // One front for each chat platform. Of `SqliteStore` what waits for a gateway survives the process.
    let front = Arc::new(MemoryFront::new());
    let connector = Connector::builder(MemoryStore::default()).front(front.clone()).build()?;

    // In plaintext: put a proxy that ends TLS in front of it wherever the network is not the machine's own.
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let host = listener.local_addr()?.to_string();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn({
        let (connector, shutdown) = (connector.clone(), shutdown.clone());
        async move { connector.serve(listener, shutdown.cancelled()).await }
    });

    // Whoever runs a gateway gets the address and this token, which is good once. Here one runs in the same process.
    let token = connector.mint_enrollment_token(&Tenant::default(), ENROLLMENT_TTL)?;
    let gateway = LocalGateway::start(&host, &token, Arc::new(Shouting)).await?;

    // What is said is stored before `say` returns; who gets it is in the answer.
    front.connected().await;
    let mut updates = front.updates();
    let said = front.say("kitchen", "is there coffee?").await?;
    println!("{} goes to: {:?}", said.message_id, said.delivery);
    loop {
        let update = updates.recv().await?;
        if let ChatUpdateKind::Posted { content, .. } = update.kind {
            println!("{} hears: {content}", update.chat_id);
            break;
        }
    }

    gateway.stop().await?;
    shutdown.cancel();
    serving.await?;
    Ok(())
}
