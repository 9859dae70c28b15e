//! The fields of an answer, in which null means the same as absent.

use relay_net::{HttpError, HttpResponse};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The fields that are not null.
pub(super) fn fields(response: &HttpResponse) -> Result<Map<String, Value>, HttpError> {
    let fields = serde_json::from_slice(response.body());
    let mut fields: Map<String, Value> = fields.map_err(|_| response.not_json("it is no JSON object"))?;
    fields.retain(|_, value| !value.is_null());
    Ok(fields)
}

/// Reads fields that came with this answer. The parser's message is not repeated: it may quote the body.
pub(super) fn read<T: DeserializeOwned>(
    response: &HttpResponse,
    fields: Map<String, Value>,
) -> Result<T, HttpError> {
    serde_json::from_value(Value::Object(fields))
        .map_err(|_| response.not_json("a field is missing or of the wrong type"))
}
