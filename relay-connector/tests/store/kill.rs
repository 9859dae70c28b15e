//! A process that is killed while a front hands over: what the front keeps and what is delivered agree.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bytes::Bytes;
use relay_auth::UnixSeconds;
use relay_connector::{
    BufferLimits, BufferStore as _, Cursor, FrontStore as _, Instance, NewDelivery, Seq, SqliteStore,
    StorageChanges,
};

use crate::tenant;

/// Says to the program of the tests where to write until it is killed.
const PLACE: &str = "RELAY_TEST_KILLED_STORE";

fn instance() -> Instance {
    Instance::named(tenant("home"), "gw")
}

/// Appends number after number, each with the offset behind it, as a front does.
#[tokio::test]
#[ignore = "is killed by the test below, which starts it"]
async fn hands_over_until_it_is_killed() {
    let Some(place) = std::env::var_os(PLACE) else { return };
    let store = SqliteStore::open(PathBuf::from(place)).unwrap();
    let offset = offset(&store).await;
    for number in offset.. {
        let delivery =
            NewDelivery::new(vec![instance()], "telegram", Bytes::from(number.to_string()), UnixSeconds(1))
                .with_limits(BufferLimits::default().with_items(usize::MAX))
                .with_changes(StorageChanges::new().put("offset", (number + 1).to_string()));
        store.append(delivery).await.unwrap();
        writeln!(io::stdout(), "taken {number}").unwrap();
    }
}

async fn offset(store: &SqliteStore) -> u64 {
    let kept = store.front_value("telegram", "offset").await.unwrap();
    kept.map_or(0, |offset| String::from_utf8(offset.to_vec()).unwrap().parse().unwrap())
}

/// Kills it after so many numbers; the last that it said it had taken.
fn kill_after(path: &Path, count: usize) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::hands_over_until_it_is_killed", "--ignored", "--nocapture"])
        .env(PLACE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let taken = lines.filter_map(|line| line.unwrap().rsplit_once("taken ")?.1.parse().ok());
    let last = taken.take(count).last().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    last
}

#[tokio::test]
async fn what_a_killed_front_keeps_is_what_was_delivered_nothing_twice_and_nothing_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.db");
    for count in [1, 7, 30] {
        let taken = kill_after(&path, count);
        let store = SqliteStore::open_inline(&path).unwrap();
        let cursor = Cursor::new("telegram", Seq(0));
        let delivered = store.pending(&instance(), vec![cursor], usize::MAX, usize::MAX).await.unwrap();
        let delivered: Vec<u64> = delivered
            .iter()
            .map(|item| String::from_utf8(item.line.to_vec()).unwrap().parse().unwrap())
            .collect();
        assert!(delivered.len() as u64 > taken, "what was answered is there");
        assert_eq!(delivered, (0..offset(&store).await).collect::<Vec<_>>());
    }
}
