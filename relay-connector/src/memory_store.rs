//! A store that ends with its process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{self, BoxFuture};
use relay_auth::{UnixSeconds, VerifyList};
use relay_wire::GatewayId;

use crate::{EnrollOutcome, Enrollment, GatewayRecord, Store, StoreError};

/// Gateways and used tokens in memory: for demos, tests, and connectors whose gateways enroll at each start.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    gateways: HashMap<GatewayId, GatewayRecord>,
    /// Nonces of used tokens, until the token would have expired anyway.
    used: HashMap<String, UnixSeconds>,
}

impl State {
    fn enroll(&mut self, enrollment: Enrollment) -> EnrollOutcome {
        let Enrollment { gateway_id, tenant, secret, nonce, expires, now } = enrollment;
        self.used.retain(|_, expires| *expires >= now);
        if self.used.contains_key(&nonce) {
            return EnrollOutcome::TokenUsed;
        }
        let known = self.gateways.get(&gateway_id);
        if known.is_some_and(|gateway| gateway.tenant != tenant) {
            return EnrollOutcome::ForeignGateway;
        }
        let former = known.and_then(|gateway| gateway.verify.secrets().first().cloned());
        let outcome = if known.is_some() { EnrollOutcome::Rotated } else { EnrollOutcome::Enrolled };
        let mut verify = VerifyList::new(secret);
        verify.extend(former);
        self.used.insert(nonce, expires);
        self.gateways.insert(gateway_id, GatewayRecord { tenant, verify });
        outcome
    }
}

impl Store for MemoryStore {
    fn gateway<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
    ) -> BoxFuture<'a, Result<Option<GatewayRecord>, StoreError>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        future::ready(Ok(state.gateways.get(gateway_id).cloned())).boxed()
    }

    fn enroll(&self, enrollment: Enrollment) -> BoxFuture<'_, Result<EnrollOutcome, StoreError>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        future::ready(Ok(state.enroll(enrollment))).boxed()
    }
}

#[cfg(test)]
mod tests {
    use relay_auth::{Secret, UnixSeconds};

    use super::State;
    use crate::{EnrollOutcome, Enrollment, Tenant};

    fn enrollment(nonce: &str, tenant: &str, secret: &str) -> Enrollment {
        Enrollment {
            gateway_id: "gw".into(),
            tenant: Tenant::new(tenant).unwrap(),
            secret: Secret::new(secret),
            nonce: nonce.to_owned(),
            expires: UnixSeconds(100),
            now: UnixSeconds(50),
        }
    }

    fn secrets(state: &State) -> Vec<&str> {
        state.gateways["gw"].verify.secrets().iter().map(Secret::expose).collect()
    }

    #[test]
    fn a_rotation_keeps_the_former_secret_and_no_older_one() {
        let mut state = State::default();
        assert_eq!(state.enroll(enrollment("n1", "home", "s1")), EnrollOutcome::Enrolled);
        assert_eq!(state.enroll(enrollment("n2", "home", "s2")), EnrollOutcome::Rotated);
        assert_eq!(state.enroll(enrollment("n3", "home", "s3")), EnrollOutcome::Rotated);
        assert_eq!(secrets(&state), ["s3", "s2"]);
    }

    #[test]
    fn a_used_token_changes_nothing() {
        let mut state = State::default();
        state.enroll(enrollment("n1", "home", "s1"));
        assert_eq!(state.enroll(enrollment("n1", "home", "s2")), EnrollOutcome::TokenUsed);
        assert_eq!(secrets(&state), ["s1"]);
    }

    #[test]
    fn a_gateway_of_another_tenant_is_not_taken_over_and_the_token_stays_good() {
        let mut state = State::default();
        state.enroll(enrollment("n1", "home", "s1"));
        assert_eq!(state.enroll(enrollment("n2", "work", "s2")), EnrollOutcome::ForeignGateway);
        assert_eq!(secrets(&state), ["s1"]);
        assert_eq!(state.enroll(enrollment("n2", "home", "s2")), EnrollOutcome::Rotated);
    }

    #[test]
    fn nonces_are_forgotten_once_their_token_has_expired() {
        let mut state = State::default();
        state.enroll(enrollment("n1", "home", "s1"));
        state.enroll(Enrollment { now: UnixSeconds(101), ..enrollment("n2", "home", "s2") });
        assert_eq!(state.used.keys().collect::<Vec<_>>(), ["n2"]);
    }
}
