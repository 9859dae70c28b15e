//! Fairness between two sources, without dice.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Polls one after the other, in this order or the other way round; what the first to come brought.
pub(super) async fn in_turn<T>(
    first: bool,
    one: impl Future<Output = T>,
    other: impl Future<Output = T>,
) -> T {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|cx| {
        if first && let Poll::Ready(wake) = one.as_mut().poll(cx) {
            return Poll::Ready(wake);
        }
        if let Poll::Ready(wake) = other.as_mut().poll(cx) {
            return Poll::Ready(wake);
        }
        if first { Poll::Pending } else { one.as_mut().poll(cx) }
    })
    .await
}
