//! A chat platform for tests: it records what is done in its chats.

use std::sync::OnceLock;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_connector::{ActionContext, Delivery, EventSink, Front, FrontContext, FrontError, Tenant};
use relay_wire::{Action, ActionResult, CapabilityDescriptor, Event, Op};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Records the actions performed on it, each as its JSON, and answers them `m1`, `m2`, ….
pub struct Platform {
    name: &'static str,
    events: OnceLock<EventSink>,
    actions: watch::Sender<Vec<String>>,
    /// An action that holds this text ends only once the platform is released.
    holds: Option<&'static str>,
    released: watch::Sender<bool>,
}

impl Platform {
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            events: OnceLock::new(),
            actions: watch::channel(Vec::new()).0,
            holds: None,
            released: watch::channel(false).0,
        }
    }

    /// Ends an action with this text only once it is [released](Self::release).
    pub fn holding(mut self, text: &'static str) -> Self {
        self.holds = Some(text);
        self
    }

    /// Ends what was held.
    pub fn release(&self) {
        self.released.send_replace(true);
    }

    /// A message arrives from the platform.
    pub fn receive(&self, event: &str) {
        let event: Event = serde_json::from_str(event).expect("the event decodes");
        let sink = self.events.get().expect("the connector runs its fronts");
        let delivery = sink.deliver(&Tenant::default(), event).now_or_never();
        let delivery = delivery.expect("memory never waits").expect("the event is taken");
        assert_eq!(delivery, Delivery::Delivered(1));
    }

    /// Waits until actions of this shape were performed, and answers all of that shape.
    pub async fn performed(&self, count: usize, shape: impl Fn(&str) -> bool) -> Vec<String> {
        let mut actions = self.actions.subscribe();
        let matching = |actions: &Vec<String>| {
            actions.iter().filter(|action| shape(action)).cloned().collect::<Vec<_>>()
        };
        let actions = actions.wait_for(|actions| matching(actions).len() >= count).await;
        matching(&actions.expect("the platform lives"))
    }

    /// Waits for so many messages sent.
    pub async fn sent(&self, count: usize) -> Vec<String> {
        self.performed(count, |action| action.starts_with(r#"{"op":"send""#)).await
    }
}

impl Front for Platform {
    fn platform(&self) -> &str {
        self.name
    }

    fn run(
        &self,
        context: FrontContext,
        shutdown: CancellationToken,
    ) -> BoxFuture<'_, Result<(), FrontError>> {
        async move {
            context.descriptor.publish(CapabilityDescriptor {
                label: self.name.into(),
                supports_edit: true,
                supported_ops: [Op::Send, Op::Edit, Op::Typing, Op::FollowUp]
                    .map(|op| op.as_str().into())
                    .to_vec(),
                ..CapabilityDescriptor::default()
            });
            assert!(self.events.set(context.events).is_ok(), "a platform is run once");
            shutdown.cancelled().await;
            Ok(())
        }
        .boxed()
    }

    fn perform(&self, action: Action, _: ActionContext) -> BoxFuture<'_, ActionResult> {
        let json = serde_json::to_string(&action).expect("plain data");
        let held = self.holds.is_some_and(|content| json.contains(content));
        let mut number = 0;
        self.actions.send_modify(|actions| {
            actions.push(json);
            number = actions.len();
        });
        async move {
            if held {
                let released = self.released.subscribe().wait_for(|released| *released).await.is_ok();
                assert!(released, "the platform lives");
            }
            ActionResult::delivered(format!("m{number}"))
        }
        .boxed()
    }
}

/// A message in a Discord channel.
pub fn in_channel(guild: &str, channel: &str, id: &str, text: &str) -> String {
    format!(
        r#"{{"text":"{text}","message_id":"{id}","source":{{"platform":"discord","chat_id":"{channel}",
            "chat_type":"channel","user_id":"u1","scope_id":"{guild}"}}}}"#
    )
}
