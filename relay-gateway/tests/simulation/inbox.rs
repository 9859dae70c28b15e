//! The inbox, with an observer between it and the adapter.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_adapter::{
    Admission, DeliveryKeys, EntryId, Inbox, InboxError, Incoming, Step, Unfinished, UnfinishedPage,
};
use tokio::time::sleep;

use crate::breaks::Break;
use crate::happening::Happening;
use crate::names::MessageId;
use crate::power::Point;
use crate::world::Life;

/// How long the inbox that says it has committed takes until it has.
const HASTE: Duration = Duration::from_millis(200);

type Answer<T> = BoxFuture<'static, Result<T, InboxError>>;

/// Passes everything on, at once and in order, and notes it. The answer comes when the disk is done.
#[derive(Clone)]
pub struct ObservedInbox {
    pub inbox: Arc<dyn Inbox>,
    pub life: Life,
}

impl ObservedInbox {
    /// Commits, where the power allows it before and afterwards.
    fn commit<T: Send + 'static>(
        &self,
        before: Point,
        after: Point,
        commit: impl FnOnce() -> Answer<T>,
    ) -> Answer<T> {
        if !self.life.power.passes(before) {
            return pending().boxed();
        }
        let done = commit().now_or_never().expect("an inbox without a writer thread commits at once");
        if !self.life.power.passes(after) {
            return pending().boxed();
        }
        let slow = self.life.world.state().weather.slow_disk;
        async move {
            if !slow.is_zero() {
                sleep(slow).await;
            }
            done
        }
        .boxed()
    }
}

impl Inbox for ObservedInbox {
    fn admit(&self, mut incoming: Incoming<'_>) -> Answer<Admission> {
        let id = MessageId::of(incoming.event);
        let id = id.expect("every message has an id of the simulation");
        if self.life.world.broken == Some(Break::NoMemory) {
            incoming.keys = DeliveryKeys::default();
        }
        self.commit(Point::BeforeAdmission, Point::AfterAdmission, || {
            let admitted = self.inbox.admit(incoming).now_or_never();
            let admitted = admitted.expect("an inbox without a writer thread commits at once");
            match admitted {
                Ok(Admission::New(entry)) => {
                    self.life.world.state().entries.insert(entry, id);
                    self.life.note(&Happening::Admitted(id));
                }
                Ok(Admission::Duplicate) => self.life.note(&Happening::Again(id)),
                Err(_) => {}
            }
            std::future::ready(admitted).boxed()
        })
    }

    fn record(&self, entry: EntryId, step: Step) -> Answer<()> {
        self.commit(Point::BeforeStep, Point::AfterStep, || self.inbox.record(entry, step))
    }

    fn finish(&self, entry: EntryId) -> Answer<()> {
        self.commit(Point::BeforeFinish, Point::AfterFinish, || {
            let id = self.life.world.state().entries.get(&entry).copied();
            self.life.note(&Happening::Finished(id.expect("an entry that was admitted")));
            self.inbox.finish(entry)
        })
    }

    fn page(&self, after: Option<EntryId>) -> Answer<UnfinishedPage> {
        self.inbox.page(after)
    }

    fn find(&self, entry: EntryId) -> Answer<Option<Unfinished>> {
        self.inbox.find(entry)
    }

    fn flush(&self) -> Answer<()> {
        self.inbox.flush()
    }

    fn is_durable(&self) -> bool {
        self.inbox.is_durable()
    }
}

/// An inbox that is broken on purpose: it says that it has committed a message, and commits it later.
pub struct HastyInbox {
    pub inbox: ObservedInbox,
    /// The entries by the names that were given out for them.
    entries: Arc<Mutex<BTreeMap<EntryId, Option<EntryId>>>>,
}

impl HastyInbox {
    pub fn new(inbox: ObservedInbox) -> Self {
        Self { inbox, entries: Arc::default() }
    }

    fn entry(&self, given: EntryId) -> Option<EntryId> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        // What was not given out here is of an earlier life.
        entries.get(&given).copied().unwrap_or(Some(given))
    }
}

impl Inbox for HastyInbox {
    fn admit(&self, incoming: Incoming<'_>) -> Answer<Admission> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let given = EntryId(-1 - i64::try_from(entries.len()).unwrap_or(i64::MAX));
        entries.insert(given, None);
        let (keys, event) = (incoming.keys, incoming.event.clone());
        let (inbox, entries) = (self.inbox.clone(), Arc::clone(&self.entries));
        tokio::spawn(async move {
            sleep(HASTE).await;
            if let Ok(Admission::New(entry)) = inbox.admit(Incoming::new(keys, &event, None)).await {
                entries.lock().unwrap_or_else(PoisonError::into_inner).insert(given, Some(entry));
            }
        });
        std::future::ready(Ok(Admission::New(given))).boxed()
    }

    fn record(&self, entry: EntryId, step: Step) -> Answer<()> {
        match self.entry(entry) {
            Some(entry) => self.inbox.record(entry, step),
            None => std::future::ready(Ok(())).boxed(),
        }
    }

    fn finish(&self, entry: EntryId) -> Answer<()> {
        match self.entry(entry) {
            Some(entry) => self.inbox.finish(entry),
            None => std::future::ready(Ok(())).boxed(),
        }
    }

    fn page(&self, after: Option<EntryId>) -> Answer<UnfinishedPage> {
        self.inbox.page(after)
    }

    fn find(&self, entry: EntryId) -> Answer<Option<Unfinished>> {
        match self.entry(entry) {
            Some(entry) => self.inbox.find(entry),
            None => std::future::ready(Ok(None)).boxed(),
        }
    }

    fn flush(&self) -> Answer<()> {
        self.inbox.flush()
    }

    fn is_durable(&self) -> bool {
        true
    }
}
