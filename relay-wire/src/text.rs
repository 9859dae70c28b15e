//! What several fields share in reading their text.

/// An optional field, where an empty string means the same as an absent one.
pub(crate) fn non_empty(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}
