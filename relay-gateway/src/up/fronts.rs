//! How the fronts in this process stand.

use std::sync::Arc;

use relay_connector::{Connector, FrontState};

use crate::observability::health::{FrontLook, FrontStatus};

/// Looks at the fronts of a connector whenever somebody asks.
pub(crate) fn look(connector: &Connector) -> FrontLook {
    let states = connector.front_states();
    Arc::new(move || {
        states.iter().map(|(platform, state)| status(platform.clone(), &state.borrow())).collect()
    })
}

fn status(platform: String, state: &FrontState) -> FrontStatus {
    let (state, detail) = match state {
        FrontState::Starting => ("starting", "the platform was not reached yet".to_owned()),
        FrontState::Live => ("live", "what people write comes in".to_owned()),
        FrontState::Degraded { why, .. } => ("degraded", why.clone()),
        FrontState::Fatal { why, remedy } => ("fatal", format!("{why}; {remedy}")),
        _ => ("unknown", String::new()),
    };
    FrontStatus { platform, state: state.to_owned(), detail }
}

/// Completes once no front works any more or will before it is started again; each with its reason.
pub(crate) async fn all_failed(connector: &Connector) -> String {
    let mut reasons = Vec::new();
    for (platform, mut state) in connector.front_states() {
        let Ok(fatal) = state.wait_for(|state| matches!(state, FrontState::Fatal { .. })).await else {
            return std::future::pending().await;
        };
        if let FrontState::Fatal { why, remedy } = &*fatal {
            reasons.push(format!("{platform} is not served any more: {why}; {remedy}"));
        }
    }
    reasons.join("\n")
}
