//! Lists of who is authorised say what decisions say.

use proptest::prelude::*;

use super::situations::practitioner;
use super::worlds::{case, instant};
use crate::authorized::Authorized;
use crate::decision::decide;
use crate::grantee::Grantee;
use crate::policies::Policies;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn whoever_is_permitted_is_listed_until_time_ends_it_and_nobody_else(
        case in case(),
        later in instant(),
    ) {
        let asked = std::iter::once((&case.question, &case.basis));
        let grantee = Grantee::Practitioner(practitioner(1));
        let policies = Policies::always(case.policy.clone());
        let listed = Authorized::of(grantee, asked, &policies, case.now);
        let decision = case.decide();
        prop_assert_eq!(
            listed.as_ref().map(|listed| listed.ground),
            decision.verdict.ground()
        );
        let Some(listed) = listed else {
            return Ok(());
        };
        prop_assert_eq!(listed.classes, decision.permitted_classes);
        let permits_at =
            |now| decide(&case.question, &case.basis, &case.policy, now).is_permit();
        if let Some(until) = listed.until {
            prop_assert!(until > case.now && !permits_at(until));
        }
        if later >= case.now && listed.until.is_none_or(|until| later < until) {
            prop_assert!(permits_at(later));
        }
    }
}
