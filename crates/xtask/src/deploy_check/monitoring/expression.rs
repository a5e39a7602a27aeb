//! The names that a `PromQL` expression speaks of, without the whole of its grammar.

use std::collections::BTreeSet;

/// Words of the language, beside its functions, which an open parenthesis follows.
const WORDS: &[&str] = &["and", "or", "unless", "offset", "bool", "inf", "nan"];

/// Words that a list of labels follows.
const BEFORE_LABELS: &[&str] = &[
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];

/// What an expression names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// Names of series.
    pub(super) metrics: BTreeSet<String>,
    /// Names of labels.
    pub(super) labels: BTreeSet<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Selector,
    Labels,
    Range,
}

impl Named {
    /// What this expression names.
    pub(super) fn by(expression: &str) -> Self {
        let mut named = Self::default();
        let mut inside = Inside::Nothing;
        let mut labels_follow = false;
        let mut rest = expression;
        while let Some(first) = rest.chars().next() {
            if first == '"' {
                rest = after_quotes(rest);
                continue;
            }
            let length = word_length(rest).unwrap_or(first.len_utf8());
            let (token, after) = rest.split_at(length);
            rest = after;
            match token {
                "{" => inside = Inside::Selector,
                "[" => inside = Inside::Range,
                "(" if labels_follow => inside = Inside::Labels,
                "}" | "]" | ")" => inside = Inside::Nothing,
                _ if is_name(token) => match inside {
                    Inside::Range => {}
                    Inside::Selector | Inside::Labels => {
                        named.labels.insert(token.to_owned());
                    }
                    Inside::Nothing => {
                        if BEFORE_LABELS.contains(&token) {
                            labels_follow = true;
                            continue;
                        }
                        let is_function = after.trim_start().starts_with('(');
                        if !is_function && !is_aggregation(token, after) && !WORDS.contains(&token)
                        {
                            named.metrics.insert(token.to_owned());
                        }
                    }
                },
                _ => {}
            }
            if !token.trim().is_empty() {
                labels_follow = false;
            }
        }
        named
    }
}

/// `sum by (job) (…)`: the word stands before its labels.
fn is_aggregation(token: &str, after: &str) -> bool {
    let next: String = after
        .trim_start()
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect();
    !WORDS.contains(&token) && (next == "by" || next == "without")
}

/// A name, a number or a duration: whatever is written together.
fn word_length(text: &str) -> Option<usize> {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '$');
    let length = text.find(|c| !is_of_word(c)).unwrap_or(text.len());
    (length > 0).then_some(length)
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

fn after_quotes(text: &str) -> &str {
    let mut escaped = false;
    for (place, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return &text[place + 1..],
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::Named;

    fn named(expression: &str) -> (Vec<String>, Vec<String>) {
        let Named { metrics, labels } = Named::by(expression);
        (metrics.into_iter().collect(), labels.into_iter().collect())
    }

    #[test]
    fn series_and_labels_are_told_from_functions_words_numbers_and_values() {
        let (metrics, labels) = named(
            "histogram_quantile(0.99, sum by (job, le) (rate(a_bucket{m!~\".*/(W.*|\\\"x)\"}[5m]))) \
             > 2.5 and on (instance) b_total offset 15m unless up{job=\"c\"} == 1e3",
        );
        assert_eq!(metrics, ["a_bucket", "b_total", "up"]);
        assert_eq!(labels, ["instance", "job", "le", "m"]);
    }

    #[test]
    fn variables_of_dashboards_are_no_names() {
        let (metrics, labels) =
            named("sum(rate(a{job=~\"$job\"}[$__rate_interval])) without (pod)");
        assert_eq!(metrics, ["a"]);
        assert_eq!(labels, ["job", "pod"]);
    }
}
