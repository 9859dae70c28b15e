//! One suite for every store: whatever remembers for a connector keeps these promises.

mod buffer;
mod fronts;
mod gateways;
#[cfg(feature = "sqlite")]
mod kill;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "sqlite")]
use relay_connector::SqliteStore;
use relay_connector::{MemoryStore, Store, Tenant};

/// A store in a folder that goes with the test.
#[cfg(feature = "sqlite")]
fn sqlite(
    open: fn(std::path::PathBuf) -> Result<SqliteStore, relay_connector::OpenError>,
) -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path().join("connector.db")).unwrap();
    (folder, store)
}

fn tenant(name: &str) -> Tenant {
    Tenant::new(name).unwrap()
}

/// Runs each of these against each store.
macro_rules! every_store {
    ($($name:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test] async fn $name() { super::$name(&crate::MemoryStore::default()).await; })+
        }
        #[cfg(feature = "sqlite")]
        mod sqlite {
            $(#[tokio::test] async fn $name() {
                let (_folder, store) = crate::sqlite(crate::SqliteStore::open);
                super::$name(&store).await;
            })+
        }
        #[cfg(feature = "sqlite")]
        mod sqlite_inline {
            $(#[tokio::test] async fn $name() {
                let (_folder, store) = crate::sqlite(crate::SqliteStore::open_inline);
                super::$name(&store).await;
            })+
        }
    };
}
pub(crate) use every_store;

fn assert_is_a_store<S: Store>() {}

#[test]
fn both_are_stores() {
    assert_is_a_store::<MemoryStore>();
    #[cfg(feature = "sqlite")]
    assert_is_a_store::<SqliteStore>();
}
