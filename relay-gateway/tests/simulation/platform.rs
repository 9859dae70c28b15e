//! The scripted platforms: they hand the connector what people write, and show what the gateway says.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_connector::{ActionContext, EventSink, Front, FrontContext, FrontError};
use relay_wire::{Action, ActionResult, CapabilityDescriptor, Op};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::happening::{Fault, Happening};
use crate::names::{MessageId, PLATFORMS, chat_name};
use crate::power::Point;
use crate::transport::about;
use crate::world::Life;

/// One platform, as one life of the connector sees it.
pub struct ScriptedPlatform {
    pub number: u8,
    pub life: Life,
    events: watch::Sender<Option<EventSink>>,
}

impl ScriptedPlatform {
    pub fn new(number: u8, life: Life) -> Arc<Self> {
        Arc::new(Self { number, life, events: watch::Sender::new(None) })
    }

    /// Where events go, once the connector runs this platform.
    pub async fn events(&self) -> EventSink {
        let mut events = self.events.subscribe();
        let events = events.wait_for(Option::is_some).await.expect("the platform lives");
        events.clone().expect("just looked at")
    }

    async fn show(&self, action: Action) -> ActionResult {
        self.life.pass(Point::BeforeAction).await;
        let slow = self.life.world.state().weather.slow_platform;
        sleep(slow).await;
        self.life.power.hold().await;
        if matches!(action, Action::Send(_) | Action::Edit(_)) && self.refuses() {
            self.life.world.fault(Fault::Refusal, action.op().to_owned());
            return ActionResult::failed("the platform is busy");
        }
        let platform = PLATFORMS[usize::from(self.number)];
        let result = match &action {
            Action::Send(send) => {
                let id = self.life.world.state().next_shown();
                self.life.note(&Happening::Sent {
                    chat: chat_name(platform, &send.chat_id),
                    id: id.clone(),
                    about: about(platform, &action),
                    content: send.content.clone(),
                });
                ActionResult::delivered(id)
            }
            Action::Edit(edit) => {
                self.life.note(&Happening::Edited {
                    chat: chat_name(platform, &edit.chat_id),
                    id: edit.message_id.clone(),
                    content: edit.content.clone(),
                });
                ActionResult::delivered(edit.message_id.clone())
            }
            Action::React(react) => {
                let message = MessageId::of_wire(platform, &react.chat_id, &react.message_id)
                    .expect("a message of the simulation");
                self.life.note(&Happening::Reacted {
                    message,
                    emoji: react.emoji.clone(),
                    remove: react.remove,
                });
                ActionResult::done()
            }
            _ => ActionResult::done(),
        };
        self.life.pass(Point::AfterAction).await;
        result
    }

    fn refuses(&self) -> bool {
        let mut state = self.life.world.state();
        let refuses = state.weather.refusals > 0;
        state.weather.refusals = state.weather.refusals.saturating_sub(1);
        refuses
    }
}

impl Front for ScriptedPlatform {
    fn platform(&self) -> &str {
        PLATFORMS[usize::from(self.number)]
    }

    fn run(
        &self,
        context: FrontContext,
        shutdown: CancellationToken,
    ) -> BoxFuture<'_, Result<(), FrontError>> {
        async move {
            context.descriptor.publish(CapabilityDescriptor {
                label: PLATFORMS[usize::from(self.number)].into(),
                max_message_length: self.life.world.plan.longest_message[usize::from(self.number)],
                supports_edit: self.number == 1,
                supported_ops: [Op::Send, Op::Edit, Op::Typing, Op::React]
                    .map(|op| op.as_str().into())
                    .to_vec(),
                ..CapabilityDescriptor::default()
            });
            self.events.send_replace(Some(context.events));
            shutdown.cancelled().await;
            Ok(())
        }
        .boxed()
    }

    fn perform(&self, action: Action, _: ActionContext) -> BoxFuture<'_, ActionResult> {
        self.show(action).boxed()
    }
}
