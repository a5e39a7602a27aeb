//! Looking people up.

use aval_proto::practitioner_directory::v1 as proto;
use clap::Args;
use serde_json::{Value, json};

use super::named;
use crate::command::Session;
use crate::language::say;
use crate::output::Rows;

/// Arguments of `aval directory search`.
#[derive(Debug, Args)]
pub struct SearchArguments {
    /// Names, in any order.
    #[arg(required = true)]
    name: Vec<String>,
    /// Only this profession (`TRE_G15`), for example 10.
    #[arg(long, default_value = "")]
    profession: String,
    /// Only this speciality (`TRE_R38`), for example SM04.
    #[arg(long, default_value = "")]
    speciality: String,
    /// Only this town.
    #[arg(long, default_value = "")]
    town: String,
    /// Only this postal code, or how it begins.
    #[arg(long, default_value = "")]
    postal_code: String,
}

impl Session {
    /// Looks people up by name and place.
    pub(super) async fn search(&self, arguments: &SearchArguments) -> anyhow::Result<()> {
        let request = proto::SearchPractitionersRequest {
            name: arguments.name.join(" "),
            profession_code: arguments.profession.clone(),
            speciality_code: arguments.speciality.clone(),
            town: arguments.town.clone(),
            postal_code: arguments.postal_code.clone(),
            ..proto::SearchPractitionersRequest::default()
        };
        let portal = self.software("gateway")?;
        let answer = portal
            .directory()
            .search_practitioners(request)
            .await?
            .into_inner();
        let mut rows = Rows::new(person_columns());
        for matched in &answer.matches {
            let person = matched.practitioner.clone().unwrap_or_default();
            rows.push(person_row(&person, matched));
        }
        self.output.rows(&rows)?;
        if !answer.next_page_token.is_empty() {
            self.output.sentence(&say(
                "D'autres encore : précisez le nom, la profession ou le lieu.",
                "There are more: say more of the name, the profession or the place.",
            ))?;
        }
        Ok(())
    }

    /// Shows one person, or one structure, by number.
    pub(super) async fn show(&self, number: &str) -> anyhow::Result<()> {
        let request = proto::ResolveIdentifierRequest {
            identifier: Some(proto::Identifier {
                kind: proto::IdentifierKind::Unspecified.into(),
                value: number.to_owned(),
            }),
        };
        let portal = self.software("gateway")?;
        let answer = portal
            .directory()
            .resolve_identifier(request)
            .await?
            .into_inner();
        match answer.resolved {
            Some(proto::resolve_identifier_response::Resolved::Practitioner(person)) => {
                self.show_activities(&person)
            }
            Some(proto::resolve_identifier_response::Resolved::Organization(organization)) => {
                self.show_organization(&organization)
            }
            None => anyhow::bail!("the directory answered nobody"),
        }
    }

    fn show_organization(&self, organization: &proto::Organization) -> anyhow::Result<()> {
        let registered = organization.establishment.as_ref();
        let mut rows = Rows::new(vec![
            ("organization_id", say("structure", "organization")),
            ("name", say("nom", "name")),
            ("town", say("ville", "town")),
            ("category", say("catégorie FINESS", "FINESS category")),
            ("opened_on", say("ouverte le", "opened on")),
            ("listed", say("au FINESS", "in FINESS")),
        ]);
        rows.push(vec![
            json!(organization.organization_id),
            json!(organization.name),
            json!(organization.town),
            json!(registered.map(|site| &site.category_label)),
            json!(registered.map(|site| &site.opened_on)),
            json!(registered.map(|site| site.listed)),
        ]);
        Ok(self.output.one(&rows)?)
    }

    fn show_activities(&self, person: &proto::Practitioner) -> anyhow::Result<()> {
        let mut rows = Rows::new(vec![
            ("practitioner_id", say("professionnel", "practitioner")),
            ("name", say("nom", "name")),
            ("activity_id", say("activité", "activity")),
            ("profession", say("profession", "profession")),
            ("organization_id", say("structure", "organization")),
            ("organization", say("lieu", "place")),
            ("town", say("ville", "town")),
            ("active", say("en activité", "active")),
        ]);
        for activity in &person.activities {
            let organization = activity.organization.clone().unwrap_or_default();
            rows.push(vec![
                json!(person.practitioner_id),
                json!(named(person)),
                json!(activity.activity_id),
                json!(activity.profession_label),
                json!(organization.organization_id),
                json!(organization.name),
                json!(organization.town),
                json!(activity.active),
            ]);
        }
        self.output.rows(&rows)?;
        let labels: Vec<_> = person.qualifications.iter().map(label_of).collect();
        if labels.is_empty() {
            return Ok(());
        }
        let list = labels.join(" ; ");
        Ok(self.output.sentence(&say(
            format!("Diplômes et autorisations d'exercice : {list}"),
            format!("Diplomas and authorisations to practise: {list}"),
        ))?)
    }
}

/// What a qualification is, as far as it is published: an authorisation is mostly not
/// restricted to a discipline.
fn label_of(qualification: &proto::Qualification) -> &str {
    match qualification.label.as_str() {
        "" => &qualification.type_label,
        label => label,
    }
}

fn person_columns() -> Vec<(&'static str, crate::language::Text)> {
    vec![
        ("practitioner_id", say("professionnel", "practitioner")),
        ("name", say("nom", "name")),
        ("professions", say("profession", "profession")),
        ("specialities", say("spécialité", "speciality")),
        ("places", say("lieux", "places")),
        ("homonym", say("homonyme", "homonym")),
        ("near", say("à une faute près", "a slip away")),
    ]
}

fn person_row(person: &proto::Practitioner, matched: &proto::PractitionerMatch) -> Vec<Value> {
    let mut professions: Vec<_> = person
        .activities
        .iter()
        .map(|activity| activity.profession_label.as_str())
        .collect();
    professions.dedup();
    let skills = person
        .activities
        .iter()
        .flat_map(|activity| &activity.skills);
    let mut specialities: Vec<_> = skills.map(|skill| skill.label.as_str()).collect();
    specialities.dedup();
    let places = person
        .activities
        .iter()
        .filter_map(|activity| activity.organization.as_ref());
    let places: Vec<_> = places
        .map(|organization| format!("{} ({})", organization.name, organization.town))
        .collect();
    vec![
        json!(person.practitioner_id),
        json!(named(person)),
        json!(professions),
        json!(specialities),
        json!(places),
        json!(matched.homonym),
        json!(matched.near),
    ]
}
