//! People who do not exist, so that a newcomer has somebody to look up and to sign
//! in.

use std::fs::File;
use std::io::{BufWriter, Write};

use aval_domain::time::{Clock, SystemClock};
use aval_proto::consent::v1 as consent;
use aval_proto::identity::v1 as identity;
use aval_proto::practitioner_directory::v1 as directory;
use aval_testing::provider::ProfessionalAccount;
use aval_testing::synthesize::{SynthesisPlan, file_name};

use crate::demo::{request_id, test_patient};
use crate::import::{FileToImport, send};
use crate::stack::Stack;

/// Gives everybody of the sample an account at the provider, which forgets them when
/// it stops; and, the first time, imports the sample, registers its patient and opens their record.
pub(crate) async fn fill(stack: &Stack) -> anyhow::Result<()> {
    let plan = SynthesisPlan::default();
    for person in plan.people() {
        stack
            .provider()
            .put_professional(ProfessionalAccount::from_directory(&person));
    }
    let patient = test_patient();
    stack.provider().put_patient(patient.clone());
    if is_filled(stack).await? {
        return Ok(());
    }
    let path = stack.layout().folder().join(file_name(SystemClock.now()));
    let mut writer = BufWriter::new(File::create(&path)?);
    plan.write(&mut writer)?;
    writer.flush()?;
    let import = send(&FileToImport::at(&path)?, |_| ())?;
    stack
        .software("operator")?
        .directory_admin()
        .import_extraction(import)
        .await?;
    let request = identity::RegisterPatientRequest {
        ins: Some(identity::Ins {
            matricule: patient.ins,
            oid: patient.ins_oid,
        }),
        traits: Some(identity::IdentityTraits {
            birth_name: patient.family_name,
            birth_first_names: patient.given_names,
            birth_date: patient.birth_date,
            sex: identity::Sex::Female.into(),
            birth_place_code: patient.birth_place,
        }),
        status: identity::IdentityStatus::Qualified.into(),
        request_id: request_id(),
    };
    let portal = stack.software("gateway")?;
    let answer = portal.patients().register_patient(request).await?;
    let patient = answer.into_inner().patient.unwrap_or_default();
    let request = consent::OpenRecordRequest {
        patient_id: patient.patient_id,
        request_id: request_id(),
    };
    portal.settings().open_record(request).await?;
    Ok(())
}

async fn is_filled(stack: &Stack) -> anyhow::Result<bool> {
    let request = directory::GetFreshnessRequest {};
    let answer = stack
        .software("gateway")?
        .directory()
        .get_freshness(request)
        .await?;
    Ok(answer.into_inner().practitioner_count > 0)
}
