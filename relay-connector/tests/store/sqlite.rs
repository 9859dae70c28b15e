//! What a file promises beyond memory: it is still there, and it says clearly when it cannot be used.

use relay_wire::Identity;
use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;

use bytes::Bytes;
use relay_auth::{Secret, UnixSeconds};
use relay_connector::{
    BufferLimits, BufferStore as _, Cursor, Enrollment, FollowUpCredential, FrontStore as _,
    GatewayStore as _, Instance, NewDelivery, OpenError, Policy, RedeliveryPolicy, Seq, SqliteStore,
    StorageChanges, VaultKey,
};

use crate::tenant;

fn arrival(line: &str) -> NewDelivery {
    NewDelivery::new(
        vec![Instance::of_gateway(tenant("home"), &"gw".parse().unwrap())],
        "local",
        Bytes::copy_from_slice(line.as_bytes()),
        UnixSeconds(1_000),
    )
}

async fn waiting(store: &SqliteStore) -> Vec<(Seq, Bytes)> {
    let place = Cursor::new("local", Seq(0));
    let found = store
        .pending(
            &Instance::of_gateway(tenant("home"), &"gw".parse().unwrap()),
            vec![place],
            1_000,
            usize::MAX,
        )
        .await
        .unwrap();
    found.into_iter().map(|item| (item.seq, item.line)).collect()
}

#[tokio::test]
async fn everything_is_still_there_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.db");
    let instance = Instance::of_gateway(tenant("home"), &"gw".parse().unwrap());
    let (first, dead) = {
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.path(), path);
        let enrollment = Enrollment::new(
            "gw".parse().unwrap(),
            tenant("home"),
            Secret::new("s1"),
            "n1",
            UnixSeconds(5_000),
            UnixSeconds(1_000),
        );
        store.enroll(enrollment).await.unwrap();
        let identity = Identity { platform: "local".to_owned(), bot_id: "B1".to_owned() };
        store.announce(&"gw".parse().unwrap(), identity, None).await.unwrap();
        let policy = Policy::default().with_require_address(true);
        store.set_policy(&instance, "local", policy).await.unwrap();
        store.lineage("f00d").await.unwrap();
        let mut seqs = Vec::new();
        for line in ["one", "two", "three"] {
            seqs.push(store.append(arrival(line)).await.unwrap()[0].seq);
        }
        let verdict = RedeliveryPolicy::new(1, UnixSeconds(1_001), BufferLimits::default());
        store.nack(&instance, vec![seqs[1]], verdict).await.unwrap();
        store.remove(&instance, vec![seqs[2]]).await.unwrap();
        (seqs[0], seqs[1])
    };
    let store = SqliteStore::open_inline(&path).unwrap();
    let record = store.gateway(&"gw".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(record.verify.secrets()[0].expose(), "s1");
    let subscribers = store.subscribers(&tenant("home"), "local").await.unwrap();
    assert!(subscribers[0].policy.require_address);
    assert_eq!(subscribers[0].bot_ids, ["B1"]);
    assert_eq!(store.lineage("beef").await.unwrap(), "f00d");
    assert_eq!(waiting(&store).await, [(first, Bytes::from_static(b"one"))]);
    assert_eq!(store.dead_letters().await.unwrap()[0].seq, dead);
    let next = store.append(arrival("four")).await.unwrap()[0].seq;
    assert!(next.0 > dead.0 + 1, "the number of the one that was acknowledged is not given again");
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_come_together_are_all_kept_and_keep_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.db");
    let store = std::sync::Arc::new(SqliteStore::open(&path).unwrap());
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move {
                for number in 0..50 {
                    store.append(arrival(&format!("{task} {number:02}"))).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let lines: Vec<String> = waiting(&store)
        .await
        .into_iter()
        .map(|(_, line)| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    assert_eq!(lines.len(), 400);
    for task in 0..8 {
        let own: Vec<_> = lines.iter().filter(|line| line.starts_with(&format!("{task} "))).collect();
        assert!(own.is_sorted(), "each writer's own order is kept");
    }
}

#[tokio::test]
async fn two_programs_use_one_file_and_see_what_the_other_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.db");
    let serving = SqliteStore::open(&path).unwrap();
    let command = SqliteStore::open_inline(&path).unwrap();
    let seq = serving.append(arrival("one")).await.unwrap()[0].seq;
    assert_eq!(waiting(&command).await.len(), 1);
    command.remove(&Instance::of_gateway(tenant("home"), &"gw".parse().unwrap()), vec![seq]).await.unwrap();
    assert!(waiting(&serving).await.is_empty());
}

#[test]
fn the_file_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.db");
    let _store = SqliteStore::open(&path).unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn something_else_in_its_place_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "these are my notes, and no database at all").unwrap();
    let told = SqliteStore::open(&path).err().unwrap();
    assert!(matches!(told, OpenError::NotADatabase { .. }));
    assert_eq!(
        told.to_string(),
        format!(
            "{} is no SQLite database, so the connector does not touch it; move it away, or name another place",
            path.display()
        )
    );
    assert_eq!(fs::read(&path).unwrap(), b"these are my notes, and no database at all");
}

#[tokio::test]
async fn a_damaged_file_is_told_before_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.db");
    {
        let store = SqliteStore::open_inline(&path).unwrap();
        for _ in 0..50 {
            store.append(arrival(&"x".repeat(2_000))).await.unwrap();
        }
    }
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(8 * 1024)).unwrap();
    file.write_all(&vec![0xa5; 32 * 1024]).unwrap();
    let told = SqliteStore::open(&path).err().unwrap();
    assert!(matches!(told, OpenError::Damaged { .. }), "{told}");
    let source = std::error::Error::source(&told).expect("what SQLite says");
    assert!(source.is::<relay_sqlite::SqliteError>(), "{source:?}");
    assert!(told.to_string().contains("restore it from a copy"), "{told}");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let told = SqliteStore::open("/nowhere/at/all/connector.db").err().unwrap().to_string();
    assert_eq!(
        told,
        "/nowhere/at/all/connector.db cannot be opened: its folder does not exist; name another place, or \
         correct that"
    );
}

#[tokio::test]
async fn no_file_holds_a_credential_in_the_clear_and_another_key_does_not_open_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.db");
    let credential = |session: &str, secret: &str| {
        let sessions = vec![session.parse().unwrap()];
        FollowUpCredential::new(tenant("home"), sessions, Secret::new(secret), UnixSeconds(2_000))
    };
    let now = UnixSeconds(1_000);
    let alone = StorageChanges::new().keep(credential("s1", "hush-by-itself"));
    let with_event = StorageChanges::new().keep(credential("s2", "hush-with-event"));
    let found = async |store: &SqliteStore, session: &str| {
        let found = store.credential("local", &tenant("home"), &session.parse().unwrap(), now).await.unwrap();
        found.map(|secret| secret.expose().to_owned())
    };
    {
        let store = SqliteStore::open(&path).unwrap();
        store.change_front("local", alone, now).await.unwrap();
        store.append(arrival("one").with_changes(with_event)).await.unwrap();
        // The log beside the file is there only for as long as the file is open.
        for file in fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap().path();
            let bytes = fs::read(&file).unwrap();
            assert!(!bytes.windows(5).any(|part| part == b"hush-"), "{}", file.display());
        }
    }
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(found(&store, "s1").await.as_deref(), Some("hush-by-itself"));
    assert_eq!(found(&store, "s2").await.as_deref(), Some("hush-with-event"));
    drop(store);
    let other = VaultKey::from_hex(&"0f".repeat(32)).unwrap();
    let store = SqliteStore::open_with_vault_key(&path, other).unwrap();
    assert_eq!(found(&store, "s1").await, None);
}
