//! Text on the wire: borrowed from the line it came in when JSON escapes allow, owned otherwise.

use std::borrow::Cow;

/// A string field of a frame.
pub type Text<'a> = Cow<'a, str>;

/// Detaches a field from the line it was read from.
pub(crate) fn owned(text: Text<'_>) -> Text<'static> {
    Cow::Owned(text.into_owned())
}

/// Detaches an optional field from the line it was read from.
pub(crate) fn owned_opt(text: Option<Text<'_>>) -> Option<Text<'static>> {
    text.map(owned)
}

/// An optional field, where an empty string means the same as an absent one.
pub(crate) fn non_empty<'t>(text: Option<&'t Text<'_>>) -> Option<&'t str> {
    text.map(AsRef::as_ref).filter(|text| !text.is_empty())
}
