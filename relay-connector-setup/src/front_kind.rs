//! The platforms that a file can name: a table, and what each entry of it can do.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use relay_config::Block;
use relay_connector::{Front, PairingCode, Tenant};
use relay_net::Dial;

use crate::{BotDraft, FrontCheck, FrontCheckOutcome, FrontProblem, KnownBot};

/// A platform that can be served. Its file reads the block, opens the front, and asks the platform about it.
pub(crate) struct FrontKind {
    /// The platform's name, and the key of its block.
    pub(crate) platform: &'static str,
    /// Reads a block; relative paths start at the folder. What is wrong is noted in the block.
    pub(crate) read: fn(&mut Block, &Path) -> Option<Arc<dyn FrontPlan>>,
    /// Asks the platform about a bot that nothing is written of yet.
    pub(crate) try_out: TryOut,
}

/// Asks a platform about a bot.
type TryOut = for<'a> fn(&'a BotDraft, Arc<dyn Dial>) -> BoxFuture<'a, Result<KnownBot, FrontCheckOutcome>>;

/// Every platform that this build has.
pub(crate) static KINDS: &[&FrontKind] = &[
    #[cfg(feature = "telegram")]
    &crate::telegram::KIND,
];

/// A front as its operator wants it, read and not opened yet.
pub(crate) trait FrontPlan: fmt::Debug + Send + Sync + 'static {
    /// Opens it; the platform is not asked yet.
    fn open(&self, tenant: Tenant, dialer: Arc<dyn Dial>) -> Result<Arc<dyn Front>, FrontProblem>;

    /// Asks the platform what keeps the front from working. `is_running` says that the front runs now: what would disturb
    /// it is left out.
    fn check(&self, dialer: Arc<dyn Dial>, is_running: bool) -> BoxFuture<'_, Vec<FrontCheck>>;

    /// Where people find the bot, if the platform says it in time; opened, it shows the code.
    fn contact(&self, dialer: Arc<dyn Dial>, code: Option<&PairingCode>) -> BoxFuture<'_, Option<String>>;
}
