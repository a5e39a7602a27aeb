//! Alerts, and what each must have beside it: a severity, a sentence for people, a place
//! in the runbook, and a test of either kind.

use serde_json::Value;

/// The severities that there are.
const SEVERITIES: &[&str] = &["critical", "warning"];

/// A rule that calls somebody.
pub(super) struct Alert<'a> {
    pub(super) name: &'a str,
    pub(super) expression: &'a str,
    severity: &'a str,
    summary: &'a str,
    runbook: &'a str,
}

/// The alerts of these files of rules.
pub(super) fn of(rules: &[Value]) -> impl Iterator<Item = Alert<'_>> {
    let groups = rules.iter().flat_map(|file| list(&file["groups"]));
    groups
        .flat_map(|group| list(&group["rules"]))
        .map(|rule| Alert {
            name: rule["alert"].as_str().unwrap_or_default(),
            expression: rule["expr"].as_str().unwrap_or_default(),
            severity: rule["labels"]["severity"].as_str().unwrap_or_default(),
            summary: rule["annotations"]["summary"].as_str().unwrap_or_default(),
            runbook: rule["annotations"]["runbook"].as_str().unwrap_or_default(),
        })
}

/// One finding for each thing that an alert lacks.
pub(super) fn findings(rules: &[Value], tests: &[Value], runbook: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for alert in of(rules) {
        let name = alert.name;
        let mut lacks = |what: &str| findings.push(format!("alert {name}: {what}"));
        if !SEVERITIES.contains(&alert.severity) {
            lacks("its severity is neither critical nor warning");
        }
        if alert.summary.is_empty() {
            lacks("no summary says what it means");
        }
        let anchor = format!("docs/runbook.md#{}", name.to_lowercase());
        let has_heading = runbook.lines().any(|line| {
            let heading = line.trim_start_matches('#');
            heading.len() < line.len() && heading.trim() == name
        });
        if alert.runbook != anchor || !has_heading {
            lacks("docs/runbook.md has no place of its name, or the alert leads elsewhere");
        }
        let outcomes: Vec<bool> = outcomes(tests, name).collect();
        if !outcomes.contains(&true) {
            lacks("no test in which it fires");
        }
        if !outcomes.contains(&false) {
            lacks("no test in which it is silent");
        }
    }
    findings
}

/// Of each test of this alert: whether it is to fire.
fn outcomes<'a>(tests: &'a [Value], name: &'a str) -> impl Iterator<Item = bool> + 'a {
    let selector = format!("ALERTS{{alertname=\"{name}\",alertstate=\"firing\"}}");
    let cases = tests.iter().flat_map(|file| list(&file["tests"]));
    let asked = cases.flat_map(|case| list(&case["promql_expr_test"]));
    asked
        .filter(move |asked| {
            let text = asked["expr"].as_str();
            text.is_some_and(|text| text.contains(&selector))
        })
        .map(|asked| list(&asked["exp_samples"]).next().is_some())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rules() -> Vec<Value> {
        vec![json!({"groups": [{"rules": [{
            "alert": "Gone",
            "expr": "up == 0",
            "labels": {"severity": "critical"},
            "annotations": {"summary": "Nobody gets in.", "runbook": "docs/runbook.md#gone"},
        }]}]})]
    }

    fn test_of(name: &str, samples: &Value) -> Value {
        let expr = format!("count(ALERTS{{alertname=\"{name}\",alertstate=\"firing\"}})");
        json!({"tests": [{"promql_expr_test": [{"expr": expr, "exp_samples": samples}]}]})
    }

    fn tests() -> Vec<Value> {
        let fires = json!([{"labels": "{}", "value": 1}]);
        vec![test_of("Gone", &fires), test_of("Gone", &json!([]))]
    }

    #[test]
    fn an_alert_with_everything_is_no_finding() {
        let none = Vec::<String>::new();
        assert_eq!(findings(&rules(), &tests(), "### Gone\n"), none);
    }

    #[test]
    fn an_alert_of_which_nothing_is_said_is_found_for_each_thing() {
        let found = findings(&rules(), &[], "Gone\n### Gone away\n");
        assert_eq!(
            found,
            [
                "alert Gone: docs/runbook.md has no place of its name, or the alert leads elsewhere",
                "alert Gone: no test in which it fires",
                "alert Gone: no test in which it is silent",
            ]
        );
        let bare = vec![json!({"groups": [{"rules": [{"alert": "Gone"}]}]})];
        assert_eq!(findings(&bare, &tests(), "### Gone\n").len(), 3);
    }

    #[test]
    fn a_test_of_another_alert_counts_for_nothing() {
        let others = [
            test_of("GoneToo", &json!([{}])),
            test_of("GoneToo", &json!([])),
        ];
        assert_eq!(findings(&rules(), &others, "## Gone").len(), 2);
    }
}
