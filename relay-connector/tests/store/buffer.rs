//! What waits to be delivered.

use std::time::Duration;

use bytes::Bytes;
use relay_auth::UnixSeconds;
use relay_connector::{
    AppendError, Backlog, BufferLimits, Cursor, DeadLetterReason, Instance, NewDelivery, RedeliveryPolicy,
    Retried, Seq, StorageChanges, Store,
};

use crate::{every_store, tenant};

every_store![
    what_is_appended_is_read_in_order_and_removed_by_its_number,
    each_instance_has_a_buffer_of_its_own,
    a_number_never_comes_twice,
    reading_goes_on_behind_its_place_and_stops_at_what_was_asked_for,
    a_buffer_that_is_full_takes_no_more_until_something_leaves_it,
    a_full_buffer_holds_up_nobody_else,
    beyond_its_count_the_oldest_is_a_dead_letter,
    beyond_its_bytes_the_oldest_are_dead_letters_and_never_the_newest,
    what_waited_too_long_is_a_dead_letter,
    dead_letters_are_bounded_too,
    the_last_delivery_without_an_ack_makes_a_dead_letter,
    a_dead_letter_can_be_tried_again_or_dropped,
    a_late_ack_removes_also_a_dead_letter,
    an_unacknowledged_dead_letter_is_due_later_and_later_until_it_is_too_old,
    a_suspect_is_marked_until_it_is_tried_again_by_somebody,
    the_lineage_is_the_first_candidate_for_ever,
];

fn instance(name: &str) -> Instance {
    Instance::named(tenant("home"), name)
}

fn arrival(line: &str) -> NewDelivery {
    NewDelivery::new(
        vec![instance("a")],
        "discord",
        Bytes::copy_from_slice(line.as_bytes()),
        UnixSeconds(1_000),
    )
}

fn verdict(max: u32) -> RedeliveryPolicy {
    RedeliveryPolicy::new(max, UnixSeconds(2_000), BufferLimits::default())
}

/// The same for a delivery that somebody else has taken, which is stored in any case.
fn taken(line: &str) -> NewDelivery {
    arrival(line).with_is_taken(true)
}

async fn append(store: &dyn Store, arrival: NewDelivery) -> Seq {
    store.append(arrival).await.unwrap()[0].seq
}

/// What waits on this platform for the instance.
async fn waiting(store: &dyn Store, name: &str) -> Vec<String> {
    let place = Cursor::new("discord", Seq(0));
    let found = store.pending(&instance(name), vec![place], 100, usize::MAX).await.unwrap();
    found.into_iter().map(|item| String::from_utf8(item.line.to_vec()).unwrap()).collect()
}

async fn dead_letters(store: &dyn Store) -> Vec<(String, DeadLetterReason)> {
    let items = store.dead_letters().await.unwrap();
    items.into_iter().map(|item| (String::from_utf8(item.line.to_vec()).unwrap(), item.reason)).collect()
}

async fn what_is_appended_is_read_in_order_and_removed_by_its_number(store: &dyn Store) {
    let one = append(store, arrival("one")).await;
    let two = append(store, arrival("two")).await;
    append(store, arrival("three")).await;
    assert!(one < two);
    assert_eq!(waiting(store, "a").await, ["one", "two", "three"]);
    assert_eq!(store.backlog(&instance("a")).await.unwrap(), Backlog::new(3, 11));

    assert_eq!(store.remove(&instance("a"), vec![two, Seq(999)]).await.unwrap(), [Seq(999)]);
    assert_eq!(waiting(store, "a").await, ["one", "three"]);
    assert_eq!(store.remove(&instance("a"), vec![two]).await.unwrap(), [two]);
    assert_eq!(store.backlog(&instance("a")).await.unwrap(), Backlog::new(2, 8));
}

async fn each_instance_has_a_buffer_of_its_own(store: &dyn Store) {
    let appended =
        store.append(arrival("both").with_instances(vec![instance("a"), instance("b")])).await.unwrap();
    assert_eq!((&appended[0].instance, &appended[1].instance), (&instance("a"), &instance("b")));
    assert_ne!(appended[0].seq, appended[1].seq);
    assert_eq!(store.remove(&instance("b"), vec![appended[0].seq]).await.unwrap(), [appended[0].seq]);
    store.remove(&instance("b"), vec![appended[1].seq]).await.unwrap();
    assert_eq!(waiting(store, "a").await, ["both"]);
    assert!(waiting(store, "b").await.is_empty());
    let elsewhere = Instance::named(tenant("work"), "a");
    assert_eq!(store.remove(&elsewhere, vec![appended[0].seq]).await.unwrap(), [appended[0].seq]);
    assert_eq!(store.backlog(&elsewhere).await.unwrap(), Backlog::default());
}

async fn a_number_never_comes_twice(store: &dyn Store) {
    let first = append(store, arrival("one")).await;
    store.remove(&instance("a"), vec![first]).await.unwrap();
    assert!(append(store, arrival("two")).await > first, "also when the buffer is empty between");
}

async fn reading_goes_on_behind_its_place_and_stops_at_what_was_asked_for(store: &dyn Store) {
    let telegram = |line| arrival(line).with_platform("telegram".to_owned());
    let mut seqs = Vec::new();
    for next in [arrival("d1"), telegram("t1"), arrival("d2"), telegram("t2"), arrival("d3")] {
        seqs.push(append(store, next).await);
    }
    let read = async |places: &[(&str, Seq)], items, bytes| {
        let place = |&(platform, after): &(&str, Seq)| Cursor::new(platform, after);
        let places = places.iter().map(place).collect();
        let found = store.pending(&instance("a"), places, items, bytes).await.unwrap();
        found.iter().map(|item| String::from_utf8(item.line.to_vec()).unwrap()).collect::<Vec<_>>()
    };
    let start = Seq(0);
    let both = [("discord", start), ("telegram", start)];
    assert_eq!(read(&both, 10, 100).await, ["d1", "t1", "d2", "t2", "d3"]);
    assert_eq!(read(&[("telegram", start)], 10, 100).await, ["t1", "t2"]);
    assert_eq!(read(&both, 2, 100).await, ["d1", "t1"]);
    assert_eq!(read(&both, 10, 4).await, ["d1", "t1"]);
    assert_eq!(read(&both, 10, 1).await, ["d1"], "one that is too big alone is still read");
    assert_eq!(read(&[("discord", seqs[2]), ("telegram", start)], 10, 100).await, ["t1", "t2", "d3"]);
    assert!(read(&[], 10, 100).await.is_empty());
    assert!(read(&[("slack", start)], 10, 100).await.is_empty());
}

async fn a_buffer_that_is_full_takes_no_more_until_something_leaves_it(store: &dyn Store) {
    let few = BufferLimits::default().with_items(2).with_age(Duration::from_secs(100));
    let light = few.with_bytes(10);
    let offer = async |line: &str, now, limits| {
        let changes = StorageChanges::default().put("last", line.to_owned());
        let delivery = arrival(line).with_limits(limits).with_now(UnixSeconds(now)).with_changes(changes);
        match store.append(delivery).await {
            Ok(appended) => Some(appended[0].seq),
            Err(AppendError::Full) => None,
            Err(error) => panic!("{error}"),
        }
    };
    let first = offer("one", 1_000, few).await.unwrap();
    assert_eq!(offer("too heavy", 1_000, light).await, None);
    assert!(offer("two", 1_050, few).await.is_some());
    assert_eq!(offer("three", 1_050, few).await, None);
    assert_eq!(waiting(store, "a").await, ["one", "two"]);
    assert_eq!(dead_letters(store).await, []);
    let last = store.front_value("discord", "last").await.unwrap();
    assert_eq!(last.as_deref(), Some(b"two".as_slice()), "what its front keeps is not changed either");
    store.remove(&instance("a"), vec![first]).await.unwrap();
    assert!(offer("three", 1_100, few).await.is_some());
    assert_eq!(offer("four", 1_150, few).await, None);
    // What is too old makes room.
    assert!(offer("four", 1_151, few).await.is_some());
    assert_eq!(waiting(store, "a").await, ["three", "four"]);
    assert_eq!(dead_letters(store).await, [("two".to_owned(), DeadLetterReason::TooOld)]);
}

async fn a_full_buffer_holds_up_nobody_else(store: &dyn Store) {
    let limits = BufferLimits::default().with_items(1);
    append(store, arrival("one").with_limits(limits)).await;
    let both = vec![instance("a"), instance("b")];
    store.append(arrival("two").with_limits(limits).with_instances(both)).await.unwrap();
    assert_eq!(waiting(store, "a").await, ["two"]);
    assert_eq!(waiting(store, "b").await, ["two"]);
    assert_eq!(dead_letters(store).await, [("one".to_owned(), DeadLetterReason::Overflow)]);
}

async fn beyond_its_count_the_oldest_is_a_dead_letter(store: &dyn Store) {
    let limits = BufferLimits::default().with_items(2);
    for line in ["one", "two"] {
        append(store, arrival(line).with_limits(limits)).await;
    }
    let appended = store.append(taken("three").with_limits(limits)).await.unwrap();
    assert_eq!((appended[0].dead_letters, appended[0].gone), (1, 0));
    assert_eq!(waiting(store, "a").await, ["two", "three"]);
    assert_eq!(dead_letters(store).await, [("one".to_owned(), DeadLetterReason::Overflow)]);
}

async fn beyond_its_bytes_the_oldest_are_dead_letters_and_never_the_newest(store: &dyn Store) {
    let limits = BufferLimits::default().with_bytes(8);
    for line in ["1234", "5678", "twelve bytes"] {
        append(store, taken(line).with_limits(limits)).await;
    }
    assert_eq!(waiting(store, "a").await, ["twelve bytes"]);
    assert_eq!(store.backlog(&instance("a")).await.unwrap(), Backlog::new(1, 12));
}

async fn what_waited_too_long_is_a_dead_letter(store: &dyn Store) {
    let limits = BufferLimits::default().with_age(Duration::from_secs(100));
    append(store, arrival("old").with_limits(limits)).await;
    append(store, arrival("just in time").with_limits(limits).with_now(UnixSeconds(1_100))).await;
    assert_eq!(waiting(store, "a").await, ["old", "just in time"]);
    append(store, arrival("new").with_limits(limits).with_now(UnixSeconds(1_101))).await;
    assert_eq!(waiting(store, "a").await, ["just in time", "new"]);
    assert_eq!(dead_letters(store).await, [("old".to_owned(), DeadLetterReason::TooOld)]);
    // A clock that was put back makes nothing older than it is.
    append(store, arrival("earlier").with_limits(limits).with_now(UnixSeconds(5))).await;
    assert_eq!(waiting(store, "a").await, ["just in time", "new", "earlier"]);
}

async fn dead_letters_are_bounded_too(store: &dyn Store) {
    let limits = BufferLimits::default().with_items(1);
    let mut gone = 0;
    for line in ["one", "two", "three", "four"] {
        gone += store.append(taken(line).with_limits(limits)).await.unwrap()[0].gone;
    }
    assert_eq!(gone, 2);
    assert_eq!(dead_letters(store).await, [("three".to_owned(), DeadLetterReason::Overflow)]);
    assert_eq!(waiting(store, "a").await, ["four"]);
}

async fn the_last_delivery_without_an_ack_makes_a_dead_letter(store: &dyn Store) {
    let seq = append(store, arrival("poison")).await;
    append(store, arrival("next")).await;
    for _ in 0..4 {
        assert_eq!(store.nack(&instance("a"), vec![seq], verdict(5)).await.unwrap(), []);
    }
    let place = Cursor::new("discord", Seq(0));
    let pending = store.pending(&instance("a"), vec![place], 10, 100).await.unwrap();
    assert_eq!(pending.iter().map(|item| item.nacks).collect::<Vec<_>>(), [4, 0]);
    assert_eq!(store.nack(&instance("b"), vec![seq], verdict(5)).await.unwrap(), []);
    assert_eq!(store.nack(&instance("a"), vec![seq], verdict(5)).await.unwrap(), [seq]);
    assert_eq!(waiting(store, "a").await, ["next"]);
    let items = store.dead_letters().await.unwrap();
    assert_eq!((items[0].seq, items[0].nacks, &items[0].instance), (seq, 5, &instance("a")));
    assert_eq!((items[0].arrived, items[0].at), (UnixSeconds(1_000), UnixSeconds(2_000)));
    assert_eq!(items[0].reason, DeadLetterReason::Unacknowledged);
}

async fn a_dead_letter_can_be_tried_again_or_dropped(store: &dyn Store) {
    let mut seqs = Vec::new();
    for line in ["one", "two", "three"] {
        seqs.push(append(store, arrival(line)).await);
    }
    store.nack(&instance("a"), seqs[..2].to_vec(), verdict(1)).await.unwrap();
    assert_eq!(store.retry(vec![seqs[0], seqs[2], Seq(999)]).await.unwrap(), 1);
    assert_eq!(waiting(store, "a").await, ["one", "three"], "it is back where it was");
    assert_eq!(store.discard(vec![seqs[1], seqs[2], Seq(999)]).await.unwrap(), 1);
    assert!(dead_letters(store).await.is_empty());
    assert_eq!(waiting(store, "a").await, ["one", "three"], "what waits cannot be dropped");
    assert_eq!(store.backlog(&instance("a")).await.unwrap(), Backlog::new(2, 8));
    assert_eq!(store.nack(&instance("a"), vec![seqs[0]], verdict(2)).await.unwrap(), []);
}

async fn a_late_ack_removes_also_a_dead_letter(store: &dyn Store) {
    let seq = append(store, arrival("slow")).await;
    store.nack(&instance("a"), vec![seq], verdict(1)).await.unwrap();
    assert_eq!(store.remove(&instance("a"), vec![seq]).await.unwrap(), []);
    assert!(dead_letters(store).await.is_empty());
}

async fn the_lineage_is_the_first_candidate_for_ever(store: &dyn Store) {
    assert_eq!(store.lineage("f00d").await.unwrap(), "f00d");
    assert_eq!(store.lineage("beef").await.unwrap(), "f00d");
}

async fn an_unacknowledged_dead_letter_is_due_later_and_later_until_it_is_too_old(store: &dyn Store) {
    let seq = append(store, arrival("poison")).await;
    let limits = BufferLimits::default().with_items(1).with_age(Duration::from_secs(2_000));
    append(store, taken("next").with_limits(limits)).await;
    assert_eq!(dead_letters(store).await, [("poison".to_owned(), DeadLetterReason::Overflow)]);
    let due = async |now| {
        let policy = RedeliveryPolicy::new(5, UnixSeconds(now), limits);
        let Retried { items, next, .. } = store.retry_due(policy).await.unwrap();
        (items, next.map(|next| next.0))
    };
    assert_eq!(due(9_000).await, (0, None), "what had to make room is no gateway's fault");
    store.retry(vec![seq]).await.unwrap();
    store.nack(&instance("a"), vec![seq], verdict(1)).await.unwrap();
    assert_eq!(due(2_059).await, (0, Some(2_060)));
    assert_eq!(due(2_060).await, (1, None));
    assert_eq!(waiting(store, "a").await, ["poison", "next"]);
    let nack = async |now| {
        let policy = RedeliveryPolicy::new(5, UnixSeconds(now), BufferLimits::default());
        store.nack(&instance("a"), vec![seq], policy).await.unwrap()
    };
    assert_eq!(nack(2_100).await, [seq], "it has had its chances");
    assert_eq!(store.dead_letters().await.unwrap()[0].retries, 1);
    assert_eq!(due(2_219).await, (0, Some(2_220)));
    assert_eq!(due(2_220).await, (1, None));
    nack(2_221).await;
    assert_eq!(due(3_001).await, (0, None), "it came at 1,000 and is kept for 2,000 s");
    assert_eq!(due(3_000).await, (1, None));
}

async fn a_suspect_is_marked_until_it_is_tried_again_by_somebody(store: &dyn Store) {
    let seq = append(store, arrival("one")).await;
    let is_suspect = async || {
        let place = Cursor::new("discord", Seq(0));
        store.pending(&instance("a"), vec![place], 10, 100).await.unwrap()[0].suspect
    };
    assert!(!is_suspect().await);
    store.suspect(&instance("b"), seq).await.unwrap();
    assert!(!is_suspect().await, "it is another instance's");
    store.suspect(&instance("a"), seq).await.unwrap();
    assert!(is_suspect().await);
    store.nack(&instance("a"), vec![seq], verdict(1)).await.unwrap();
    store.retry(vec![seq]).await.unwrap();
    assert!(!is_suspect().await);
}
