//! A provider's request, forwarded over a real socket by a connector that the test plays itself.

use futures_util::{SinkExt as _, StreamExt as _};
use relay_adapter::AdapterSettings;
use relay_auth::Secret;
use relay_gateway::Exit;
use relay_wire::{ConnectorFrame, Forward, PassthroughForward};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use crate::harness::start_gateway;

async fn line(socket: &mut WebSocketStream<TcpStream>) -> String {
    loop {
        match socket.next().await.expect("the gateway is connected").expect("it keeps to the protocol") {
            Message::Text(text) => return text.to_string(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_interaction_is_acknowledged_and_followed_up_without_its_token() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    let shutdown = CancellationToken::new();
    let gateway =
        start_gateway(&format!("http://{address}"), Secret::new("s"), AdapterSettings::default(), &shutdown);
    let (stream, _) = listener.accept().await.expect("the gateway dials");
    let mut socket = tokio_tungstenite::accept_async(stream).await.expect("the gateway upgrades");
    assert_eq!(line(&mut socket).await, "{\"type\":\"hello\",\"platform\":\"discord\",\"botId\":\"\"}\n");
    assert_eq!(line(&mut socket).await, "{\"type\":\"hello\",\"platform\":\"telegram\",\"botId\":\"\"}\n");
    socket
        .send(Message::text(
            "{\"type\":\"descriptor\",\"descriptor\":{\"contract_version\":1,\"platform\":\"discord\",\"label\":\"Discord\",\
             \"max_message_length\":2000,\"supports_edit\":true}}\n",
        ))
        .await
        .expect("the gateway reads");

    let mut forward = Forward { platform: "discord".into(), method: "POST".into(), ..Forward::default() };
    forward.set_body(
        br#"{"id":"i1","type":2,"token":"hunter2","channel_id":"c","guild_id":"g","member":{"user":{"id":"u"}},
            "data":{"name":"ask","options":[{"name":"q","value":"why"}]}}"#,
    );
    let frame = ConnectorFrame::PassthroughForward(PassthroughForward {
        forward: Box::new(forward),
        buffer_id: Some("b1".parse().unwrap()),
    });
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    socket.send(Message::binary(bytes)).await.expect("the gateway reads");

    assert_eq!(line(&mut socket).await, "{\"type\":\"inbound_ack\",\"bufferId\":\"b1\"}\n");
    let outbound = line(&mut socket).await;
    assert!(
        outbound.ends_with(
            "\"action\":{\"op\":\"follow_up\",\"session_key\":\"agent:main:discord:group:c:u\",\
             \"kind\":\"discord.interaction_token\",\"content\":\"/ask why\",\
             \"metadata\":{\"guild_id\":\"g\",\"scope_id\":\"g\"}},\"platform\":\"discord\"}\n"
        ),
        "{outbound}"
    );
    assert!(!outbound.contains("hunter2"), "{outbound}");

    shutdown.cancel();
    let closing = async { while let Some(Ok(_)) = socket.next().await {} };
    let (end, ()) = tokio::join!(gateway.stopped(), closing);
    assert_eq!(end, Exit::Done);
}
