//! Where each message of an agent belongs: to the session that it names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agent_client_protocol_schema::v1::{
    CreateElicitationRequest, CreateElicitationResponse, ElicitationAction, ElicitationScope,
    Error as RpcError, RequestPermissionOutcome, RequestPermissionRequest, RequestPermissionResponse,
    SessionUpdate,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use tracing::debug;

use crate::rpc::{Connection, Peer, RequestId};
use crate::session::{Asked, OpenQuestion, Slot};

/// Sessions that an agent speaks of before, or without, their having been begun here.
const UNCLAIMED: usize = 64;

/// Hands on what an agent's process says. Runs in the reader: nothing in it waits.
pub(crate) struct Router {
    connection: Arc<Connection>,
    unseen: usize,
    slots: Mutex<HashMap<Arc<str>, Arc<Slot>>>,
}

#[derive(Deserialize)]
struct Update<'a> {
    #[serde(rename = "sessionId", borrow)]
    session_id: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    update: &'a RawValue,
}

#[derive(Deserialize)]
struct CancelRequest {
    #[serde(rename = "requestId")]
    request_id: RequestId,
}

/// The session's id was given before: to another conversation, or to an earlier one of the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct GivenTwice;

impl Router {
    pub(crate) fn new(connection: Arc<Connection>, unseen: usize) -> Self {
        Self { connection, unseen, slots: Mutex::default() }
    }

    /// The slot of a session, for the one conversation that it belongs to.
    pub(crate) fn claim(&self, session_id: &str) -> Result<Arc<Slot>, GivenTwice> {
        let slot = self.slot(session_id);
        if slot.claim() { Ok(slot) } else { Err(GivenTwice) }
    }

    /// Forgets a session; what it still says is dropped.
    pub(crate) fn release(&self, session_id: &str) {
        self.slots().remove(session_id);
    }

    /// Every session that a conversation holds.
    pub(crate) fn claimed(&self) -> Vec<Arc<Slot>> {
        self.slots().values().filter(|slot| slot.is_claimed()).cloned().collect()
    }

    fn slot(&self, session_id: &str) -> Arc<Slot> {
        let mut slots = self.slots();
        if let Some(slot) = slots.get(session_id) {
            return Arc::clone(slot);
        }
        if slots.values().filter(|slot| !slot.is_claimed()).count() >= UNCLAIMED {
            slots.retain(|_, slot| slot.is_claimed());
        }
        let id: Arc<str> = session_id.into();
        let slot = Arc::new(Slot::new(Arc::clone(&id), self.unseen));
        slots.insert(id, Arc::clone(&slot));
        slot
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn permission(&self, id: RequestId, params: &RawValue) {
        let Ok(request) = serde_json::from_str::<RequestPermissionRequest>(params.get()) else {
            return self.invalid(&id, "session/request_permission");
        };
        let slot = self.slots().get(&*request.session_id.0).cloned();
        self.ask(slot, OpenQuestion { id, asked: Asked::Permission(Box::new(request)) });
    }

    fn elicitation(&self, id: RequestId, params: &RawValue) {
        let Ok(request) = serde_json::from_str::<CreateElicitationRequest>(params.get()) else {
            return self.invalid(&id, "elicitation/create");
        };
        let slot = match request.scope() {
            ElicitationScope::Session(scope) => self.slots().get(&*scope.session_id.0).cloned(),
            // It belongs to a request of ours, such as session/new, and nobody watches that.
            _ => None,
        };
        self.ask(slot, OpenQuestion { id, asked: Asked::Form(Box::new(request)) });
    }

    /// A question without a turn that could show it is answered at once.
    fn ask(&self, slot: Option<Arc<Slot>>, question: OpenQuestion) {
        let unasked = match slot {
            Some(slot) => slot.ask(question).err(),
            None => Some(question),
        };
        if let Some(question) = unasked {
            question.cancel(&self.connection);
        }
    }

    fn invalid(&self, id: &RequestId, method: &str) {
        self.connection.counters().unreadable();
        self.connection.refuse(id, RpcError::invalid_params().data(format!("{method} cannot be read")));
    }

    fn update(&self, params: &RawValue) {
        let counters = self.connection.counters();
        let Ok(Update { session_id, update }) = serde_json::from_str(params.get()) else {
            return counters.unreadable();
        };
        let slot = self.slot(&session_id);
        if slot.is_retired() {
            return counters.dropped();
        }
        match serde_json::from_str::<SessionUpdate>(update.get()) {
            Ok(update) => {
                if !slot.take(update) {
                    counters.dropped();
                }
            }
            Err(error) => {
                debug!(%error, "an update of an agent is of no known kind or shape");
                counters.unreadable();
            }
        }
    }
}

impl Peer for Router {
    fn request(&self, id: RequestId, method: &str, params: &RawValue) {
        match method {
            "session/request_permission" => self.permission(id, params),
            "elicitation/create" => self.elicitation(id, params),
            _ => {
                debug!(method, "an agent asks for what was not offered");
                self.connection.counters().ignored();
                self.connection.refuse(&id, RpcError::method_not_found());
            }
        }
    }

    fn notification(&self, method: &str, params: &RawValue) {
        match method {
            "session/update" => self.update(params),
            "$/cancel_request" => {
                let Ok(CancelRequest { request_id }) = serde_json::from_str(params.get()) else {
                    return self.connection.counters().unreadable();
                };
                for slot in self.claimed() {
                    slot.withdraw(&request_id);
                }
            }
            _ => self.connection.counters().ignored(),
        }
    }
}

impl OpenQuestion {
    /// Answers that nobody will.
    pub(crate) fn cancel(&self, connection: &Connection) {
        match self.asked {
            Asked::Permission(_) => {
                connection
                    .reply(&self.id, RequestPermissionResponse::new(RequestPermissionOutcome::Cancelled));
            }
            Asked::Form(_) => {
                connection.reply(&self.id, CreateElicitationResponse::new(ElicitationAction::Cancel));
            }
        }
    }
}
