//! To whom an access token is bound (RFC 8705 §3.2), as its provider says when it is asked.

use aval_runtime::caller::CertificateThumbprint;
use serde_json::Value;

use super::SignInRefused;

/// Refuses a token that the provider bound to none of these certificates: that of the
/// software that presents it, and our own, under which `UserInfo` is read. A token that is
/// bound in a way that cannot be checked here is refused too; one that is not bound at all
/// is whoever's has it, and that is for the provider to allow.
pub(super) fn check(
    introspected: &Value,
    held: &[Option<CertificateThumbprint>],
) -> Result<(), SignInRefused> {
    let confirmation = match introspected.get("cnf") {
        None | Some(Value::Null) => return Ok(()),
        Some(confirmation) => confirmation.as_object(),
    };
    let certificate = confirmation
        .filter(|methods| methods.len() == 1)
        .and_then(|methods| methods.get("x5t#S256")?.as_str())
        .and_then(CertificateThumbprint::parse);
    if certificate.is_none_or(|bound_to| !held.contains(&Some(bound_to))) {
        return Err(SignInRefused::BoundElsewhere);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_taken_from_whoever_it_is_bound_to_or_from_anybody_if_it_is_not() {
        let [presenter, own, other] = [b"presenter", b"own cert.", b"other's.."]
            .map(|der| CertificateThumbprint::of_der(der));
        let bound_to = |to: CertificateThumbprint| json!({ "active": true, "cnf": { "x5t#S256": to.to_base64url() } });
        let held = [Some(presenter), Some(own)];
        for taken in [
            json!({ "active": true }),
            json!({ "active": true, "cnf": null }),
            bound_to(presenter),
            bound_to(own),
        ] {
            assert_eq!(check(&taken, &held), Ok(()), "{taken}");
        }
        let mut also_by_key = bound_to(own);
        also_by_key["cnf"]["jkt"] = json!("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        for refused in [
            bound_to(other),
            also_by_key,
            json!({ "cnf": {} }),
            json!({ "cnf": [] }),
            json!({ "cnf": "x5t#S256" }),
            json!({ "cnf": { "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } }),
            json!({ "cnf": { "x5t#S256": null } }),
            json!({ "cnf": { "x5t#S256": "" } }),
            json!({ "cnf": { "x5t#S256": [own.to_base64url()] } }),
            json!({ "cnf": { "x5t#S256": format!("{}=", own.to_base64url()) } }),
        ] {
            let answer = check(&refused, &held);
            assert_eq!(answer, Err(SignInRefused::BoundElsewhere), "{refused}");
        }
        // Whoever shows no certificate holds no bound token.
        let answer = check(&bound_to(own), &[None, None]);
        assert_eq!(answer, Err(SignInRefused::BoundElsewhere));
    }
}
