//! The real dialer, over the loopback interface.

use futures_util::{SinkExt as _, StreamExt as _};
use relay_transport::{DisabledReason, Link, LinkConfig, LinkState, RelayTransport as _};
use relay_wire::Identity;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_async};
use url::Url;

use crate::connector::{DESCRIPTOR, result};
use crate::requests::send;

async fn listen() -> (TcpListener, LinkConfig) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let url = Url::parse(&format!("ws://localhost:{port}/relay")).expect("a URL");
    let identity = Identity { platform: "discord".into(), bot_id: "b1".into() };
    (listener, LinkConfig::new(url, identity))
}

async fn accept(listener: &TcpListener) -> WebSocketStream<TcpStream> {
    let (stream, _) = listener.accept().await.expect("a connection");
    accept_async(stream).await.expect("an upgrade")
}

async fn close(socket: &mut WebSocketStream<TcpStream>, code: u16) {
    let frame = CloseFrame { code: code.into(), reason: "revoked".into() };
    socket.send(Message::Close(Some(frame))).await.expect("written");
}

#[tokio::test]
async fn an_action_goes_out_and_its_result_comes_back() {
    let (listener, config) = listen().await;
    let (link, _deliveries, _task) = Link::start(config);
    let mut socket = accept(&listener).await;
    socket.send(Message::text(DESCRIPTOR)).await.expect("written");
    link.state().wait_for(|state| *state == LinkState::Live).await.expect("the task runs");
    let (outcome, ()) = tokio::join!(link.request(send("hello"), None), async {
        socket.next().await.expect("a hello").expect("a hello");
        let action = socket.next().await.expect("an action").expect("an action");
        let id = action.to_text().expect("text").split('"').nth(7).expect("the request's id").to_owned();
        socket.send(Message::text(result(&id, "m1"))).await.expect("written");
    });
    assert_eq!(outcome.message_id(), Some("m1"));
}

/// The connector does not read the hello, so its system answers it with a reset: writing fails before the close
/// frame has been read, and still what counts is that frame.
#[tokio::test]
async fn a_close_code_is_not_lost_to_a_reset() {
    let (listener, config) = listen().await;
    let (link, _deliveries, _task) = Link::start(config);
    let mut socket = accept(&listener).await;
    socket.send(Message::text(DESCRIPTOR)).await.expect("written");
    socket.next().await.expect("a hello").expect("a hello");
    close(&mut socket, 4401).await;
    drop(socket);
    let mut socket = accept(&listener).await;
    close(&mut socket, 4401).await;
    drop(socket);
    let mut state = link.state();
    let settled = state.wait_for(|state| matches!(state, LinkState::Disabled { .. })).await.expect("it ends");
    let revoked = LinkState::Disabled { reason: DisabledReason::Revoked { reason: "revoked".to_owned() } };
    assert_eq!(*settled, revoked);
}
