//! Routes of others on the connector's listener: a front's webhooks, an operator's pages.

use axum::Router;
use axum::extract::Request;
use hyper::StatusCode;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultOnFailure, TraceLayer};
use tracing::Level;

use crate::Limits;

/// What every front's routes are mounted below, followed by its platform.
pub(crate) const FRONTS: &str = "/front";

/// The paths of the contract, and all below it.
const CONTRACT: &str = "/relay";

/// Why routes cannot be mounted at a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MountError {
    /// It is no path, or the root.
    #[error(
        "`{0}` is no path to mount routes at; it must begin with a slash, name something, and hold neither \
         `?`, `#`, braces nor blanks"
    )]
    Path(String),
    /// It is the contract's.
    #[error("`{0}` belongs to the routes of the relay protocol; mount yours at another path")]
    Reserved(String),
    /// Something is mounted there already.
    #[error("two routers are mounted at `{0}`; merge them, or move one to another path")]
    Twice(String),
}

/// A router and where it is mounted.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    /// Below the base path, without a slash at its end.
    pub(crate) path: String,
    router: Router,
}

impl Mount {
    pub(crate) fn new(path: &str, router: Router) -> Result<Self, MountError> {
        let trimmed = path.trim_end_matches('/');
        if trimmed.is_empty() || !is_path(trimmed) {
            return Err(MountError::Path(path.to_owned()));
        }
        if is_below(trimmed, CONTRACT) {
            return Err(MountError::Reserved(path.to_owned()));
        }
        Ok(Self { path: trimmed.to_owned(), router })
    }

    /// Refuses two of one path.
    pub(crate) fn check_distinct(mounts: &[Self]) -> Result<(), MountError> {
        for (index, mount) in mounts.iter().enumerate() {
            if mounts[..index].iter().any(|other| other.path == mount.path) {
                return Err(MountError::Twice(mount.path.clone()));
            }
        }
        Ok(())
    }

    /// Puts the router, within the connector's bounds, into another one.
    pub(crate) fn into(self, router: Router, base_path: &str, limits: &Limits) -> Router {
        let Self { path, router: mounted } = self;
        let mount = path.clone();
        // The rest of the path, the query and the headers stay out: platforms prove themselves by secrets in them.
        let span =
            move |request: &Request| tracing::debug_span!("request", mount, method = %request.method());
        let trace = TraceLayer::new_for_http()
            .make_span_with(span)
            .on_failure(DefaultOnFailure::new().level(Level::WARN));
        let bounded = mounted
            .layer(RequestBodyLimitLayer::new(limits.mounted_body))
            .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, limits.mounted))
            .layer(trace);
        router.nest(&format!("{base_path}{path}"), bounded)
    }
}

/// Whether this can stand in a route as it is.
pub(crate) fn is_path(path: &str) -> bool {
    path.starts_with('/') && !path.contains(|c: char| matches!(c, '?' | '#' | '{' | '}') || c.is_whitespace())
}

/// Whether a path is this one or one below it.
pub(crate) fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use axum::Router;

    use super::{Mount, MountError, is_below};

    fn mount(path: &str) -> Result<Mount, MountError> {
        Mount::new(path, Router::new())
    }

    #[test]
    fn a_mount_is_a_path_that_is_not_the_contracts() {
        assert!(mount("/front/sms").is_ok() && mount("/pages/").is_ok() && mount("/relayed").is_ok());
        for wrong in ["", "/", "pages", "/a b", "/a?b", "/{id}"] {
            assert_eq!(mount(wrong).err(), Some(MountError::Path(wrong.to_owned())));
        }
        for taken in ["/relay", "/relay/", "/relay/media"] {
            assert_eq!(mount(taken).err(), Some(MountError::Reserved(taken.to_owned())));
        }
    }

    #[test]
    fn two_of_one_path_are_refused_and_one_below_another_is_none_of_them() {
        let all = |paths: [&str; 2]| Mount::check_distinct(&paths.map(|path| mount(path).unwrap()));
        assert_eq!(all(["/a", "/a/"]), Err(MountError::Twice("/a".to_owned())));
        assert_eq!(all(["/a", "/a/b"]), Ok(()));
    }

    #[test]
    fn a_mount_serves_itself_and_what_is_below_it() {
        for (path, served) in [
            ("/front/sms", true),
            ("/front/sms/", true),
            ("/front/sms/a/b", true),
            ("/front/smsx", false),
            ("/front", false),
            ("/", false),
        ] {
            assert_eq!(is_below(path, "/front/sms"), served, "{path}");
        }
    }
}
