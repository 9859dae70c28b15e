//! A connector that mints an enrollment token and redeems it, as the route `/relay/enroll` does.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::sync::Arc;

use relay_connector::{Connector, ENROLLMENT_TTL, MemoryFront, MemoryStore, Tenant};
use relay_wire::EnrollRequest;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let connector = Connector::builder(MemoryStore::default()).front(Arc::new(MemoryFront::new())).build()?;
    let token = connector.mint_enrollment_token(&Tenant::default(), ENROLLMENT_TTL)?;
    let request =
        || EnrollRequest { enrollment_token: token.expose().to_owned(), gateway_id: "laptop".into() };
    let enrolled = connector.enroll(request()).await?;
    println!("{} belongs to {}", enrolled.gateway_id, enrolled.tenant);
    println!("again: {}", connector.enroll(request()).await.expect_err("it is good once"));
    Ok(())
}
