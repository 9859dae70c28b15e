//! Showing that the agent is at work.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::FutureExt as _;
use relay_transport::Outcome;
use relay_wire::{Action, Op, TypingAction};
use tokio::time::{sleep, timeout};

use super::TurnClock;
use crate::Address;
use crate::outbox::Outbox;

/// An answer that is quicker than this shows no typing at all.
const FIRST_AFTER: Duration = Duration::from_millis(250);

/// The shortest-lived indicator (Telegram's) lasts 5 s.
const REFRESH: Duration = Duration::from_secs(4);

/// How long a turn waits for its indicator to be cleared; the next message is not kept waiting any longer.
const CLEARED_WITHIN: Duration = Duration::from_secs(1);

/// Keeps the indicator shown for as long as the future is polled, and no question waits. Never ends.
pub(crate) async fn keep_shown(outbox: &Outbox, address: &Address, clock: &TurnClock) -> Infallible {
    if !outbox.descriptor(address).supports(Op::Typing) {
        return std::future::pending().await;
    }
    sleep(FIRST_AFTER).await;
    // Boxed: most turns are over by now, and every turn would have its size.
    refresh(outbox, address, clock).boxed().await
}

async fn refresh(outbox: &Outbox, address: &Address, clock: &TurnClock) -> Infallible {
    loop {
        clock.runs().await;
        if let Outcome::Declined(_) = outbox.request(address, typing(address, None)).await {
            return std::future::pending().await;
        }
        sleep(REFRESH).await;
    }
}

/// Clears the indicator where it would otherwise stay; everywhere else it expires by itself, and a clear would be one
/// more message to send.
pub(crate) async fn clear(outbox: &Outbox, address: &Address) {
    let descriptor = outbox.descriptor(address);
    if descriptor.typing_persists() && descriptor.supports(Op::Typing) {
        // Waiting is given up, not the action.
        let _ = timeout(CLEARED_WITHIN, outbox.request(address, typing(address, Some(""))).boxed()).await;
    }
}

fn typing(address: &Address, content: Option<&'static str>) -> Action {
    Action::Typing(TypingAction {
        chat_id: address.chat_id.clone(),
        content: content.map(Into::into),
        ..TypingAction::default()
    })
}
