//! What a commit costs: alone, and when many wait for one flush to the disk.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use relay_adapter::{DeliveryKeys, Inbox, Incoming, MemoryInbox};
use relay_gateway::{Retention, SqliteInbox};
use relay_wire::{Event, Source};

/// As many as an adapter lets wait at once.
const TOGETHER: usize = 256;

fn message(number: u64) -> (DeliveryKeys, Arc<Event>) {
    let event = Event {
        text: "How long does it take until this is safe?".into(),
        message_id: Some(number.to_string()),
        source: Source { platform: "discord".into(), chat_id: "c".into(), ..Source::default() },
        ..Event::default()
    };
    (DeliveryKeys::of_event(&event, Some(&format!("b{number}").as_str().parse().unwrap())), Arc::new(event))
}

fn admissions(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let home = tempfile::tempdir().expect("a folder");
    let sqlite =
        SqliteInbox::open(&home.path().join("inbox.db"), Retention::default()).expect("the inbox opens");
    let inboxes: [(&str, &dyn Inbox); 2] = [("memory", &MemoryInbox::default()), ("sqlite", &sqlite)];
    let mut number = 0;
    for (name, inbox) in inboxes {
        for together in [1, TOGETHER] {
            let mut group = criterion.benchmark_group(format!("admit {together}"));
            group.throughput(Throughput::Elements(together as u64));
            group.bench_function(name, |bencher| {
                bencher.iter_batched(
                    || {
                        number += together as u64;
                        (number..number + together as u64).map(message).collect::<Vec<_>>()
                    },
                    |messages| {
                        let admitted = messages
                            .iter()
                            .map(|(keys, event)| inbox.admit(Incoming::new(keys.clone(), event, None)));
                        let admitted: Vec<_> = admitted.collect();
                        for admission in runtime.block_on(join_all(admitted)) {
                            let relay_adapter::Admission::New(entry) = admission.expect("it is committed")
                            else {
                                panic!("every message is new");
                            };
                            drop(inbox.finish(black_box(entry)));
                        }
                    },
                    BatchSize::PerIteration,
                );
            });
            group.finish();
        }
    }
}

criterion_group!(benches, admissions);
criterion_main!(benches);
