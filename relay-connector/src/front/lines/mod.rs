//! The front whose chats are JSON lines: a script, a bot or a test plays the platform.

mod input;
mod output;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_wire::{Action, ActionResult, CapabilityDescriptor, EGRESS_DECLINED, Op};
use serde_json::json;
use tokio_util::sync::CancellationToken;

pub use self::input::LineError;
use self::input::What;
use self::output::{Output, OutputEnd};
use super::attached::Attached;
use crate::{ActionContext, DeliverError, Delivery, Front, FrontContext, FrontError, Tenant};

/// The platform that is played when none is named.
const PLATFORM: &str = "lines";

/// How long a store that fails is left alone.
const RETRY: Duration = Duration::from_secs(1);

/// What the built-in descriptor offers.
const OPS: [Op; 4] = [Op::Send, Op::Edit, Op::Delete, Op::Typing];

/// The descriptor of a platform that a script plays without describing it: plain text of at most 4096 characters,
/// with edits and typing.
pub fn lines_descriptor(platform: &str) -> CapabilityDescriptor {
    CapabilityDescriptor {
        platform: platform.to_owned(),
        label: platform.to_owned(),
        supports_edit: true,
        markdown_dialect: "plain".into(),
        supported_ops: OPS.iter().map(|op| op.as_str().into()).collect(),
        ..CapabilityDescriptor::default()
    }
}

/// Platforms played over one input and one output, each with a front of its own.
pub struct Lines {
    fronts: Vec<Arc<LinesFront>>,
    output: OutputEnd,
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("fronts", &self.fronts).finish_non_exhaustive()
    }
}

/// One platform of [`Lines`]: every action that it is asked for becomes a line, and is done once that is written.
pub struct LinesFront {
    tenant: Tenant,
    descriptor: CapabilityDescriptor,
    attached: Attached,
    output: Output,
    /// Tells the ids of this run from those of earlier ones.
    run: u64,
    /// Numbers what is made, across platforms.
    next_id: Arc<AtomicU64>,
}

impl fmt::Debug for LinesFront {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinesFront")
            .field("platform", &self.descriptor.platform)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

impl Lines {
    /// Plays these platforms for a tenant; without any, one that is called `lines`. The ids of what is made begin with
    /// `run`, which must be new after a restart: the unix time in milliseconds is.
    pub fn new(tenant: &Tenant, mut descriptors: Vec<CapabilityDescriptor>, run: u64) -> Self {
        if descriptors.is_empty() {
            descriptors.push(lines_descriptor(PLATFORM));
        }
        let (output, end) = Output::channel();
        let next_id = Arc::new(AtomicU64::new(1));
        let front = |descriptor| {
            Arc::new(LinesFront {
                tenant: tenant.clone(),
                descriptor: performable(descriptor),
                attached: Attached::default(),
                output: output.clone(),
                run,
                next_id: Arc::clone(&next_id),
            })
        };
        Self { fronts: descriptors.into_iter().map(front).collect(), output: end }
    }

    /// The fronts, to be added to a connector; the first one's platform is what a line means that names none.
    pub fn fronts(&self) -> Vec<Arc<dyn Front>> {
        self.fronts.iter().map(|front| Arc::clone(front) as Arc<dyn Front>).collect()
    }

    /// Reads events and writes what becomes of them until the output is closed. After the last line of the input it
    /// goes on, since answers may still come.
    ///
    /// Both are used on threads of their own, which end with the process or with what they read and write.
    pub async fn run(
        self,
        input: impl io::Read + Send + 'static,
        output: impl io::Write + Send + 'static,
    ) -> io::Result<()> {
        let written = self.output.write_to(output);
        let input = input::chunks(input);
        tokio::select! {
            ended = written => ended,
            never = input::take(input, &self.fronts) => match never {},
        }
    }
}

impl LinesFront {
    /// Takes an event for good. Until it is taken, nothing behind it in its chat is: it waits for a gateway that fronts
    /// this platform, and for a store that fails to come back. `false` when no agent wants it.
    async fn deliver(&self, what: &What) -> Result<bool, LineError> {
        let events = self.attached.context().await.events;
        loop {
            let taken = match events.wanted(&self.tenant).await {
                Ok(()) => match what.clone() {
                    What::Event(event) => events.deliver(&self.tenant, *event).await,
                    What::Forward(forward) => events.forward(&self.tenant, forward).await,
                },
                Err(error) => Err(error.into()),
            };
            match taken {
                Ok(Delivery::Delivered(_) | Delivery::Buffered(_)) => return Ok(true),
                Ok(Delivery::Unwanted) => return Ok(false),
                Err(DeliverError::Store(error)) => {
                    tracing::error!(%error, "an event is not taken yet; trying again");
                    tokio::time::sleep(RETRY).await;
                }
                // It was logged when it began.
                Err(DeliverError::Full) => tokio::time::sleep(RETRY).await,
                Err(DeliverError::Gone) => return std::future::pending().await,
                Err(error @ DeliverError::TooLong { .. }) => {
                    return Err(LineError::Undeliverable(error.to_string()));
                }
            }
        }
    }

    /// An id that no run gives twice, however fast it numbers and however soon the next one starts.
    fn new_id(&self, kind: char) -> String {
        format!("{kind}{}-{}", self.run, self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    async fn write(&self, action: Action, context: ActionContext) -> ActionResult {
        if context.tenant != self.tenant {
            return ActionResult {
                code: Some(EGRESS_DECLINED.into()),
                ..ActionResult::failed("egress declined: these chats belong to another tenant")
            };
        }
        let result = self.result(&action);
        let mut line = json!({
            "action": action,
            "platform": self.descriptor.platform,
            "gateway": context.gateway_id.as_str(),
        });
        for (name, value) in [("message_id", &result.message_id), ("thread_id", &result.thread_id)] {
            if let Some(value) = value {
                line[name] = json!(value);
            }
        }
        if self.output.written(line.to_string()).await {
            result
        } else {
            ActionResult::failed("nobody reads the lines of this front any more; nothing was done")
        }
    }

    /// What is answered once the line is written: ids for what the action makes.
    fn result(&self, action: &Action) -> ActionResult {
        let made = || self.new_id('a');
        match action {
            Action::Send(_) | Action::SendMedia(_) | Action::Prompt(_) | Action::FollowUp(_) => {
                ActionResult::delivered(made())
            }
            Action::Edit(edit) => ActionResult::delivered(edit.message_id.clone()),
            Action::Draft(draft) if draft.is_final => ActionResult::delivered(made()),
            Action::ThreadCreate(_) => ActionResult { thread_id: Some(made()), ..ActionResult::done() },
            _ => ActionResult::done(),
        }
    }
}

/// Without the one op whose answer is knowledge that no line holds.
fn performable(mut descriptor: CapabilityDescriptor) -> CapabilityDescriptor {
    descriptor.supported_ops.retain(|op| op != Op::GetChatInfo.as_str());
    descriptor
}

impl Front for LinesFront {
    fn platform(&self) -> &str {
        &self.descriptor.platform
    }

    fn run(
        &self,
        context: FrontContext,
        shutdown: CancellationToken,
    ) -> BoxFuture<'_, Result<(), FrontError>> {
        async move {
            context.descriptor.publish(self.descriptor.clone());
            context.state.live();
            self.attached.set(context);
            shutdown.cancelled().await;
            Ok(())
        }
        .boxed()
    }

    fn perform(&self, action: Action, context: ActionContext) -> BoxFuture<'_, ActionResult> {
        self.write(action, context).boxed()
    }
}
