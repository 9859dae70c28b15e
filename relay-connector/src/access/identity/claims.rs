//! What a token says once it is known to be genuine (RFC 7519; RFC 7662 for an introspection's answer).

use relay_auth::UnixSeconds;
use serde_json::{Map, Value};

use crate::Tenant;
use crate::access::identity::IdentityError;

/// How far the clocks of the issuer and of this machine may be apart, in seconds.
const LEEWAY: u64 = 60;

/// A token's claims.
pub(super) struct Claims(Map<String, Value>);

impl Claims {
    /// Reads a JSON object; `None` if it is none.
    pub(super) fn read(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok().map(Self)
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Value::Bool(true))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    pub(super) fn check_issuer(&self, issuer: &str) -> Result<(), IdentityError> {
        let is_it = self.0.get("iss").and_then(Value::as_str) == Some(issuer);
        if is_it { Ok(()) } else { Err(IdentityError::Issuer) }
    }

    /// One of the audiences that the token is for must be one of ours.
    pub(super) fn check_audience(&self, ours: &[String]) -> Result<(), IdentityError> {
        let is_ours = |value: &Value| value.as_str().is_some_and(|name| ours.iter().any(|own| own == name));
        let fits = match self.0.get("aud") {
            Some(Value::Array(names)) => names.iter().any(is_ours),
            Some(name) => is_ours(name),
            None => false,
        };
        if fits { Ok(()) } else { Err(IdentityError::Audience) }
    }

    /// `exp`, `nbf` and `iat`, as far as they are there. A date that is no number is refused, not passed over.
    pub(super) fn check_dates(&self, now: UnixSeconds) -> Result<(), IdentityError> {
        if let Some(expires) = self.date("exp")?
            && now.0 >= expires.saturating_add(LEEWAY)
        {
            return Err(IdentityError::Expired);
        }
        for begins in ["nbf", "iat"] {
            if self.date(begins)?.is_some_and(|begins| now.plus(LEEWAY).0 < begins) {
                return Err(IdentityError::NotYet);
            }
        }
        Ok(())
    }

    /// The tenant that this claim names; a number reads as its digits.
    pub(super) fn tenant(&self, claim: &str) -> Result<Tenant, IdentityError> {
        let name = match self.0.get(claim) {
            Some(Value::String(name)) => Some(name.clone()),
            Some(Value::Number(number)) => number.as_u64().map(|number| number.to_string()),
            _ => None,
        };
        name.and_then(|name| Tenant::new(name).ok())
            .ok_or_else(|| IdentityError::NoTenant { claim: claim.to_owned() })
    }

    /// Whole seconds; a fraction is cut off.
    fn date(&self, name: &str) -> Result<Option<u64>, IdentityError> {
        let malformed = IdentityError::Malformed { reason: "one of its dates is no number" };
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => {
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a date beyond the range is as far away as its end"
                )]
                let from_fraction = || number.as_f64().filter(|date| *date >= 0.0).map(|date| date as u64);
                number.as_u64().or_else(from_fraction).map(Some).ok_or(malformed)
            }
            Some(_) => Err(malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use relay_auth::UnixSeconds;
    use serde_json::{Value, json};

    use super::Claims;
    use crate::access::identity::IdentityError;

    fn claims(value: &Value) -> Claims {
        Claims::read(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn dates_have_a_minute_of_leeway_and_no_more() {
        let at = |value: Value, now| claims(&value).check_dates(UnixSeconds(now));
        assert_eq!(at(json!({"exp": 1000}), 1059), Ok(()));
        assert_eq!(at(json!({"exp": 1000}), 1060), Err(IdentityError::Expired));
        assert_eq!(at(json!({"exp": 1000.5}), 1060), Err(IdentityError::Expired));
        for begins in ["nbf", "iat"] {
            assert_eq!(at(json!({begins: 1000}), 940), Ok(()), "{begins}");
            assert_eq!(at(json!({begins: 1000}), 939), Err(IdentityError::NotYet), "{begins}");
        }
        assert_eq!(at(json!({"exp": u64::MAX, "nbf": null}), 1000), Ok(()));
    }

    #[test]
    fn a_date_that_is_no_number_is_refused_and_not_passed_over() {
        for name in ["exp", "nbf", "iat"] {
            for value in [json!("9999999999"), json!(true), json!(-1), json!([])] {
                let checked = claims(&json!({name: value})).check_dates(UnixSeconds(1000));
                assert!(matches!(checked, Err(IdentityError::Malformed { .. })), "{name} {value}");
            }
        }
    }

    #[test]
    fn an_audience_is_one_name_or_a_list_and_one_of_ours_must_be_in_it() {
        let ours = ["relay".to_owned(), "other".to_owned()];
        let fits = |value: Value| claims(&value).check_audience(&ours).is_ok();
        assert!(fits(json!({"aud": "relay"})) && fits(json!({"aud": ["x", "other"]})));
        assert!(!fits(json!({})) && !fits(json!({"aud": "rela"})) && !fits(json!({"aud": []})));
        assert!(!fits(json!({"aud": ["x", 7, null]})) && !fits(json!({"aud": {"relay": true}})));
    }

    #[test]
    fn a_tenant_is_a_text_or_a_number_and_nothing_blank() {
        let tenant = |value: Value| claims(&json!({"tid": value})).tenant("tid").map(|it| it.to_string());
        assert_eq!(tenant(json!("org:7")).as_deref(), Ok("org:7"));
        assert_eq!(tenant(json!(7)).as_deref(), Ok("7"));
        for wrong in [
            json!(""),
            json!(" "),
            json!("a\nb"),
            json!(null),
            json!(["a"]),
            json!(1.5),
            json!("x".repeat(300)),
        ] {
            assert_eq!(tenant(wrong), Err(IdentityError::NoTenant { claim: "tid".to_owned() }));
        }
    }
}
