//! The link and the inbox of an adapter, measured from outside.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_adapter::{Admission, EntryId, Inbox, InboxError, Incoming, Step, Unfinished, UnfinishedPage};
use relay_transport::{Descriptors, LinkState, Outcome, RelayTransport};
use relay_wire::{Action, BufferId, Identity, SessionKey};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Measurements;

/// A link whose actions and acknowledgements are measured.
pub(crate) struct MeasuredTransport {
    pub(crate) inner: Arc<dyn RelayTransport>,
    pub(crate) measurements: Measurements,
}

impl RelayTransport for MeasuredTransport {
    fn request(&self, action: Action, via: Option<Identity>) -> BoxFuture<'_, Outcome> {
        let op = action.op().to_owned();
        let performed = self.inner.request(action, via);
        async move {
            let began = Instant::now();
            let outcome = performed.await;
            self.measurements.action_ended(&op, &outcome, began.elapsed());
            outcome
        }
        .boxed()
    }

    fn ack(&self, buffer_id: BufferId) {
        self.measurements.acknowledged(&buffer_id);
        self.inner.ack(buffer_id);
    }

    fn interrupt(&self, session_key: SessionKey, reason: Option<String>) {
        self.inner.interrupt(session_key, reason);
    }

    fn descriptors(&self) -> Arc<Descriptors> {
        self.inner.descriptors()
    }

    fn state(&self) -> watch::Receiver<LinkState> {
        self.inner.state()
    }
}

/// An inbox whose admissions are measured.
pub(crate) struct MeasuredInbox {
    pub(crate) inner: Arc<dyn Inbox>,
    pub(crate) measurements: Measurements,
}

impl Inbox for MeasuredInbox {
    fn admit(&self, incoming: Incoming<'_>) -> BoxFuture<'static, Result<Admission, InboxError>> {
        let (began, measurements) = (Instant::now(), self.measurements.clone());
        let buffer_id = incoming.keys.buffer_id.clone();
        measurements.admission_began(buffer_id.as_ref());
        let committed = self.inner.admit(incoming);
        async move {
            let admission = committed.await;
            match admission {
                Ok(_) => measurements.admission_ended(began.elapsed()),
                Err(_) => measurements.admission_failed(buffer_id.as_ref()),
            }
            admission
        }
        .boxed()
    }

    fn record(&self, entry: EntryId, step: Step) -> BoxFuture<'static, Result<(), InboxError>> {
        self.inner.record(entry, step)
    }

    fn finish(&self, entry: EntryId) -> BoxFuture<'static, Result<(), InboxError>> {
        self.inner.finish(entry)
    }

    fn flush(&self) -> BoxFuture<'static, Result<(), InboxError>> {
        self.inner.flush()
    }

    fn page(&self, after: Option<EntryId>) -> BoxFuture<'static, Result<UnfinishedPage, InboxError>> {
        self.inner.page(after)
    }

    fn find(&self, entry: EntryId) -> BoxFuture<'static, Result<Option<Unfinished>, InboxError>> {
        self.inner.find(entry)
    }

    fn is_durable(&self) -> bool {
        self.inner.is_durable()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt as _;
    use futures_util::future::{BoxFuture, ready};
    use prometheus_client::encoding::text;
    use prometheus_client::registry::Registry;
    use relay_adapter::{DeliveryKeys, Inbox as _, Incoming, MemoryInbox};
    use relay_transport::{Descriptors, LinkState, Outcome, RelayTransport};
    use relay_wire::{Action, BufferId, Event, Identity, SessionKey, TypingAction};
    use tokio::sync::watch;

    use super::{MeasuredInbox, MeasuredTransport};
    use crate::observability::metrics::Measurements;

    /// A link whose connection is gone.
    struct Unconnected;

    impl RelayTransport for Unconnected {
        fn request(&self, _: Action, _: Option<Identity>) -> BoxFuture<'_, Outcome> {
            ready(Outcome::NotSent).boxed()
        }

        fn ack(&self, _: BufferId) {}

        fn interrupt(&self, _: SessionKey, _: Option<String>) {}

        fn descriptors(&self) -> Arc<Descriptors> {
            Arc::default()
        }

        fn state(&self) -> watch::Receiver<LinkState> {
            watch::channel(LinkState::Closed).1
        }
    }

    #[tokio::test]
    async fn each_action_admission_and_acknowledgement_is_measured_once() {
        let measurements = Measurements::default();
        let transport =
            MeasuredTransport { inner: Arc::new(Unconnected), measurements: measurements.clone() };
        let inbox =
            MeasuredInbox { inner: Arc::new(MemoryInbox::default()), measurements: measurements.clone() };
        let event = Arc::new(Event::default());
        for _ in 0..2 {
            let keys = DeliveryKeys::new(Some("b1".parse().unwrap()), None);
            inbox.admit(Incoming::new(keys, &event, None)).await.expect("in memory");
            transport.ack("b1".parse().unwrap());
            // One that was not admitted is not measured.
            transport.ack("b2".parse().unwrap());
        }
        let action = || Action::Typing(TypingAction { chat_id: "c1".into(), ..TypingAction::default() });
        transport.request(action(), None).await;
        transport.request(action(), None).await;
        assert_eq!(measurements.actions(), [(("typing".to_owned(), "not_sent"), 2)]);

        let mut registry = Registry::default();
        registry.register("action", "", measurements.action().clone());
        registry.register("admission", "", measurements.admission().clone());
        registry.register("acknowledgement", "", measurements.acknowledgement().clone());
        let mut scraped = String::new();
        text::encode(&mut scraped, &registry).expect("text");
        for histogram in ["action", "admission", "acknowledgement"] {
            assert!(scraped.contains(&format!("\n{histogram}_count 2\n")), "{histogram}: {scraped}");
        }
    }
}
