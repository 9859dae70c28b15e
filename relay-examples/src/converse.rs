//! A conversation with an agent, through a connector and a gateway.

use std::sync::Arc;

use relay_adapter::Agent;

use crate::{LocalConnector, LocalGateway, Outcome};

/// Says each line to the agent, waits for its answer, and prints both.
pub async fn converse(agent: Arc<dyn Agent>, lines: &[&str]) -> Outcome {
    let connector = LocalConnector::start().await?;
    let gateway = LocalGateway::start(&connector.host, &connector.enrollment_token()?, agent).await?;
    for line in lines {
        println!("> {line}\n{}", connector.ask(line).await);
    }
    gateway.stop().await
}
