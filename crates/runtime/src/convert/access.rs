//! The circumstances of an access.

use aval_domain::access::{AccessMode, Action};
use aval_proto::common::v1 as proto;

use super::NOT_A_VALUE;
use crate::status::FieldErrors;
use crate::token::AuthenticationStrength;

/// Reads an access mode; absent or unknown is a violation.
pub fn access_mode_from_proto(
    fields: &mut FieldErrors,
    field: &str,
    value: i32,
) -> Option<AccessMode> {
    match proto::AccessMode::try_from(value) {
        Ok(proto::AccessMode::Normal) => Some(AccessMode::Normal),
        Ok(proto::AccessMode::BreakGlass) => Some(AccessMode::BreakGlass),
        Ok(proto::AccessMode::RegulationCenter) => Some(AccessMode::RegulationCenter),
        Ok(proto::AccessMode::Unspecified) | Err(_) => {
            fields.add(field, NOT_A_VALUE);
            None
        }
    }
}

/// Writes an access mode.
#[must_use]
pub const fn access_mode_to_proto(mode: AccessMode) -> proto::AccessMode {
    match mode {
        AccessMode::Normal => proto::AccessMode::Normal,
        AccessMode::BreakGlass => proto::AccessMode::BreakGlass,
        AccessMode::RegulationCenter => proto::AccessMode::RegulationCenter,
    }
}

/// Reads an action; absent or unknown is a violation.
pub fn access_action_from_proto(
    fields: &mut FieldErrors,
    field: &str,
    value: i32,
) -> Option<Action> {
    match proto::AccessAction::try_from(value) {
        Ok(proto::AccessAction::Consult) => Some(Action::Consult),
        Ok(proto::AccessAction::Contribute) => Some(Action::Contribute),
        Ok(proto::AccessAction::Unspecified) | Err(_) => {
            fields.add(field, NOT_A_VALUE);
            None
        }
    }
}

/// Writes an action.
#[must_use]
pub const fn access_action_to_proto(action: Action) -> proto::AccessAction {
    match action {
        Action::Consult => proto::AccessAction::Consult,
        Action::Contribute => proto::AccessAction::Contribute,
    }
}

/// Reads an authentication strength. Absent is the weakest, as the contract says;
/// unknown is a violation.
pub fn authentication_strength_from_proto(
    fields: &mut FieldErrors,
    field: &str,
    value: i32,
) -> Option<AuthenticationStrength> {
    use proto::AuthenticationStrength as Proto;
    match Proto::try_from(value) {
        Ok(Proto::Unspecified | Proto::Low) => Some(AuthenticationStrength::Low),
        Ok(Proto::Substantial) => Some(AuthenticationStrength::Substantial),
        Ok(Proto::High) => Some(AuthenticationStrength::High),
        Err(_) => {
            fields.add(field, NOT_A_VALUE);
            None
        }
    }
}

/// Writes an authentication strength.
#[must_use]
pub const fn authentication_strength_to_proto(
    strength: AuthenticationStrength,
) -> proto::AuthenticationStrength {
    match strength {
        AuthenticationStrength::Low => proto::AuthenticationStrength::Low,
        AuthenticationStrength::Substantial => proto::AuthenticationStrength::Substantial,
        AuthenticationStrength::High => proto::AuthenticationStrength::High,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_and_actions_read_back_and_nothing_else_is_read() {
        for &mode in AccessMode::ALL {
            let number = access_mode_to_proto(mode) as i32;
            let read = access_mode_from_proto(&mut FieldErrors::new(), "mode", number);
            assert_eq!(read, Some(mode));
        }
        for &action in Action::ALL {
            let number = access_action_to_proto(action) as i32;
            let read = access_action_from_proto(&mut FieldErrors::new(), "action", number);
            assert_eq!(read, Some(action));
        }
        for unknown in [0, -1, 99, i32::MAX] {
            let mut fields = FieldErrors::new();
            assert_eq!(access_mode_from_proto(&mut fields, "mode", unknown), None);
            assert_eq!(
                access_action_from_proto(&mut fields, "action", unknown),
                None
            );
            assert_eq!(fields.finish().unwrap_err().field_violations().len(), 2);
        }
    }

    #[test]
    fn an_unnamed_strength_is_the_weakest_and_an_unknown_one_a_violation() {
        let mut fields = FieldErrors::new();
        let unnamed = authentication_strength_from_proto(&mut fields, "strength", 0);
        assert_eq!(unnamed, Some(AuthenticationStrength::Low));
        assert!(fields.is_empty());
        assert_eq!(
            authentication_strength_from_proto(&mut fields, "strength", 9),
            None
        );
        assert!(!fields.is_empty());
    }
}
