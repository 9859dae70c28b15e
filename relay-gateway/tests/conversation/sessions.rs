//! Who is stopped by whom.

use relay_transport::LinkState;

use crate::harness::Relay;
use crate::platform::{Platform, in_channel};

#[tokio::test]
async fn an_interrupt_over_the_relay_stops_its_own_session_only() {
    let relay = Relay::start().await;
    relay.discord.receive(&in_channel("g1", "a", "1", "hang"));
    relay.discord.receive(&in_channel("g1", "b", "2", "hang"));
    relay.discord.sent(2).await;
    relay.interrupt_from_a_sibling("agent:main:discord:channel:a:u1").await;
    assert_eq!(relay.ends(1).await, ["1 interrupted"]);
    // The sibling session still runs: only `/stop` in its own chat ends it.
    relay.discord.receive(&in_channel("g1", "b", "3", "/stop"));
    let mut ends = relay.ends(3).await;
    ends.sort();
    assert_eq!(ends, ["1 interrupted", "2 interrupted", "3 command"]);
    relay.stop().await;
}

#[tokio::test]
async fn an_action_in_flight_is_settled_at_once_when_the_socket_drops_and_its_chat_is_told_once_it_is_back() {
    let relay = Relay::start_on(Platform::new("discord").holding("lost")).await;
    relay.discord.receive(&in_channel("g1", "a", "1", "lost"));
    relay.discord.sent(1).await;
    let mut state = relay.gateway.state();
    relay.cut_connection();
    let lost = state.wait_for(|state| !matches!(state, LinkState::Live)).await.is_ok();
    assert!(lost, "the gateway lives");
    // The platform finishes what was begun, and the chat's next action waits for that; its result is lost.
    relay.discord.release();
    assert_eq!(relay.ends(1).await, ["1 noticed"], "long before the result's timeout");
    assert!(relay.discord.sent(2).await[1].contains("I was cut off while I answered this"));
    relay.stop().await;
}
