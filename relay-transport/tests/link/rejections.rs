//! Close codes and what follows from them; the waits are half of each ceiling.

use std::time::Duration;

use relay_auth::Secret;
use relay_transport::{Credentials, DisabledReason, LinkState, RelayTransport as _};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::connector::{Fixture, config, live, start};

const AT_ONCE: Duration = Duration::ZERO;

/// The wait from now to the next dial.
async fn next_dial(fixture: &mut Fixture) -> (Duration, crate::connector::Peer) {
    let start = Instant::now();
    let peer = fixture.connector.accept().await;
    (start.elapsed(), peer)
}

/// The wait from now to the next dial, which becomes live.
async fn next_dial_live(fixture: &mut Fixture) -> Duration {
    let start = Instant::now();
    fixture.connector.live().await;
    start.elapsed()
}

async fn revoked(fixture: &mut Fixture) -> String {
    let state = fixture.reach_any(|state| matches!(state, LinkState::Disabled { .. })).await;
    let LinkState::Disabled { reason: DisabledReason::Revoked { reason } } = state else { panic!("{state}") };
    assert!(fixture.deliveries.events().recv().await.is_none(), "there is nothing more to come");
    reason
}

#[tokio::test(start_paused = true)]
async fn a_4401_before_any_descriptor_is_dialed_again_with_growing_waits() {
    let mut fixture = start(config());
    let mut waits = Vec::new();
    for _ in 0..8 {
        let (wait, peer) = next_dial(&mut fixture).await;
        waits.push(wait.as_millis());
        peer.close(4401, "unknown gateway").await;
    }
    assert_eq!(waits, [0, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    fixture.reach(&LinkState::Connecting { attempt: 9 }).await;
}

#[tokio::test(start_paused = true)]
async fn credentials_that_come_late_end_the_wait_and_prove_the_gateway_at_the_next_dial() {
    let (arrival, awaited) = watch::channel(None);
    let mut fixture = start(config().with_credentials(awaited));
    for _ in 0..4 {
        let (_, peer) = next_dial(&mut fixture).await;
        assert_eq!(peer.authorization, None, "there are none yet");
        peer.close(4401, "unknown gateway").await;
        fixture.reach_any(|state| matches!(state, LinkState::Connecting { .. })).await;
    }
    arrival.send_replace(Some(Credentials::new("gw".parse().unwrap(), Secret::new("s"))));
    let (wait, peer) = next_dial(&mut fixture).await;
    assert_eq!(wait, AT_ONCE);
    assert!(peer.authorization.as_deref().is_some_and(|value| value.starts_with("Bearer ")));
    drop(arrival);
    peer.close(4401, "unknown gateway").await;
    let (wait, peer) = next_dial(&mut fixture).await;
    assert_eq!(
        wait,
        Duration::from_secs(8),
        "the same credentials are no news, and neither is that none follow"
    );
    assert!(peer.authorization.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_second_4401_after_a_handshake_disables_the_link_for_good() {
    let (mut fixture, peer) = live(config()).await;
    peer.close(4401, "unauthorized").await;
    let (wait, peer) = next_dial(&mut fixture).await;
    assert_eq!(wait, AT_ONCE);
    peer.close(4401, "revoked\u{1b}[31m").await;
    assert_eq!(revoked(&mut fixture).await, "revoked\\u{1b}[31m");
    fixture.task.await;
}

#[tokio::test(start_paused = true)]
async fn a_401_at_the_dial_after_a_4401_disables_the_link_for_good() {
    let (mut fixture, peer) = live(config()).await;
    peer.close(4401, "unauthorized").await;
    fixture.connector.answer("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(revoked(&mut fixture).await, "HTTP 401 at the upgrade");
}

#[tokio::test(start_paused = true)]
async fn a_4401_that_was_a_mistake_is_forgotten_with_the_next_descriptor() {
    let (mut fixture, peer) = live(config()).await;
    peer.close(4401, "cold cache").await;
    let peer = fixture.connector.live().await;
    fixture.reach(&LinkState::Live).await;
    peer.close(4401, "cold cache").await;
    let (wait, _peer) = next_dial(&mut fixture).await;
    assert_eq!(wait, Duration::from_secs(1), "not final, but not at once without end either");
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_renewed_at_once_and_then_with_backoff_and_never_final() {
    let credentials = Credentials::new("gw".parse().unwrap(), Secret::new("s"));
    let (mut fixture, peer) = live(config().with_credentials(credentials)).await;
    peer.close(4401, "expired").await;
    let mut waits = Vec::new();
    for _ in 0..4 {
        let (wait, peer) = next_dial(&mut fixture).await;
        waits.push(wait.as_millis());
        assert!(peer.authorization.is_some());
        peer.close(4401, "expired").await;
    }
    assert_eq!(waits, [0, 1_000, 2_000, 4_000]);
    let _peer = fixture.connector.live().await;
    fixture.reach(&LinkState::Live).await;
}

#[tokio::test(start_paused = true)]
async fn a_healthy_connection_is_dialed_again_at_once_and_one_that_was_not_waits() {
    let (mut fixture, mut peer) = live(config()).await;
    peer.meanwhile(tokio::time::sleep(Duration::from_secs(59))).await;
    peer.close(1001, "deploy").await;
    assert_eq!(next_dial_live(&mut fixture).await, Duration::from_millis(500));

    let (mut fixture, mut peer) = live(config()).await;
    peer.meanwhile(tokio::time::sleep(Duration::from_secs(61))).await;
    peer.close(1001, "deploy").await;
    fixture.reach(&LinkState::Connecting { attempt: 1 }).await;
    assert_eq!(next_dial_live(&mut fixture).await, AT_ONCE);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_session_waits_even_after_a_healthy_connection() {
    let (mut fixture, mut peer) = live(config()).await;
    peer.meanwhile(tokio::time::sleep(Duration::from_secs(61))).await;
    peer.close(1008, "duplicate session").await;
    assert_eq!(next_dial_live(&mut fixture).await, Duration::from_millis(500));
}

#[tokio::test(start_paused = true)]
async fn try_again_later_is_held_before_the_backoff() {
    let (mut fixture, peer) = live(config()).await;
    peer.close(1013, "hold").await;
    assert_eq!(next_dial_live(&mut fixture).await, Duration::from_millis(10_500));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_off_is_dialed_again() {
    let (mut fixture, peer) = live(config()).await;
    drop(peer);
    assert_eq!(next_dial_live(&mut fixture).await, Duration::from_millis(500));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_refuses_connections_is_dialed_again_and_again() {
    let fixture = start(config());
    drop(fixture.connector);
    let mut state = fixture.link.state();
    let tried = state.wait_for(|state| *state == LinkState::Connecting { attempt: 20 }).await;
    assert!(tried.is_ok());
}
