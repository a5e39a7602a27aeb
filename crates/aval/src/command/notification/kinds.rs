//! Which kinds of notifications somebody is told of.

use std::str::FromStr;

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::NotificationKind;
use serde_json::json;

use crate::command::Session;
use crate::command::person::{EitherArguments, SignedIn};
use crate::demo::request_id;
use crate::language::say;
use crate::output::Rows;

const PREFIX: &str = "NOTIFICATION_KIND_";

/// A kind typed as its name in the contract, or with hyphens, for example `unusual-access`.
#[derive(Debug, Clone, Copy)]
pub struct KindArgument(NotificationKind);

impl FromStr for KindArgument {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let name = typed.replace('-', "_").to_uppercase();
        let kind = NotificationKind::from_str_name(&format!("{PREFIX}{name}"));
        let kind = kind.filter(|kind| all().any(|known| known == *kind));
        kind.map(Self).ok_or_else(|| {
            let known: Vec<_> = all().map(name_of).collect();
            format!("one of: {}", known.join(" "))
        })
    }
}

/// Every kind, in the order of the contract.
fn all() -> impl Iterator<Item = NotificationKind> {
    (1..).map_while(|number| NotificationKind::try_from(number).ok())
}

fn name_of(kind: NotificationKind) -> String {
    let name = kind.as_str_name().trim_start_matches(PREFIX);
    name.to_lowercase().replace('_', "-")
}

/// Of which nobody is told who did not ask.
const fn is_told_on_demand(kind: NotificationKind) -> bool {
    matches!(kind, NotificationKind::UnusualAccess)
}

fn is_told(preferences: &proto::NotificationPreferences, kind: NotificationKind) -> bool {
    if is_told_on_demand(kind) {
        preferences.wanted_kinds.contains(&kind.into())
    } else {
        !preferences.muted_kinds.contains(&kind.into())
    }
}

impl Session {
    /// Shows of which kinds somebody is told.
    pub(super) async fn notification_preferences(
        &self,
        who: &EitherArguments,
    ) -> anyhow::Result<()> {
        let person = self.either(who).await?;
        self.show_preferences(&preferences_of(&person).await?)
    }

    /// Has somebody told of these kinds from now on, or not any more.
    pub(super) async fn notification_choose(
        &self,
        kinds: &[KindArgument],
        told: bool,
        who: &EitherArguments,
    ) -> anyhow::Result<()> {
        let person = self.either(who).await?;
        let mut preferences = preferences_of(&person).await?;
        for KindArgument(kind) in kinds {
            let number = i32::from(*kind);
            let (listed, is_listed) = if is_told_on_demand(*kind) {
                (&mut preferences.wanted_kinds, told)
            } else {
                (&mut preferences.muted_kinds, !told)
            };
            listed.retain(|other| *other != number);
            listed.extend(is_listed.then_some(number));
        }
        let request = proto::SetNotificationPreferencesRequest {
            preferences: Some(preferences),
            request_id: request_id(),
        };
        let mut client = person.software.notifications();
        let request = person.bearer.asks(request);
        let chosen = client.set_notification_preferences(request).await?;
        self.show_preferences(&chosen.into_inner().preferences.unwrap_or_default())
    }

    fn show_preferences(&self, preferences: &proto::NotificationPreferences) -> anyhow::Result<()> {
        let mut rows = Rows::new(vec![
            ("kind", say("sorte", "kind")),
            ("told", say("annoncée", "told")),
        ]);
        for kind in all() {
            rows.push(vec![
                json!(name_of(kind)),
                json!(is_told(preferences, kind)),
            ]);
        }
        Ok(self.output.rows(&rows)?)
    }
}

async fn preferences_of(person: &SignedIn) -> anyhow::Result<proto::NotificationPreferences> {
    let request = proto::GetNotificationPreferencesRequest {};
    let mut client = person.software.notifications();
    let request = person.bearer.asks(request);
    let answer = client.get_notification_preferences(request).await?;
    Ok(answer.into_inner().preferences.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_typed_as_it_is_named_and_no_other_is_known() {
        for typed in ["unusual-access", "UNUSUAL_ACCESS", "Unusual-Access"] {
            let KindArgument(kind) = typed.parse().unwrap();
            assert_eq!(kind, NotificationKind::UnusualAccess);
        }
        for kind in all() {
            assert_eq!(name_of(kind).parse::<KindArgument>().unwrap().0, kind);
        }
        for typed in ["", "unspecified", "everything"] {
            let refused = typed.parse::<KindArgument>().unwrap_err();
            assert!(refused.contains("first-access"), "{refused}");
        }
    }

    #[test]
    fn what_is_told_on_demand_is_not_told_by_itself() {
        let mut preferences = proto::NotificationPreferences::default();
        let told = |preferences: &_| all().filter(|kind| is_told(preferences, *kind)).count();
        let kinds = all().count();
        assert_eq!(told(&preferences), kinds - 1);
        preferences.wanted_kinds = vec![NotificationKind::UnusualAccess.into()];
        preferences.muted_kinds = vec![NotificationKind::FirstAccess.into()];
        assert_eq!(told(&preferences), kinds - 1);
        assert!(is_told(&preferences, NotificationKind::UnusualAccess));
    }
}
