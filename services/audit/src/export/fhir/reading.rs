//! What a resource carries as evidence, and where two differ.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::EXTENSIONS;

/// The bytes in one of our extensions.
pub(in crate::export) fn extension(resource: &Value, name: &str) -> Option<Vec<u8>> {
    let url = format!("{EXTENSIONS}/{name}");
    let mut extensions = resource["extension"].as_array()?.iter();
    let extension = extensions.find(|extension| extension["url"] == *url)?;
    let bytes = extension["valueBase64Binary"].as_str()?;
    STANDARD.decode(bytes).ok()
}

/// The path of the first member in which two values differ.
pub(in crate::export) fn differing(one: &Value, other: &Value) -> Option<String> {
    let below = |name: String, one: &Value, other: &Value| {
        let below = differing(one, other)?;
        let is_inside = !below.is_empty() && !below.starts_with('[');
        let dot = if is_inside { "." } else { "" };
        Some(format!("{name}{dot}{below}"))
    };
    match (one, other) {
        _ if one == other => None,
        (Value::Object(members), Value::Object(others)) => {
            let names = others.keys().chain(members.keys());
            let mut found =
                names.map(|name| below(name.escape_debug().to_string(), &one[name], &other[name]));
            found.find_map(|found| found)
        }
        (Value::Array(elements), Value::Array(others)) if elements.len() == others.len() => {
            let places = elements.iter().zip(others).enumerate();
            let mut found =
                places.map(|(place, (one, other))| below(format!("[{place}]"), one, other));
            found.find_map(|found| found)
        }
        _ => Some(String::new()),
    }
}
