//! The keys that a sample of a configuration documents. A service's own tests hold its
//! sample against everything that its program knows.

use std::collections::BTreeSet;

/// The dotted keys in the text of a sample, sections among them, commented out or not:
/// `# key = …`, `# [section]`, `# [section] as [another]`.
pub(super) fn keys(sample: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    // What is commented out may stand below a heading that is; anything else may not.
    let (mut section, mut nearest) = ("", "");
    for line in sample.lines() {
        let comment = line.strip_prefix("# ");
        let text = comment.unwrap_or(line);
        if let Some((name, rest)) = heading(text) {
            if let Some((other, _)) = rest.strip_prefix(" as ").and_then(heading) {
                keys.extend(as_in(&keys, name, other));
            } else if comment.is_none() {
                (section, nearest) = (name, name);
            } else if rest.is_empty() {
                nearest = name;
            } else {
                // A sentence that begins with the name of a section.
                continue;
            }
            keys.insert(name.to_owned());
        } else if let Some((key, _)) = text.split_once(" =").filter(|(key, _)| is_name(key)) {
            if comment.is_none() {
                nearest = section;
            }
            keys.insert(below(nearest, key));
        }
    }
    keys
}

/// The keys of one section, as those of another.
fn as_in(keys: &BTreeSet<String>, section: &str, other: &str) -> Vec<String> {
    let inner = keys
        .iter()
        .filter_map(|key| key.strip_prefix(other)?.strip_prefix('.'));
    inner.map(|key| below(section, key)).collect()
}

/// The section that a line begins, and the rest of the line.
fn heading(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix('[')?.split_once(']')?;
    name.split('.').all(is_name).then_some((name, rest))
}

fn is_name(text: &str) -> bool {
    let of_a_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !text.is_empty() && text.bytes().all(of_a_name)
}

fn below(section: &str, key: &str) -> String {
    if section.is_empty() {
        return key.to_owned();
    }
    format!("{section}.{key}")
}
