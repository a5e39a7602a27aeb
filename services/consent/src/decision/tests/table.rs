//! `docs/decisions.md` says what the rules say.

use std::fmt::Write as _;
use std::path::Path;

use aval_domain::access::{DenialReason, GroundKind};

use crate::decision::{AuthorizationStatus, Consequence, RULES_REVISION, Rule, RuleOutcome, rules};

const RENEW: &str = "AVAL_RENEW_DOCS";

const HEAD: &str = "\
# How a decision is made

Every access is decided by one pure function, `decide(question, basis, policy, now)` in
`services/consent/src/decision.rs`. It asks the questions below in this order. **Yes**
means what stands beside it; **no** means that the next one is asked. A denial ends the
walk at once. A permission does not: the questions about documents are still asked, and a
permission holds for the documents that are left. Nothing permits by default.

Several authorisations add up: the decision names the first that covers something of what
it permits. `Explain` prints this walk for one question, each rule with its sentence.
";

const AFTER_ORDER: &str = "
A professional is told of the last three rules as one, `documents`, so that a class that
was not granted, the matrix and a mask look alike.
";

const WORDS: &str = "
## What a user reads of an authorisation

Lists of grants, `PreviewAccess` and `Explain` say in one of the four words of the shared
record where a patient's authorisation of somebody stands. It is told from what a decision
rests on, and speaks of grants, declarations and blocks alone.

| word | when | what a check says where nothing else opens the record |
|---|---|---|
";

const POLICY: &str = "
## What the operator sets

| setting | what it does | default |
|---|---|---|
| `policy.matrix` | which profession, or function of one, may consult which class or type of document; what it does not permit is denied. A matrix that an operator loads takes its place | none: nobody is permitted anything by it |
| `policy.example_matrix` | whether the example, whose cells are made up, is used where there is no matrix; for development | `false` |
| `policy.block_beats_break_glass` | whether a block also refuses a broken glass: the texts leave it open | `true` |
| `policy.emergency_shows_masked` | whether an emergency shows what the patient masked: the texts at hand do not say | `false` |

";

const PROOF: &str = "
## How it is shown

`services/consent/src/decision/tests` holds the function against a second evaluator,
written from the sentences of the law and not from the rules: effect, reason and permitted
documents, in 20,000 random worlds at each run of the tests. The run fails unless these
worlds met every reason, every ground, and both answers of every rule. More of them:
`AVAL_DECISION_WORLDS=1000000 cargo xtask test -- -p aval-consent -E 'test(differential)'`.
In other worlds: what a patient takes back, shuts out or hides never opens anything; what
`Explain` tells a patient to be missing would permit, and none of it can be left out.
";

#[test]
fn the_decision_table_in_docs_is_what_the_rules_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/decisions.md");
    let expected = table();
    if std::env::var_os(RENEW).is_some() {
        std::fs::write(&file, &expected).expect("docs/decisions.md can be written");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == expected,
        "docs/decisions.md is stale. Renew it: {RENEW}=1 cargo xtask test -- -p aval-consent \
         -E 'test(decision_table)'"
    );
}

fn table() -> String {
    let mut page = String::from(HEAD);
    page.push_str("\nGenerated from the rules by a test; not to be edited by hand. ");
    let _ = writeln!(page, "Revision of the rules: {RULES_REVISION}.");
    page.push_str("\n## The rules, in order\n\n");
    page.push_str("| | rule | it asks | if so | rests on |\n|---|---|---|---|---|\n");
    for (number, rule) in numbered() {
        let Rule {
            name,
            asks,
            legal_ground,
            ..
        } = rule;
        let then = consequence(rule);
        let _ = writeln!(
            page,
            "| {number} | `{name}` | {asks} | {then} | {legal_ground} |"
        );
    }
    page.push_str(AFTER_ORDER);
    sentences(&mut page, "What they say, in French", |rule, outcome| {
        rule.sentence(outcome).fr
    });
    sentences(&mut page, "What they say, in English", |rule, outcome| {
        rule.sentence(outcome).en
    });
    reasons(&mut page);
    words(&mut page);
    page.push_str(POLICY);
    page.push_str(
        "Every decision names the revision of rules, switches and matrix that decided; it ends\n\
         with `+example` while the example matrix is in use, and with `/empty` while there is none.\n",
    );
    page.push_str(PROOF);
    page
}

fn sentences(page: &mut String, title: &str, of: fn(&Rule, RuleOutcome) -> &'static str) {
    let _ = write!(
        page,
        "\n## {title}\n\n| | rule | yes | no |\n|---|---|---|---|\n"
    );
    let documents = (String::new(), &rules::DOCUMENTS);
    for (number, rule) in numbered().chain([documents]) {
        let yes = match rule.consequence {
            Consequence::Permits(_) => RuleOutcome::Permits,
            Consequence::Denies(_) => RuleOutcome::Denies,
        };
        let (yes, no) = (of(rule, yes), of(rule, RuleOutcome::NotApplicable));
        let _ = writeln!(page, "| {number} | `{}` | {yes} | {no} |", rule.name);
    }
}

fn reasons(page: &mut String) {
    page.push_str("\n## From an answer to its rules\n\n| answer | rules |\n|---|---|\n");
    let denials = DenialReason::ALL
        .iter()
        .map(|reason| Consequence::Denies(*reason));
    let permits = GroundKind::ALL
        .iter()
        .map(|kind| Consequence::Permits(*kind));
    for answer in denials.chain(permits) {
        let of_answer = numbered().filter(|(_, rule)| rule.consequence == answer);
        let names: Vec<_> = of_answer
            .map(|(_, rule)| format!("`{}`", rule.name))
            .collect();
        assert!(!names.is_empty(), "no rule gives {answer:?}");
        let _ = writeln!(page, "| {} | {} |", in_words(answer), names.join(", "));
    }
}

fn words(page: &mut String) {
    page.push_str(WORDS);
    for status in AuthorizationStatus::ALL {
        let (when, check) = match status {
            AuthorizationStatus::Absent => (
                "nothing was given, or it was revoked or is yet to begin",
                "`NO_GRANT`, `GRANT_NOT_YET_ACTIVE`",
            ),
            AuthorizationStatus::Forbidden => ("a block holds, whatever was given", "`BLOCKED`"),
            AuthorizationStatus::Expired => ("what was given is over", "`GRANT_EXPIRED`"),
            AuthorizationStatus::Valid => (
                "something that was given is in force",
                "a permission, or `NOTHING_PERMITTED`",
            ),
        };
        let _ = writeln!(page, "| `{}` | {when} | {check} |", status.code());
    }
}

fn numbered() -> impl Iterator<Item = (String, &'static Rule)> {
    let rules = rules::IN_ORDER.iter().enumerate();
    rules.map(|(index, rule)| ((index + 1).to_string(), *rule))
}

fn consequence(rule: &Rule) -> String {
    in_words(rule.consequence)
}

fn in_words(consequence: Consequence) -> String {
    match consequence {
        Consequence::Permits(kind) => format!("permit: `{}`", kind.code()),
        Consequence::Denies(reason) => format!("**deny**: `{}`", reason.code()),
    }
}
