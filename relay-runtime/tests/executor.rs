//! The executor: order, bounds, ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use relay_runtime::{ExecutorClosed, ExecutorLimits, KeyedExecutor, Random, SubmitError, TaskError};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};

/// Longer than any of these takes; a task that is never begun shows as this having passed.
const SOON: Duration = Duration::from_secs(30);

fn executor<K: Eq + std::hash::Hash + Clone + Send + Sync + 'static>(tasks: usize) -> KeyedExecutor<K> {
    KeyedExecutor::new("test", ExecutorLimits::new(tasks, 1_000))
}

/// What happened, in order.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn add(&self, note: impl Into<String>) {
        self.0.lock().unwrap().push(note.into());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

async fn settle() {
    for _ in 0..10 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_key_waits_for_itself_and_for_no_other() {
    let (executor, notes) = (executor(10), Notes::default());
    let (go, gone) = oneshot::channel::<()>();
    let note = |name: &'static str| {
        let notes = notes.clone();
        async move { notes.add(name) }
    };
    let first = note("a1");
    let first = executor.try_submit("a", 1, async move {
        let _ = gone.await;
        first.await;
    });
    let second = executor.try_submit("a", 1, note("a2"));
    let other = executor.try_submit("b", 1, note("b1"));
    assert_eq!(other.unwrap().await, Ok(()));
    settle().await;
    assert_eq!(notes.all(), ["b1"]);
    assert_eq!((executor.pending(), executor.busy_keys()), (2, 1));
    go.send(()).unwrap();
    assert_eq!((first.unwrap().await, second.unwrap().await), (Ok(()), Ok(())));
    assert_eq!(notes.all(), ["b1", "a1", "a2"]);
    settle().await;
    assert_eq!((executor.pending(), executor.busy_keys()), (0, 0), "nothing of a key is kept");
}

/// A submitter, the number of its task, and whether it begins or ends.
type Mark = (u64, u64, bool);

/// Submits many tasks of few keys from several submitters and judges what they noted.
async fn order_holds(seed: u64, keys: u64, submitters: u64, tasks: u64) {
    let executor = executor::<u64>(64);
    let notes: Arc<Mutex<HashMap<u64, Vec<Mark>>>> = Arc::default();
    let submitting = (0..submitters).map(|submitter| {
        let (executor, notes) = (executor.clone(), Arc::clone(&notes));
        tokio::spawn(async move {
            let random = Random::seeded(seed + submitter);
            let mut handles = Vec::new();
            for number in 0..tasks {
                let (key, yields) = (random.number() % keys, random.number() % 4);
                let room = executor.reserve(1).await.unwrap();
                let notes = Arc::clone(&notes);
                let note = move |begins| {
                    notes.lock().unwrap().entry(key).or_default().push((submitter, number, begins));
                };
                let task = async move {
                    note(true);
                    for _ in 0..yields {
                        yield_now().await;
                    }
                    note(false);
                };
                handles.push(executor.submit_reserved(key, room, task).unwrap());
                if random.number().is_multiple_of(3) {
                    yield_now().await;
                }
            }
            for ended in join_all(handles).await {
                assert_eq!(ended, Ok(()));
            }
        })
    });
    let submitting: Vec<_> = submitting.collect();
    for submitted in timeout(SOON, join_all(submitting)).await.expect("every task is run") {
        submitted.unwrap();
    }
    executor.close();
    assert_eq!(executor.shutdown(Instant::now() + SOON).await, 0);
    assert_eq!((executor.pending(), executor.busy_keys()), (0, 0));
    let notes = notes.lock().unwrap();
    assert_eq!(notes.values().map(Vec::len).sum::<usize>() as u64, 2 * submitters * tasks);
    for of_key in notes.values() {
        for pair in of_key.chunks(2) {
            let [(one, first, true), (same, again, false)] = pair else { panic!("they overlap: {pair:?}") };
            assert_eq!((one, first), (same, again), "one of a key runs at a time");
        }
        for submitter in 0..submitters {
            let numbers = of_key.iter().filter(|(of, _, begins)| *of == submitter && *begins);
            assert!(numbers.map(|(_, number, _)| number).is_sorted(), "a submitter's order is kept");
        }
    }
}

#[tokio::test]
async fn order_holds_in_one_thread() {
    for seed in 0..20 {
        order_holds(seed, 5, 3, 200).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn order_holds_and_no_task_is_forgotten_across_threads() {
    for seed in 0..20 {
        order_holds(seed, 3, 4, 500).await;
    }
}

#[tokio::test]
async fn a_panic_costs_its_own_task_and_nothing_else() {
    let executor = executor(10);
    let bad = executor.try_submit("a", 1, async { assert_eq!(1, 2, "this test panics on purpose") }).unwrap();
    let good = executor.try_submit("a", 1, async { 7 }).unwrap();
    assert_eq!(bad.await, Err(TaskError::Panicked));
    assert_eq!(good.await, Ok(7));
    assert_eq!(executor.try_submit("a", 1, async { 8 }).unwrap().await, Ok(8));
    settle().await;
    assert_eq!((executor.pending(), executor.busy_keys()), (0, 0));
}

#[tokio::test]
async fn what_is_under_way_is_bounded_by_count() {
    let executor = executor(2);
    let (go, gone) = oneshot::channel::<()>();
    let first = executor.try_submit("a", 1, async { drop(gone.await) }).unwrap();
    executor.try_submit("a", 1, async {}).unwrap().detach();
    assert_eq!(executor.try_submit("b", 1, async {}).err(), Some(SubmitError::Full));
    let mut waiting = Box::pin(executor.reserve(1));
    assert!((&mut waiting).now_or_never().is_none());
    go.send(()).unwrap();
    assert_eq!(first.await, Ok(()));
    let room = waiting.await.unwrap();
    assert_eq!(executor.submit_reserved("b", room, async { 3 }).unwrap().await, Ok(3));
}

#[tokio::test]
async fn what_is_under_way_is_bounded_by_weight_and_the_heaviest_runs_alone() {
    let executor = executor(10);
    let (go, gone) = oneshot::channel::<()>();
    let first = executor.try_submit("a", 600, async { drop(gone.await) }).unwrap();
    assert_eq!(executor.try_submit("b", 401, async {}).err(), Some(SubmitError::Full));
    assert_eq!(executor.pending(), 1, "what was refused holds nothing");
    assert_eq!(executor.try_submit("b", 400, async { 1 }).unwrap().await, Ok(1));
    let mut heavy = Box::pin(executor.reserve(5_000));
    assert!((&mut heavy).now_or_never().is_none());
    go.send(()).unwrap();
    assert_eq!(first.await, Ok(()));
    let room = heavy.await.unwrap();
    assert_eq!(executor.try_submit("b", 1, async {}).err(), Some(SubmitError::Full));
    drop(room);
    assert_eq!(executor.try_submit("b", 1_000, async { 2 }).unwrap().await, Ok(2));
}

#[tokio::test]
async fn a_task_outlives_its_handle_its_submitter_and_the_executor() {
    let notes = Notes::default();
    let (go, gone) = oneshot::channel::<()>();
    let (over, last) = oneshot::channel::<()>();
    let submitter = tokio::spawn({
        let notes = notes.clone();
        async move {
            let executor = executor(10);
            let first = notes.clone();
            executor
                .try_submit("a", 1, async move {
                    let _ = gone.await;
                    first.add("first");
                })
                .unwrap()
                .detach();
            executor
                .try_submit("a", 1, async move {
                    notes.add("second");
                    over.send(()).unwrap();
                })
                .unwrap()
                .detach();
        }
    });
    submitter.await.unwrap();
    go.send(()).unwrap();
    timeout(SOON, last).await.expect("it is run").unwrap();
    assert_eq!(notes.all(), ["first", "second"]);
}

#[tokio::test]
async fn a_closed_executor_takes_nothing_and_ends_what_it_took() {
    let executor = executor(1);
    let (go, gone) = oneshot::channel::<()>();
    let taken = executor.try_submit("a", 1, async { gone.await.is_ok() }).unwrap();
    let waiting = tokio::spawn({
        let executor = executor.clone();
        async move { executor.reserve(1).await.err() }
    });
    settle().await;
    executor.close();
    assert_eq!(waiting.await.unwrap(), Some(ExecutorClosed), "who waits for room is told");
    assert_eq!(executor.try_submit("b", 1, async {}).err(), Some(SubmitError::Closed(ExecutorClosed)));
    go.send(()).unwrap();
    assert_eq!(taken.await, Ok(true));
    assert_eq!(executor.shutdown(Instant::now() + SOON).await, 0);
}

#[tokio::test]
async fn room_that_was_reserved_before_the_close_is_of_no_use_after_it() {
    let executor = executor(1);
    let room = executor.reserve(1).await.unwrap();
    executor.close();
    assert_eq!(executor.submit_reserved("a", room, async {}).err(), Some(ExecutorClosed));
    assert_eq!(executor.pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_until_its_time_and_then_drops_the_rest() {
    let executor = executor(10);
    let begun = Instant::now();
    let quick = executor.try_submit("a", 1, tokio::time::sleep(Duration::from_secs(2))).unwrap();
    let endless = executor.try_submit("b", 1, std::future::pending::<()>()).unwrap();
    let behind = executor.try_submit("b", 1, async {}).unwrap();
    assert_eq!(executor.shutdown(begun + Duration::from_secs(5)).await, 2);
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    assert_eq!(quick.await, Ok(()));
    assert_eq!(endless.await, Err(TaskError::Aborted));
    assert_eq!(behind.await, Err(TaskError::Aborted), "it was never begun");
    assert_eq!((executor.pending(), executor.busy_keys()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_as_soon_as_all_is_over() {
    let executor = executor(10);
    let begun = Instant::now();
    for seconds in [2, 1] {
        let task = async move { tokio::time::sleep(Duration::from_secs(seconds)).await };
        executor.try_submit("a", 1, task).unwrap().detach();
    }
    assert_eq!(executor.shutdown(begun + Duration::from_mins(1)).await, 0);
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
}

#[tokio::test]
async fn an_aborted_task_may_submit_while_it_is_dropped() {
    struct Submits(KeyedExecutor<&'static str>, Notes);
    impl Drop for Submits {
        fn drop(&mut self) {
            self.1.add(format!("{:?}", self.0.try_submit("a", 1, async {}).err()));
        }
    }
    let (executor, notes) = (executor(10), Notes::default());
    let held = Submits(executor.clone(), notes.clone());
    executor.try_submit("a", 1, std::future::pending::<()>()).unwrap().detach();
    executor.try_submit("a", 1, async move { drop(held) }).unwrap().detach();
    settle().await;
    executor.abort();
    assert_eq!(timeout(SOON, executor.shutdown(Instant::now() + SOON)).await, Ok(0));
    assert_eq!(notes.all(), ["Some(Closed(ExecutorClosed))"]);
}

#[tokio::test]
async fn what_need_not_wait_is_over_when_it_was_run_and_what_must_goes_on_by_itself() {
    let executor = KeyedExecutor::new("test", ExecutorLimits::new(3, 3));
    let at_once = executor.try_run("a", 1, async { 1 }).unwrap();
    assert_eq!(at_once.now_or_never(), Some(Ok(1)), "without the runtime's help");
    assert_eq!((executor.pending(), executor.busy_keys()), (0, 0));

    let (go, gone) = oneshot::channel::<()>();
    let waits = executor.try_run("a", 1, async move { gone.await.is_ok() }).unwrap();
    let mut behind = executor.try_run("a", 1, async { 2 }).unwrap();
    assert_eq!((&mut behind).now_or_never(), None, "its key is busy");
    go.send(()).unwrap();
    assert_eq!((waits.await, behind.await), (Ok(true), Ok(2)));
    let panics = executor.try_run("a", 1, async { panic!("as the test wants it") }).unwrap();
    assert_eq!(panics.now_or_never(), Some(Err::<(), _>(TaskError::Panicked)));
}
