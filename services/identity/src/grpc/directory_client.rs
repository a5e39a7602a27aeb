//! The practitioner directory, asked over gRPC under this service's own certificate.

mod changes;

use aval_domain::code::{Function, Profession, Sector, Speciality};
use aval_domain::id::PractitionerId;
use aval_domain::id_nat_ps::IdNatPs;
use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::IdentifierKind;
use aval_proto::practitioner_directory::v1::directory_service_client::DirectoryServiceClient;
use aval_proto::practitioner_directory::v1::resolve_identifier_response::Resolved;
use aval_runtime::channel::Channel;
use aval_runtime::token::ActivityClaims;
use futures::future::BoxFuture;
use tonic::{Code, Status};

use crate::directory::{
    ActivityChoice, Directory, DirectoryActivity, DirectoryChanges, DirectoryPractitioner,
    DirectoryUnavailable, NotFollowed,
};

/// The directory behind a channel.
#[derive(Debug, Clone)]
pub struct DirectoryClient {
    client: DirectoryServiceClient<Channel>,
}

/// The kind of a skill that is a speciality.
const SPECIALITY: &str = "S";

impl DirectoryClient {
    /// Asks over this channel.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self {
            client: DirectoryServiceClient::new(channel),
        }
    }

    async fn resolve(
        &self,
        identifier: &IdNatPs,
    ) -> Result<Option<DirectoryPractitioner>, DirectoryUnavailable> {
        let request = proto::ResolveIdentifierRequest {
            identifier: Some(identifier_of(identifier)),
        };
        let answer = match self.client.clone().resolve_identifier(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return nobody_or_no_answer(&status),
        };
        match answer.resolved {
            Some(Resolved::Practitioner(practitioner)) => practitioner_of(&practitioner).map(Some),
            // A structure is not somebody who signs in.
            Some(Resolved::Organization(_)) => Ok(None),
            None => Err(DirectoryUnavailable),
        }
    }

    async fn get(
        &self,
        practitioner_id: PractitionerId,
    ) -> Result<Option<DirectoryPractitioner>, DirectoryUnavailable> {
        let request = proto::GetPractitionerRequest {
            practitioner_id: practitioner_id.to_string(),
        };
        let answer = match self.client.clone().get_practitioner(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return nobody_or_no_answer(&status),
        };
        let practitioner = answer.practitioner.ok_or(DirectoryUnavailable)?;
        practitioner_of(&practitioner).map(Some)
    }
}

impl Directory for DirectoryClient {
    fn practitioner_by_id(
        &self,
        practitioner_id: PractitionerId,
    ) -> BoxFuture<'_, Result<Option<DirectoryPractitioner>, DirectoryUnavailable>> {
        Box::pin(self.get(practitioner_id))
    }

    fn practitioner<'a>(
        &'a self,
        identifier: &'a IdNatPs,
    ) -> BoxFuture<'a, Result<Option<DirectoryPractitioner>, DirectoryUnavailable>> {
        Box::pin(self.resolve(identifier))
    }

    fn changes(
        &self,
        after: Option<String>,
    ) -> BoxFuture<'_, Result<DirectoryChanges, NotFollowed>> {
        Box::pin(changes::watch(
            self.client.clone(),
            after.unwrap_or_default(),
        ))
    }
}

fn identifier_of(identifier: &IdNatPs) -> proto::Identifier {
    let (kind, value) = match identifier {
        IdNatPs::Rpps(rpps) => (IdentifierKind::Rpps, rpps.to_string()),
        IdNatPs::Adeli(adeli) => (IdentifierKind::Adeli, adeli.to_string()),
        other => (IdentifierKind::Idnps, other.to_string()),
    };
    proto::Identifier {
        kind: kind.into(),
        value,
    }
}

/// Nobody is known under the number, or nothing was learnt.
fn nobody_or_no_answer<T>(status: &Status) -> Result<Option<T>, DirectoryUnavailable> {
    match status.code() {
        Code::NotFound => Ok(None),
        // Two people under one national number: neither is taken by guess.
        Code::FailedPrecondition => {
            tracing::error!("the directory knows several people under one national number");
            Ok(None)
        }
        code => {
            tracing::warn!(rpc.grpc.status_code = ?code, "the directory was not asked");
            Err(DirectoryUnavailable)
        }
    }
}

fn practitioner_of(
    practitioner: &proto::Practitioner,
) -> Result<DirectoryPractitioner, DirectoryUnavailable> {
    let names = [
        &practitioner.civility,
        &practitioner.given_name,
        &practitioner.family_name,
    ];
    let names: Vec<&str> = names
        .into_iter()
        .map(String::as_str)
        .filter(|name| !name.is_empty())
        .collect();
    let activities = practitioner
        .activities
        .iter()
        .filter(|activity| activity.active);
    Ok(DirectoryPractitioner {
        practitioner_id: parsed(&practitioner.practitioner_id)?,
        display_name: names.join(" "),
        active: practitioner.active,
        activities: activities
            .filter_map(|one| activity_of(one).transpose())
            .collect::<Result<_, _>>()?,
    })
}

/// A practice situation; `None` in a profession that no rule knows, which permits
/// nothing.
fn activity_of(
    activity: &proto::Activity,
) -> Result<Option<DirectoryActivity>, DirectoryUnavailable> {
    let Some(profession) = Profession::from_code(&activity.profession_code) else {
        return Ok(None);
    };
    let place = activity.organization.as_ref();
    let skill = activity
        .skills
        .iter()
        .find(|skill| skill.type_code == SPECIALITY);
    let name = place.map(|place| place.name.clone()).unwrap_or_default();
    let organization_id = place
        .map(|place| parsed(&place.organization_id))
        .transpose()?;
    let numbers = place
        .map_or(&[][..], |place| place.identifiers.as_slice())
        .iter();
    Ok(Some(DirectoryActivity {
        claims: ActivityClaims {
            activity_id: parsed(&activity.activity_id)?,
            profession,
            speciality: skill.and_then(|skill| Speciality::parse(&skill.code).ok()),
            function: Function::parse(&activity.function_code).ok(),
            organization_id,
            organization_name: Some(name.clone()).filter(|name| !name.is_empty()),
            sector: Sector::parse(&activity.sector_code).ok(),
            regulation_access: false,
        },
        place_numbers: numbers
            .filter(|number| names_a_site(number.kind()))
            .map(|number| number.value.clone())
            .collect(),
        choice: ActivityChoice {
            activity_id: activity.activity_id.clone(),
            profession_label: activity.profession_label.clone(),
            speciality_label: skill.map(|skill| skill.label.clone()).unwrap_or_default(),
            organization_name: name,
            town: place.map(|place| place.town.clone()).unwrap_or_default(),
        },
    }))
}

/// Whether a number is a place's own. The legal entity's is shared by all of its sites.
const fn names_a_site(kind: IdentifierKind) -> bool {
    matches!(
        kind,
        IdentifierKind::Finess | IdentifierKind::Siret | IdentifierKind::Technical
    )
}

/// An identifier that the directory made; another form is none of its answers.
fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, DirectoryUnavailable> {
    text.parse().map_err(|_| {
        tracing::error!("the directory's answer holds a malformed identifier");
        DirectoryUnavailable
    })
}
