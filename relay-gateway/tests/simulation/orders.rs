//! What a program is told from outside, as by its operator.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// An order to the gateway.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// Sleep.
    Sleep,
    /// Wake up.
    Wake,
}

/// The orders that a program has not carried out yet.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    given: Arc<Mutex<VecDeque<Order>>>,
    more: Arc<Notify>,
}

impl Orders {
    pub fn give(&self, order: Order) {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).push_back(order);
        self.more.notify_one();
    }

    pub async fn next(&self) -> Order {
        loop {
            if let Some(order) = self.given.lock().unwrap_or_else(PoisonError::into_inner).pop_front() {
                return order;
            }
            self.more.notified().await;
        }
    }
}
