//! Buffers in memory.

use std::collections::BTreeMap;
use std::future::ready;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_auth::UnixSeconds;

use super::MemoryStore;
use super::gateways::done;
use crate::store::BufferStore;
use crate::store::buffer::{
    AppendError, Appended, Backlog, BufferLimits, Buffered, Cursor, DeadLetter, DeadLetterReason,
    NewDelivery, RedeliveryPolicy, Retried, Seq, in_order, retry_wait,
};
use crate::store::error::StoreError;
use crate::store::instance::Instance;

#[derive(Debug, Default)]
pub(super) struct Buffers {
    lineage: Option<String>,
    last: u64,
    instances: BTreeMap<Instance, Buffer>,
}

/// What one instance has to get, and what it would not take.
#[derive(Debug, Default)]
struct Buffer {
    waiting: BTreeMap<Seq, Item>,
    dead_letters: BTreeMap<Seq, DeadLetter>,
    waiting_bytes: usize,
    aside_bytes: usize,
}

#[derive(Debug)]
struct Item {
    delivery: Buffered,
    arrived: UnixSeconds,
    retries: u32,
}

impl Buffers {
    /// What waits for the old instance waits for the new one from here on, unless that has something of its own.
    pub(super) fn take_over(&mut self, old: &Instance, new: &Instance) {
        if !self.instances.contains_key(new)
            && let Some(mut buffer) = self.instances.remove(old)
        {
            buffer.dead_letters.values_mut().for_each(|letter| letter.instance = new.clone());
            self.instances.insert(new.clone(), buffer);
        }
    }

    /// Makes dead letters of what has waited for too long: how many there were, and whether there is no room for the
    /// delivery all the same.
    fn prepare(&mut self, arrival: &NewDelivery, instance: &Instance) -> (usize, bool) {
        let buffer = self.instances.entry(instance.clone()).or_default();
        let dead_letters = buffer.retire(instance, arrival.limits, arrival.now);
        (dead_letters, !buffer.waiting.is_empty() && buffer.is_over(arrival.limits, arrival.line.len()))
    }

    fn append(&mut self, arrival: &NewDelivery, instance: &Instance, mut dead_letters: usize) -> Appended {
        self.last += 1;
        let seq = Seq(self.last);
        let (platform, line) = (arrival.platform.clone(), arrival.line.clone());
        let delivery = Buffered { seq, platform, line, nacks: 0, suspect: false };
        let buffer = self.instances.entry(instance.clone()).or_default();
        buffer.put(Item { delivery, arrived: arrival.now, retries: 0 });
        while buffer.is_over(arrival.limits, 0)
            && let Some((&oldest, _)) = buffer.waiting.first_key_value()
            && oldest != seq
        {
            buffer.make_dead_letter(instance, oldest, DeadLetterReason::Overflow, arrival.now);
            dead_letters += 1;
        }
        let gone = buffer.forget(arrival.limits);
        Appended { instance: instance.clone(), seq, dead_letters, gone }
    }
}

impl Buffer {
    fn put(&mut self, item: Item) {
        self.waiting_bytes += item.delivery.line.len();
        self.waiting.insert(item.delivery.seq, item);
    }

    fn take(&mut self, seq: Seq) -> Option<Item> {
        let item = self.waiting.remove(&seq)?;
        self.waiting_bytes -= item.delivery.line.len();
        Some(item)
    }

    fn take_dead_letter(&mut self, seq: Seq) -> Option<DeadLetter> {
        let item = self.dead_letters.remove(&seq)?;
        self.aside_bytes -= item.line.len();
        Some(item)
    }

    fn make_dead_letter(
        &mut self,
        instance: &Instance,
        seq: Seq,
        reason: DeadLetterReason,
        now: UnixSeconds,
    ) {
        let Some(Item { delivery, arrived, retries }) = self.take(seq) else { return };
        let Buffered { seq, platform, line, nacks, suspect: _ } = delivery;
        self.aside_bytes += line.len();
        let instance = instance.clone();
        let letter = DeadLetter { seq, instance, platform, line, nacks, retries, arrived, at: now, reason };
        self.dead_letters.insert(seq, letter);
    }

    /// Puts back what is due to be tried again; when the next one is.
    fn retry_due(&mut self, policy: RedeliveryPolicy) -> Retried {
        let (now, age) = (policy.now.0, policy.limits.age.as_secs());
        let candidates: Vec<(Seq, u64)> = self
            .dead_letters
            .values()
            .filter(|letter| letter.reason == DeadLetterReason::Unacknowledged)
            .filter(|letter| now.saturating_sub(letter.arrived.0) <= age)
            .map(|letter| (letter.seq, letter.at.0 + retry_wait(letter.retries)))
            .collect();
        let mut retried = Retried::default();
        for (seq, due) in candidates {
            if due > now {
                retried.next = [retried.next, Some(UnixSeconds(due))].into_iter().flatten().min();
            } else if let Some(letter) = self.take_dead_letter(seq) {
                let DeadLetter { seq, platform, line, arrived, retries, .. } = letter;
                let nacks = policy.max.saturating_sub(1);
                let delivery = Buffered { seq, platform, line, nacks, suspect: true };
                self.put(Item { delivery, arrived, retries: retries + 1 });
                retried.items += 1;
            }
        }
        retried
    }

    /// Whether it is beyond its bounds, or would be with one more that weighs so much.
    fn is_over(&self, limits: BufferLimits, more: usize) -> bool {
        let items = self.waiting.len() + usize::from(more > 0);
        items > limits.items || self.waiting_bytes + more > limits.bytes
    }

    /// Makes dead letters of the oldest that have waited for too long; how many there were.
    fn retire(&mut self, instance: &Instance, limits: BufferLimits, now: UnixSeconds) -> usize {
        let mut dead_letters = 0;
        while let Some((&oldest, item)) = self.waiting.first_key_value()
            && now.0.saturating_sub(item.arrived.0) > limits.age.as_secs()
        {
            self.make_dead_letter(instance, oldest, DeadLetterReason::TooOld, now);
            dead_letters += 1;
        }
        dead_letters
    }

    /// Removes the oldest dead letters, down to the bounds.
    fn forget(&mut self, limits: BufferLimits) -> usize {
        let mut gone = 0;
        while self.dead_letters.len() > 1
            && (self.dead_letters.len() > limits.items || self.aside_bytes > limits.bytes)
            && let Some((&oldest, _)) = self.dead_letters.first_key_value()
        {
            self.take_dead_letter(oldest);
            gone += 1;
        }
        gone
    }

    fn count(&mut self, instance: &Instance, seq: Seq, policy: RedeliveryPolicy) -> bool {
        let Some(item) = self.waiting.get_mut(&seq) else { return false };
        item.delivery.nacks += 1;
        let often_enough = item.delivery.nacks >= policy.max;
        if often_enough {
            self.make_dead_letter(instance, seq, DeadLetterReason::Unacknowledged, policy.now);
        }
        often_enough
    }

    fn pending(&self, cursor: &Cursor, items: usize) -> impl Iterator<Item = Buffered> {
        let behind = Seq(cursor.after.0.saturating_add(1))..;
        let deliveries = self.waiting.range(behind).map(|(_, item)| &item.delivery);
        deliveries.filter(|delivery| delivery.platform == cursor.platform).take(items).cloned()
    }
}

impl BufferStore for MemoryStore {
    fn lineage<'a>(&'a self, candidate: &'a str) -> BoxFuture<'a, Result<String, StoreError>> {
        done(self.buffers_now().lineage.get_or_insert_with(|| candidate.to_owned()).clone())
    }

    fn append(&self, arrival: NewDelivery) -> BoxFuture<'_, Result<Vec<Appended>, AppendError>> {
        let mut buffers = self.buffers_now();
        let prepared: Vec<(usize, bool)> =
            arrival.instances.iter().map(|instance| buffers.prepare(&arrival, instance)).collect();
        if !arrival.is_taken && !prepared.is_empty() && prepared.iter().all(|(_, is_full)| *is_full) {
            return ready(Err(AppendError::Full)).boxed();
        }
        self.fronts_now().change(&arrival.platform, &arrival.changes, arrival.now);
        let instances = arrival.instances.iter().zip(prepared);
        let appended =
            instances.map(|(instance, (dead_letters, _))| buffers.append(&arrival, instance, dead_letters));
        let appended = appended.collect();
        ready(Ok(appended)).boxed()
    }

    fn pending<'a>(
        &'a self,
        instance: &'a Instance,
        cursors: Vec<Cursor>,
        items: usize,
        bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<Buffered>, StoreError>> {
        let buffers = self.buffers_now();
        let Some(buffer) = buffers.instances.get(instance) else { return done(Vec::new()) };
        let found = cursors.iter().flat_map(|cursor| buffer.pending(cursor, items)).collect();
        done(in_order(found, items, bytes))
    }

    fn remove<'a>(
        &'a self,
        instance: &'a Instance,
        mut acked: Vec<Seq>,
    ) -> BoxFuture<'a, Result<Vec<Seq>, StoreError>> {
        if let Some(buffer) = self.buffers_now().instances.get_mut(instance) {
            acked.retain(|seq| buffer.take(*seq).is_none() && buffer.take_dead_letter(*seq).is_none());
        }
        done(acked)
    }

    fn suspect<'a>(&'a self, instance: &'a Instance, item: Seq) -> BoxFuture<'a, Result<(), StoreError>> {
        let mut buffers = self.buffers_now();
        let buffer = buffers.instances.get_mut(instance);
        if let Some(item) = buffer.and_then(|buffer| buffer.waiting.get_mut(&item)) {
            item.delivery.suspect = true;
        }
        done(())
    }

    fn nack<'a>(
        &'a self,
        instance: &'a Instance,
        mut items: Vec<Seq>,
        policy: RedeliveryPolicy,
    ) -> BoxFuture<'a, Result<Vec<Seq>, StoreError>> {
        let mut buffers = self.buffers_now();
        let Some(buffer) = buffers.instances.get_mut(instance) else { return done(Vec::new()) };
        items.retain(|seq| buffer.count(instance, *seq, policy));
        buffer.forget(policy.limits);
        done(items)
    }

    fn backlog<'a>(&'a self, instance: &'a Instance) -> BoxFuture<'a, Result<Backlog, StoreError>> {
        let buffers = self.buffers_now();
        let backlog = buffers.instances.get(instance);
        done(backlog.map_or_else(Backlog::default, |buffer| Backlog {
            items: buffer.waiting.len(),
            bytes: buffer.waiting_bytes,
        }))
    }

    fn dead_letters(&self) -> BoxFuture<'_, Result<Vec<DeadLetter>, StoreError>> {
        let buffers = self.buffers_now();
        let mut dead_letters: Vec<_> =
            buffers.instances.values().flat_map(|buffer| buffer.dead_letters.values().cloned()).collect();
        dead_letters.sort_unstable_by_key(|item| item.seq);
        done(dead_letters)
    }

    fn retry(&self, items: Vec<Seq>) -> BoxFuture<'_, Result<usize, StoreError>> {
        let mut buffers = self.buffers_now();
        let mut count = 0;
        for buffer in buffers.instances.values_mut() {
            for item in items.iter().filter_map(|seq| buffer.take_dead_letter(*seq)).collect::<Vec<_>>() {
                let DeadLetter { seq, platform, line, arrived, .. } = item;
                let delivery = Buffered { seq, platform, line, nacks: 0, suspect: false };
                buffer.put(Item { delivery, arrived, retries: 0 });
                count += 1;
            }
        }
        done(count)
    }

    fn retry_due(&self, policy: RedeliveryPolicy) -> BoxFuture<'_, Result<Retried, StoreError>> {
        let mut all = Retried::default();
        for buffer in self.buffers_now().instances.values_mut() {
            let Retried { items, next } = buffer.retry_due(policy);
            all.items += items;
            all.next = [all.next, next].into_iter().flatten().min();
        }
        done(all)
    }

    fn discard(&self, items: Vec<Seq>) -> BoxFuture<'_, Result<usize, StoreError>> {
        let mut buffers = self.buffers_now();
        let dropped = buffers.instances.values_mut().flat_map(|buffer| {
            items.iter().filter_map(|seq| buffer.take_dead_letter(*seq)).collect::<Vec<_>>()
        });
        done(dropped.count())
    }
}
