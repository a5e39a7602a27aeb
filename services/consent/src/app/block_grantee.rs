//! The patient shuts somebody out.

use std::collections::BTreeMap;

use aval_domain::etag::Version;
use aval_domain::event::{Event, EventKind, Outcome, Subject};
use aval_domain::id::{BlockId, PatientId, RequestId};
use aval_runtime::context::RequestContext;
use serde::Serialize;

use super::App;
use crate::asked_period::AskedPeriod;
use crate::block::Block;
use crate::error::Error;
use crate::grantee::Grantee;
use crate::store::{Change, Write};

/// What the patient asks for.
#[derive(Debug, Clone, Serialize)]
pub struct BlockGrantee {
    /// Whose record.
    pub patient_id: PatientId,
    /// Who is shut out.
    pub grantee: Grantee,
    /// For how long.
    pub period: AskedPeriod,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Blocks a grantee whom the directory knows. A block that stands already is
    /// given again, made longer if it would end before the one asked for. Nobody is
    /// blocked by a number that the directory does not know: such a person cannot
    /// sign in, and a block without effect would only seem to protect.
    #[tracing::instrument(name = "consent.block_grantee", skip_all)]
    pub async fn block_grantee(
        &self,
        cx: &RequestContext,
        command: BlockGrantee,
    ) -> Result<Block, Error> {
        cx.patient_owning(command.patient_id)?;
        let write = Write::new(cx, "consent.block_grantee", command.request_id, &command);
        let new = match self.block_of(cx, &command).await {
            Ok(new) => new,
            Err(refusal) => return self.as_before(&write, refusal).await,
        };
        let block = |standing: &Option<Block>| {
            let value = match standing {
                Some(standing) => standing.widen(new.period, cx.now),
                None => Some(new.clone()),
            };
            Ok(value.map(|value| {
                let event = block_event(cx, EventKind::BlockCreated, standing.as_ref(), &value);
                Change { value, event }
            }))
        };
        self.store
            .block_grantee(&write, command.patient_id, new.grantee, &block)
            .await
    }

    async fn block_of(&self, cx: &RequestContext, command: &BlockGrantee) -> Result<Block, Error> {
        let period = command.period.settle(cx.now)?;
        let named = self.known_grantee(command.grantee).await?;
        if named.grantee.rpps().is_some() {
            return Err(Error::GranteeUnknown);
        }
        Ok(Block {
            block_id: BlockId::new(cx.now, cx.random.as_ref()),
            patient_id: command.patient_id,
            grantee: named.grantee,
            grantee_name: named.name,
            period,
            immediate: period.from() <= cx.now,
            created_at: cx.now,
            removed_at: None,
            version: Version::FIRST,
        })
    }
}

/// The event that tells of a block's change.
pub(super) fn block_event(
    cx: &RequestContext,
    kind: EventKind,
    before: Option<&Block>,
    after: &Block,
) -> Event {
    Event {
        patient_id: Some(after.patient_id),
        subject: Some(Subject::new("block", &after.block_id)),
        before: before.map_or_else(BTreeMap::new, Block::trail_fields),
        after: after.trail_fields(),
        ..cx.event(kind, Outcome::Success)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::app::testing::Fixture;

    fn block(fixture: &Fixture, until: Option<Duration>) -> BlockGrantee {
        BlockGrantee {
            patient_id: fixture.patient,
            grantee: Grantee::Practitioner(fixture.doctor()),
            period: AskedPeriod {
                from: None,
                until: until.map(|after| fixture.as_patient().now.saturating_add(after)),
            },
            request_id: fixture.request_id(),
        }
    }

    #[tokio::test]
    async fn blocking_twice_is_one_block_that_holds_as_long_as_the_longer_one() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        let hour = Some(Duration::from_hours(1));
        let first = fixture
            .app
            .block_grantee(&cx, block(&fixture, hour))
            .await
            .unwrap();
        let same = fixture
            .app
            .block_grantee(&cx, block(&fixture, hour))
            .await
            .unwrap();
        assert_eq!(same, first);
        let longer = fixture
            .app
            .block_grantee(&cx, block(&fixture, None))
            .await
            .unwrap();
        assert_eq!(
            (longer.block_id, longer.period.until()),
            (first.block_id, None)
        );
        assert_eq!(fixture.events_of(EventKind::BlockCreated).await, 2);
    }

    #[tokio::test]
    async fn a_number_that_nobody_has_is_not_blocked() {
        let fixture = Fixture::new().await;
        let command = BlockGrantee {
            grantee: Grantee::Rpps("99700366240".parse().unwrap()),
            ..block(&fixture, None)
        };
        let refused = fixture
            .app
            .block_grantee(&fixture.as_patient(), command)
            .await;
        assert!(matches!(refused, Err(Error::GranteeUnknown)));
    }

    #[tokio::test]
    async fn whoever_is_blocked_is_not_authorised() {
        let fixture = Fixture::new().await;
        let command = block(&fixture, None);
        fixture
            .app
            .block_grantee(&fixture.as_patient(), command)
            .await
            .unwrap();
        let refused = fixture.try_grant_to_doctor().await;
        assert!(matches!(refused, Err(Error::GranteeBlocked)));
    }

    #[tokio::test]
    async fn nobody_blocks_in_a_record_that_is_not_theirs() {
        let fixture = Fixture::new().await;
        for cx in [
            fixture.as_other_patient(),
            fixture.as_doctor(),
            fixture.as_nobody(),
        ] {
            let denied = fixture.app.block_grantee(&cx, block(&fixture, None)).await;
            assert!(matches!(denied, Err(Error::Denied(_))));
        }
    }
}
