//! The practitioner directory, asked over gRPC under this service's own certificate.

use std::collections::HashSet;

use aval_domain::code::{Function, Profession};
use aval_domain::id::{OrganizationId, PractitionerId};
use aval_domain::rpps::Rpps;
use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::directory_service_client::DirectoryServiceClient;
use aval_proto::practitioner_directory::v1::resolve_identifier_response::Resolved;
use aval_runtime::channel::Channel;
use tonic::{Code, Response, Status};

use crate::directory::{Directory, KnownActivity, KnownOrganization, KnownPractitioner};
use crate::error::Error;
use crate::grantee::GranteeName;
use crate::store::Answer;

/// How many professionals the directory answers at once.
const LARGEST_BATCH: usize = 200;

/// The directory behind a channel.
#[derive(Debug, Clone)]
pub struct DirectoryClient {
    client: DirectoryServiceClient<Channel>,
}

/// The directory answered, and not as the contract says.
#[derive(Debug, thiserror::Error)]
#[error("the directory's answer breaks the contract: {0}")]
pub(super) struct Malformed(pub(super) &'static str);

impl DirectoryClient {
    /// Asks over this channel.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self {
            client: DirectoryServiceClient::new(channel),
        }
    }

    async fn get_practitioner(
        &self,
        id: PractitionerId,
    ) -> Result<Option<KnownPractitioner>, Error> {
        let request = proto::GetPractitionerRequest {
            practitioner_id: id.to_string(),
        };
        match known(self.client.clone().get_practitioner(request).await)? {
            Some(answer) => {
                let practitioner = answer.practitioner.ok_or(Malformed("no practitioner"))?;
                Ok(Some(practitioner_of(&practitioner)?))
            }
            None => Ok(None),
        }
    }

    async fn get_practitioners(
        &self,
        ids: &[PractitionerId],
    ) -> Result<Vec<Option<KnownPractitioner>>, Error> {
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(LARGEST_BATCH) {
            let request = proto::BatchGetPractitionersRequest {
                practitioner_ids: some.iter().map(ToString::to_string).collect(),
            };
            let answer = self.client.clone().batch_get_practitioners(request).await;
            let answer = answer.map_err(|status| Error::DirectoryUnavailable(Box::new(status)))?;
            let answer = answer.into_inner();
            // Whoever was merged is answered as the human that they are, under another
            // identifier than the one asked for: their place says who is meant.
            let missing: HashSet<String> = answer.missing_practitioner_ids.into_iter().collect();
            let mut known = answer.practitioners.iter();
            for id in some {
                if missing.contains(&id.to_string()) {
                    found.push(None);
                    continue;
                }
                let practitioner = known.next().ok_or(Malformed("somebody is missing"))?;
                found.push(Some(practitioner_of(practitioner)?));
            }
        }
        Ok(found)
    }

    async fn resolve_rpps(&self, rpps: Rpps) -> Result<Option<KnownPractitioner>, Error> {
        let request = proto::ResolveIdentifierRequest {
            identifier: Some(proto::Identifier {
                kind: proto::IdentifierKind::Rpps.into(),
                value: rpps.to_string(),
            }),
        };
        match known(self.client.clone().resolve_identifier(request).await)? {
            Some(answer) => match answer.resolved {
                Some(Resolved::Practitioner(practitioner)) => {
                    Ok(Some(practitioner_of(&practitioner)?))
                }
                Some(Resolved::Organization(_)) => {
                    Err(Malformed("a structure under an RPPS number").into())
                }
                None => Err(Malformed("nobody resolved").into()),
            },
            None => Ok(None),
        }
    }

    async fn get_organization(
        &self,
        id: OrganizationId,
    ) -> Result<Option<KnownOrganization>, Error> {
        let request = proto::GetOrganizationRequest {
            organization_id: id.to_string(),
        };
        match known(self.client.clone().get_organization(request).await)? {
            Some(answer) => {
                let organization = answer.organization.ok_or(Malformed("no organization"))?;
                Ok(Some(KnownOrganization {
                    organization_id: parsed(&organization.organization_id)?,
                    name: GranteeName::parse(&organization.name),
                }))
            }
            None => Ok(None),
        }
    }
}

impl Directory for DirectoryClient {
    fn practitioner(&self, id: PractitionerId) -> Answer<'_, Option<KnownPractitioner>> {
        Box::pin(self.get_practitioner(id))
    }

    fn practitioners<'a>(
        &'a self,
        ids: &'a [PractitionerId],
    ) -> Answer<'a, Vec<Option<KnownPractitioner>>> {
        Box::pin(self.get_practitioners(ids))
    }

    fn practitioner_by_rpps(&self, rpps: Rpps) -> Answer<'_, Option<KnownPractitioner>> {
        Box::pin(self.resolve_rpps(rpps))
    }

    fn organization(&self, id: OrganizationId) -> Answer<'_, Option<KnownOrganization>> {
        Box::pin(self.get_organization(id))
    }
}

/// The answer, `None` for one that says that nobody is known; everything else says
/// nothing about the person.
fn known<T>(answer: Result<Response<T>, Status>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer.into_inner())),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(Error::DirectoryUnavailable(Box::new(status))),
    }
}

fn practitioner_of(practitioner: &proto::Practitioner) -> Result<KnownPractitioner, Malformed> {
    let activities = practitioner.activities.iter().map(activity_of);
    Ok(KnownPractitioner {
        practitioner_id: parsed(&practitioner.practitioner_id)?,
        name: name_of(practitioner),
        active: practitioner.active,
        activities: activities.collect::<Result<_, _>>()?,
    })
}

/// "DR Camille MARTIN": as sessions show professionals too.
fn name_of(practitioner: &proto::Practitioner) -> Option<GranteeName> {
    let parts = [
        practitioner.civility.trim(),
        practitioner.given_name.trim(),
        practitioner.family_name.trim(),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    GranteeName::parse(&parts.join(" "))
}

fn activity_of(activity: &proto::Activity) -> Result<KnownActivity, Malformed> {
    let organization_id = match &activity.organization {
        Some(organization) => Some(parsed(&organization.organization_id)?),
        None => None,
    };
    Ok(KnownActivity {
        activity_id: parsed(&activity.activity_id)?,
        profession: Profession::from_code(&activity.profession_code),
        function: Function::parse(&activity.function_code).ok(),
        organization_id,
        active: activity.active,
    })
}

/// An identifier that the directory made.
pub(super) fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, Malformed> {
    text.parse()
        .map_err(|_| Malformed("a malformed identifier"))
}

/// Nothing can be said about a person from such an answer.
impl From<Malformed> for Error {
    fn from(error: Malformed) -> Self {
        Self::DirectoryUnavailable(Box::new(error))
    }
}
