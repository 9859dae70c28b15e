//! Edits that Telegram has wait: the last one of each message is kept, also over a restart, and made when it may be.

use std::collections::BTreeMap;
use std::time::Duration;

use relay_connector::{FrontStorage, StorageChanges, StoreError};
use relay_wire::{EditAction, Metadata};
use serde_json::{Value, json};
use tokio::sync::{Mutex, Notify, OnceCell};

use crate::ApiError;
use crate::chat_caller::ChatCaller;
use crate::messages::Messages;

/// What their keys begin with; the chat and the message follow.
const PREFIX: &str = "edit/";

/// The shortest pause between two looks at what waits.
const LOOK: Duration = Duration::from_secs(1);

/// A chat and a message.
type Place = (String, String);

/// The edits that wait, one for each message.
#[derive(Default)]
pub(crate) struct LateEdits {
    /// Held while one of them is made, so that a newer edit of the message comes after it.
    waiting: Mutex<BTreeMap<Place, EditAction>>,
    came: Notify,
    /// Done before any edit, so that one of an earlier run cannot come after it.
    loaded: OnceCell<()>,
}

impl LateEdits {
    /// Begins an edit: an older one of the message is not made any more. Where there was one, this takes its place in the
    /// storage, so that a crash from here on cannot bring the older text back.
    pub(crate) async fn supersede(
        &self,
        edit: &EditAction,
        storage: &FrontStorage,
    ) -> Result<bool, StoreError> {
        self.load(storage).await?;
        let superseded = self.waiting.lock().await.remove(&place(edit)).is_some();
        if superseded {
            storage.apply(StorageChanges::new().put(key(&place(edit)), stored(edit))).await?;
        }
        Ok(superseded)
    }

    /// Keeps an edit until Telegram takes it.
    pub(crate) async fn keep(&self, edit: EditAction, storage: &FrontStorage) -> Result<(), StoreError> {
        storage.apply(StorageChanges::new().put(key(&place(&edit)), stored(&edit))).await?;
        self.waiting.lock().await.insert(place(&edit), edit);
        self.came.notify_one();
        Ok(())
    }

    /// Forgets the edit of a message that needs none any more.
    pub(crate) async fn forget(
        &self,
        chat: &str,
        message: &str,
        storage: &FrontStorage,
    ) -> Result<(), StoreError> {
        let place = (chat.to_owned(), message.to_owned());
        self.waiting.lock().await.remove(&place);
        // Also what `supersede` has put there.
        storage.apply(StorageChanges::new().remove(key(&place))).await
    }

    /// Makes what waits, for as long as the front runs.
    pub(crate) async fn make(
        &self,
        messages: &Messages,
        caller: &ChatCaller,
        storage: &FrontStorage,
    ) -> std::convert::Infallible {
        while let Err(error) = self.load(storage).await {
            tracing::error!(%error, "edits that wait cannot be read; trying again");
            tokio::time::sleep(LOOK).await;
        }
        loop {
            let places: Vec<Place> = self.waiting.lock().await.keys().cloned().collect();
            if places.is_empty() {
                self.came.notified().await;
                continue;
            }
            let mut pause = Duration::from_hours(1);
            for place in places {
                let wait = caller.wait(&place.0);
                if wait.is_zero() {
                    self.make_one(&place, messages, storage).await;
                }
                pause = pause.min(caller.wait(&place.0));
            }
            tokio::select! {
                () = tokio::time::sleep(pause.max(LOOK)) => {}
                () = self.came.notified() => {}
            }
        }
    }

    /// Reads what an earlier run has left, once.
    async fn load(&self, storage: &FrontStorage) -> Result<(), StoreError> {
        let loading = self.loaded.get_or_try_init(|| async {
            let kept = storage.under(PREFIX).await?;
            let edits = kept.iter().filter_map(|(_, value)| read(value));
            self.waiting.lock().await.extend(edits.map(|edit| (place(&edit), edit)));
            Ok(())
        });
        loading.await.copied()
    }

    async fn make_one(&self, place: &Place, messages: &Messages, storage: &FrontStorage) {
        let mut waiting = self.waiting.lock().await;
        let Some(edit) = waiting.get(place) else { return };
        let made = messages.edit(&edit.chat_id, &edit.message_id, &edit.content, &edit.metadata).await;
        if let Err(error @ (ApiError::TooMany { .. } | ApiError::Unreached(_) | ApiError::Unknown(_))) = &made
        {
            tracing::debug!(%error, "an edit waits on");
            return;
        }
        if let Err(error) = &made {
            tracing::warn!(%error, "an edit that waited is refused");
        }
        if let Err(error) = storage.apply(StorageChanges::new().remove(key(place))).await {
            tracing::error!(%error, "an edit was made, but the store cannot record that; it will be made again");
            return;
        }
        waiting.remove(place);
    }
}

fn place(edit: &EditAction) -> Place {
    (edit.chat_id.clone(), edit.message_id.clone())
}

fn key((chat, message): &Place) -> String {
    format!("{PREFIX}{chat}/{message}")
}

fn stored(edit: &EditAction) -> String {
    json!({
        "chat_id": edit.chat_id,
        "message_id": edit.message_id,
        "content": edit.content,
        "metadata": edit.metadata,
    })
    .to_string()
}

fn read(stored: &[u8]) -> Option<EditAction> {
    let stored: Value = serde_json::from_slice(stored).ok()?;
    let text = |name: &str| stored[name].as_str().map(str::to_owned);
    Some(EditAction {
        chat_id: text("chat_id")?,
        message_id: text("message_id")?,
        content: text("content")?,
        metadata: serde_json::from_value::<Metadata>(stored["metadata"].clone()).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use relay_connector::{Connector, FrontStorage, MemoryStore, Tenant};
    use relay_net::TcpDialer;
    use relay_wire::EditAction;

    use super::{LateEdits, Place};
    use crate::{BotToken, TelegramFront, TelegramSettings};

    fn storage() -> FrontStorage {
        let token = BotToken::new("99:AAAAAAAAAAAAAAAAAAAA").unwrap();
        let dialer = Arc::new(TcpDialer::default());
        let settings = TelegramSettings::new(token, Tenant::default(), dialer);
        let front = Arc::new(TelegramFront::new(settings));
        let connector = Connector::builder(MemoryStore::default()).front(front).build().unwrap();
        connector.front_context("telegram").unwrap().storage
    }

    fn edit(message: &str, content: &str) -> EditAction {
        let (chat_id, message_id, content) = ("7".to_owned(), message.to_owned(), content.to_owned());
        EditAction { chat_id, message_id, content, ..EditAction::default() }
    }

    /// What a front that starts now would make.
    async fn left(storage: &FrontStorage) -> Vec<(Place, String)> {
        let late = LateEdits::default();
        late.load(storage).await.unwrap();
        let waiting = late.waiting.lock().await;
        waiting.iter().map(|(place, edit)| (place.clone(), edit.content.clone())).collect()
    }

    #[tokio::test]
    async fn an_older_edit_is_never_made_once_a_newer_one_has_begun() {
        let (storage, late) = (storage(), LateEdits::default());
        let place = |message: &str| ("7".to_owned(), message.to_owned());
        late.keep(edit("1", "old"), &storage).await.unwrap();
        late.keep(edit("2", "other"), &storage).await.unwrap();
        assert!(!late.supersede(&edit("3", "elsewhere"), &storage).await.unwrap());
        assert!(late.supersede(&edit("1", "new"), &storage).await.unwrap());
        assert!(!late.waiting.lock().await.contains_key(&place("1")), "the older one is not made meanwhile");
        let expected = [(place("1"), "new".to_owned()), (place("2"), "other".to_owned())];
        assert_eq!(left(&storage).await, expected, "nor after a crash");
        late.forget("7", "1", &storage).await.unwrap();
        assert_eq!(left(&storage).await, expected[1..]);
    }

    #[tokio::test]
    async fn an_edit_that_comes_before_anything_was_read_knows_what_an_earlier_run_left() {
        let storage = storage();
        LateEdits::default().keep(edit("1", "old"), &storage).await.unwrap();
        let late = LateEdits::default();
        assert!(late.supersede(&edit("1", "new"), &storage).await.unwrap());
        assert_eq!(left(&storage).await[0].1, "new");
    }
}
