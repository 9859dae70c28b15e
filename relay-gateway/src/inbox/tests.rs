use std::fs;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use relay_adapter::{
    Admission, DeliveryKeys, EntryId, Inbox, Incoming, MemoryInbox, Progress, Remainder, ShownQuestion, Step,
    Unfinished, UnfinishedPage,
};
use relay_auth::UnixSeconds;
use relay_runtime::{Clock, TestClock};
use relay_wire::Event;
use rusqlite::Connection;
use tempfile::TempDir;

use super::schema::FIRST;
use super::{OpenError, Retention, SqliteInbox};

fn home() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("relay/inbox.db");
    (home, path)
}

fn open(path: &Path) -> SqliteInbox {
    SqliteInbox::open(path, Retention::default()).expect("the inbox opens")
}

fn refused(path: &Path) -> OpenError {
    SqliteInbox::open(path, Retention::default()).expect_err("the inbox does not open")
}

fn event(text: &str) -> Arc<Event> {
    Arc::new(Event { text: text.to_owned(), ..Event::default() })
}

async fn admit(inbox: &dyn Inbox, buffer_id: Option<&str>, message: Option<&str>) -> Admission {
    let keys = DeliveryKeys::new(buffer_id.map(|id| id.parse().unwrap()), message.map(str::to_owned));
    let event = event("x");
    let incoming = Incoming::new(keys, &event, Some("kind"));
    inbox.admit(incoming).await.expect("it is committed")
}

async fn admit_new(inbox: &dyn Inbox, message: &str) -> EntryId {
    match admit(inbox, None, Some(message)).await {
        Admission::New(entry) => entry,
        Admission::Duplicate => panic!("{message} is new"),
    }
}

fn rest() -> Remainder {
    Remainder::new("two\n\u{1F50C}".to_owned(), Some("m1".to_owned()), 3)
}

/// Every kind of inbox, by name.
fn each(home: &TempDir) -> Vec<(&'static str, Box<dyn Inbox>)> {
    let inline =
        SqliteInbox::open_inline(&home.path().join("inline.db"), Retention::default(), Clock::system());
    vec![
        ("memory", Box::new(MemoryInbox::default())),
        ("threaded", Box::new(open(&home.path().join("threaded.db")))),
        ("inline", Box::new(inline.expect("the inbox opens"))),
    ]
}

#[tokio::test]
async fn every_inbox_takes_a_delivery_once_under_either_of_its_names() {
    let (home, _) = home();
    for (name, inbox) in each(&home) {
        let inbox = inbox.as_ref();
        assert!(matches!(admit(inbox, Some("b1"), Some("c:1")).await, Admission::New(_)), "{name}");
        assert_eq!(admit(inbox, Some("b1"), Some("c:1")).await, Admission::Duplicate, "{name}");
        assert_eq!(admit(inbox, Some("b2"), Some("c:1")).await, Admission::Duplicate, "{name}");
        assert_eq!(admit(inbox, None, Some("c:1")).await, Admission::Duplicate, "{name}");
        assert_eq!(admit(inbox, Some("b1"), None).await, Admission::Duplicate, "{name}");
        assert!(
            matches!(admit(inbox, Some("b1"), Some("c:2")).await, Admission::New(_)),
            "{name}: an id given twice"
        );
        assert!(matches!(admit(inbox, Some("b3"), None).await, Admission::New(_)), "{name}");
        assert!(matches!(admit(inbox, None, None).await, Admission::New(_)), "{name}: nothing names it");
        assert!(matches!(admit(inbox, None, None).await, Admission::New(_)), "{name}: nothing names it");
    }
}

fn asked(message: Option<&str>) -> ShownQuestion {
    ShownQuestion::new("000abc.00000000".to_owned(), message.map(str::to_owned), "Run \"this\"?".to_owned())
}

#[tokio::test]
async fn every_inbox_answers_what_is_unfinished_in_order_with_its_progress() {
    let (home, _) = home();
    for (name, inbox) in each(&home) {
        let mut entries = Vec::new();
        for message in ["a", "b", "c", "d", "e", "f"] {
            entries.push(admit_new(inbox.as_ref(), message).await);
        }
        let steps = [
            (0, Step::Sending(None)),
            (1, Step::Sending(Some(rest()))),
            (1, Step::Left(rest())),
            (2, Step::Sending(None)),
            (2, Step::NothingShown),
            (5, Step::Sending(None)),
            (5, Step::Acted),
            (0, Step::Asked(asked(None))),
            (0, Step::Asked(asked(Some("m1")))),
            (0, Step::Sending(None)),
            (5, Step::Asked(asked(None))),
            (5, Step::Settled),
        ];
        for (at, step) in steps {
            inbox.record(entries[at], step).await.expect("it is committed");
        }
        inbox.finish(entries[3]).await.expect("it is committed");
        inbox.flush().await.expect("all is committed");
        let left = |id: EntryId, progress| Unfinished::new(id, event("x"), Some("kind".to_owned()), progress);
        let expected = vec![
            left(entries[0], Progress::InDoubt).with_question(Some(asked(Some("m1")))),
            left(entries[1], Progress::Left(rest())),
            left(entries[2], Progress::Untouched),
            left(entries[4], Progress::Untouched),
            left(entries[5], Progress::Acted),
        ];
        assert_eq!(inbox.unfinished().await, Ok(expected), "{name}");
    }
}

#[tokio::test]
async fn what_was_committed_is_known_to_the_next_process() {
    let (_home, path) = home();
    let first = open(&path);
    let done = admit_new(&first, "done").await;
    let kept = admit_new(&first, "kept").await;
    first.record(kept, Step::Left(rest())).await.expect("it is committed");
    // Not awaited: closing commits it.
    drop(first.finish(done));
    drop(first);

    let second = open(&path);
    assert_eq!(admit(&second, None, Some("done")).await, Admission::Duplicate);
    assert_eq!(admit(&second, None, Some("kept")).await, Admission::Duplicate);
    let unfinished = second.unfinished().await.expect("it can be read");
    assert_eq!(unfinished.iter().map(|left| left.id).collect::<Vec<_>>(), [kept]);
    assert!(admit_new(&second, "later").await > kept);
}

#[test]
fn the_file_is_its_owners_only_and_used_by_one_gateway() {
    let (_home, path) = home();
    let inbox = open(&path);
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_file_name("inbox.db-wal")), 0o600);
    assert_eq!(mode(path.parent().expect("a folder")), 0o700);
    assert!(matches!(refused(&path), OpenError::InUse { .. }));
    drop(inbox);
    open(&path);
}

#[test]
fn a_file_that_is_no_inbox_is_refused_with_what_to_do_and_left_as_it_is() {
    let (home, path) = home();
    fs::create_dir(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, "not a database, but long enough to be looked at as one".repeat(100)).expect("a file");
    let before = fs::read(&path).expect("a file");
    let told = refused(&path);
    assert!(matches!(told, OpenError::Damaged { .. }), "{told:?}");
    assert!(
        told.to_string().contains("inbox.db is damaged (file is not a database); move it away"),
        "{told}"
    );
    assert_eq!(fs::read(&path).expect("a file"), before);

    let file = home.path().join("file");
    fs::write(&file, "").expect("a file");
    assert!(matches!(refused(&file.join("inbox.db")), OpenError::Create { .. }));
}

#[tokio::test]
async fn a_damaged_page_is_found_at_the_start() {
    let (_home, path) = home();
    let inbox = open(&path);
    for number in 0..200 {
        admit_new(&inbox, &format!("message {number}")).await;
    }
    drop(inbox);
    let file = fs::OpenOptions::new().write(true).open(&path).expect("the file");
    // The second page and the following, the first holds the schema.
    file.write_all_at(&[0xA5; 3 * 4096], 4096).expect("it is written");
    assert!(matches!(refused(&path), OpenError::Damaged { .. }));
}

#[test]
fn a_file_of_a_newer_program_is_left_alone() {
    let (_home, path) = home();
    drop(open(&path));
    Connection::open(&path).and_then(|file| file.pragma_update(None, "user_version", 99)).expect("a pragma");
    assert!(matches!(refused(&path), OpenError::Newer { found: 99, known: 4, .. }));
}

#[tokio::test]
async fn a_file_of_the_first_version_opens_with_all_that_was_in_it_and_is_marked() {
    let (_home, path) = home();
    fs::create_dir(path.parent().expect("a folder")).expect("a folder");
    let old = Connection::open(&path).expect("a file");
    // As the first version made it: the same tables, a version, no mark.
    old.execute_batch(&format!("PRAGMA journal_mode = WAL; BEGIN; {FIRST} PRAGMA user_version = 1; COMMIT;"))
        .expect("its tables");
    old.execute_batch(
        "INSERT INTO taken (buffer_id, message, at) VALUES ('b1', 'c:1', 5), (NULL, 'c:2', 6);
         INSERT INTO unfinished VALUES (2, '{\"text\":\"x\"}', 'kind', 0, NULL);",
    )
    .expect("its rows");
    drop(old);
    let inbox = open(&path);
    assert_eq!(admit(&inbox, Some("b1"), None).await, Admission::Duplicate);
    assert_eq!(admit(&inbox, None, Some("c:2")).await, Admission::Duplicate);
    let unfinished = inbox.unfinished().await.expect("it can be read");
    assert_eq!(unfinished.iter().map(|left| left.id).collect::<Vec<_>>(), [EntryId(2)]);
    assert_eq!(admit_new(&inbox, "c:3").await, EntryId(3));
    drop(inbox);
    let mark: i64 = Connection::open(&path)
        .and_then(|file| file.pragma_query_value(None, "application_id", |row| row.get(0)))
        .expect("a pragma");
    assert_eq!(mark, 0x7269_6e62);
    assert_eq!(open(&path).unfinished().await.expect("it can be read").len(), 2);
}

#[test]
fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let (_home, path) = home();
    fs::create_dir(path.parent().expect("a folder")).expect("a folder");
    Connection::open(&path)
        .and_then(|file| file.execute_batch("CREATE TABLE theirs (x); PRAGMA user_version = 1;"))
        .expect("a file");
    let before = fs::read(&path).expect("a file");
    let error = refused(&path);
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
    assert!(error.to_string().contains("is a database of another program and no inbox"), "{error}");
    assert_eq!(fs::read(&path).expect("a file"), before);
}

/// Has the inbox's next commit fail for want of room, as long as the limit is as small as it is.
fn fill(inbox: &SqliteInbox, pages: u32) -> Arc<AtomicU32> {
    let limit = Arc::new(AtomicU32::new(pages));
    let read = Arc::clone(&limit);
    let large = "x".repeat(1 << 20);
    let filling = inbox.database.write(move |transaction| {
        transaction.pragma_update(None, "max_page_count", read.load(Ordering::Relaxed))?;
        transaction.execute("INSERT INTO unfinished (id, event, state) VALUES (-1, ?1, 0)", [&large])?;
        transaction.execute("DELETE FROM unfinished WHERE id = -1", [])
    });
    drop(filling);
    limit
}

#[tokio::test]
async fn a_full_disk_holds_commits_up_until_there_is_room() {
    let (_home, path) = home();
    let inbox = open(&path);
    let mut stalled = inbox.stalled();
    admit_new(&inbox, "before").await;
    // The file cannot shrink, so the limit becomes what it has now.
    let limit = fill(&inbox, 1);
    stalled.wait_for(|stalled| *stalled).await.expect("the inbox is open");
    let text = event("x");
    let keys = DeliveryKeys::new(None, Some("behind".to_owned()));
    let mut first = inbox.admit(Incoming::new(keys, &text, None));
    let mut second = inbox.flush();
    assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
    limit.store(u32::MAX, Ordering::Relaxed);
    assert!(matches!(first.await, Ok(Admission::New(_))));
    assert_eq!(second.await, Ok(()));
    assert!(!*stalled.borrow());
}

#[tokio::test]
async fn an_inbox_on_a_full_disk_can_be_closed() {
    let (_home, path) = home();
    let inbox = open(&path);
    let mut stalled = inbox.stalled();
    fill(&inbox, 1);
    stalled.wait_for(|stalled| *stalled).await.expect("the inbox is open");
    let large = event(&"x".repeat(1 << 20));
    let admission = inbox.admit(Incoming::new(DeliveryKeys::default(), &large, None));
    drop(inbox);
    assert!(admission.await.is_err(), "it was not taken, and that is said");
    assert_eq!(open(&path).unfinished().await, Ok(vec![]));
}

/// Admits messages of these names together; answers how many were new.
async fn admit_all(inbox: &SqliteInbox, names: impl Iterator<Item = String>) -> usize {
    let event = event("x");
    let admitted = names.map(|name| {
        let keys = DeliveryKeys::new(None, Some(name));
        inbox.admit(Incoming::new(keys, &event, None))
    });
    let admitted: Vec<_> = admitted.collect();
    let admitted = join_all(admitted).await;
    admitted.iter().filter(|admission| matches!(admission, Ok(Admission::New(_)))).count()
}

#[tokio::test]
async fn names_are_forgotten_by_age_and_by_count_and_the_unfinished_never() {
    let clock = TestClock::new(UnixSeconds(1_000_000));
    let (_home, path) = home();
    let retention = Retention { age: Duration::from_secs(100), count: 2_000 };
    let database = relay_sqlite::Database::open(&path, &super::schema::INBOX).expect("it opens");
    let inbox = SqliteInbox::over(database, retention, clock.clock());
    let admit = async |names: &str, numbers: std::ops::Range<usize>| {
        admit_all(&inbox, numbers.map(|number| format!("{names} {number}"))).await
    };
    assert_eq!(admit("early", 0..600).await, 600);
    assert_eq!(admit("early", 0..600).await, 0);
    clock.set(UnixSeconds(1_000_101));
    assert_eq!(admit("late", 0..600).await, 600);
    assert_eq!(admit("early", 0..600).await, 600, "forgotten by age");
    assert_eq!(admit("late", 0..600).await, 0);
    assert_eq!(admit("more", 0..3_000).await, 3_000);
    assert_eq!(admit("late", 0..600).await, 600, "forgotten by count");
    assert_eq!(admit("more", 2_000..3_000).await, 0, "the newest are remembered");
    assert_eq!(admit("more", 0..400).await, 400, "the oldest of them made room");
    assert_eq!(inbox.unfinished().await.expect("it can be read").len(), 600 + 600 + 600 + 3_000 + 600 + 400);
}

#[tokio::test]
async fn every_inbox_is_read_page_by_page_and_message_by_message() {
    let (home, _) = home();
    for (name, inbox) in each(&home) {
        let mut entries = Vec::new();
        for number in 0..600 {
            entries.push(admit_new(inbox.as_ref(), &number.to_string()).await);
        }
        inbox.finish(entries[300]).await.expect("it is committed");
        let (mut pages, mut read, mut next) = (Vec::new(), Vec::new(), None);
        loop {
            let page = inbox.page(next).await.expect("it can be read");
            pages.push(page.messages.len());
            read.extend(page.messages.iter().map(|left| left.id));
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(pages, [256, 256, 87], "{name}");
        let gone = entries.remove(300);
        assert_eq!(read, entries, "{name}");
        assert_eq!(inbox.page(entries.last().copied()).await, Ok(UnfinishedPage::default()), "{name}");

        assert_eq!(inbox.find(gone).await, Ok(None), "{name}: done with");
        inbox.record(entries[7], Step::Left(rest())).await.expect("it is committed");
        let found = inbox.find(entries[7]).await.expect("it can be read").expect("it is there");
        assert_eq!((found.id, found.progress), (entries[7], Progress::Left(rest())), "{name}");
    }
}

#[tokio::test]
async fn a_page_of_large_messages_ends_early_and_one_that_cannot_be_read_is_passed_over() {
    let (_home, path) = home();
    let inbox = open(&path);
    let large = event(&"x".repeat(400_000));
    for _ in 0..5 {
        let incoming = Incoming::new(DeliveryKeys::default(), &large, None);
        inbox.admit(incoming).await.expect("it is committed");
    }
    inbox
        .database
        .write(|transaction| transaction.execute("UPDATE unfinished SET event = 'no event' WHERE id = 3", ()))
        .await
        .expect("it is committed");
    let ids = |page: &UnfinishedPage| page.messages.iter().map(|left| left.id.0).collect::<Vec<_>>();
    let first = inbox.page(None).await.expect("it can be read");
    assert_eq!((ids(&first), first.next), (vec![1, 2, 4], Some(EntryId(4))), "a MiB, and no more");
    let second = inbox.page(first.next).await.expect("it can be read");
    assert_eq!((ids(&second), second.next), (vec![5], None));
    assert_eq!(inbox.find(EntryId(3)).await, Ok(None));
}
