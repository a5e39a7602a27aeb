//! Tokens of every kind that were changed after they were signed: nothing that was not
//! signed is believed.

use std::sync::LazyLock;

use aval_testing::mutation::Mutator;

use super::{aval, id, logout};
use crate::forge::{OWN, signed};
use crate::{Target, with_changed_bytes};

/// Sound tokens with something changed.
pub(crate) const CHANGED_TOKEN: Target = Target {
    name: "changed-token",
    sound,
    almost,
    check,
};

type IsBelieved = fn(&str) -> bool;

/// A sound token of each kind, and what tells whether one is believed.
static SOUND: LazyLock<[(String, IsBelieved); 3]> = LazyLock::new(|| {
    let of = |header: &serde_json::Value, claims: &serde_json::Value| {
        signed(&OWN, &header.to_string(), &claims.to_string())
    };
    [
        (of(&id::header(), &id::claims()), |token| {
            id::is_believed(token, id::keys())
        }),
        (
            of(&logout::header(), &logout::claims()),
            logout::is_believed,
        ),
        (of(&aval::header(), &aval::claims()), aval::is_believed),
    ]
});

fn sound() -> Vec<Vec<u8>> {
    SOUND
        .iter()
        .map(|(token, _)| token.clone().into_bytes())
        .collect()
}

fn almost(mutator: &mut Mutator) -> Vec<u8> {
    with_changed_bytes(mutator, &sound())
}

/// What stands before the signature.
fn message(token: &str) -> Option<&str> {
    token.rsplit_once('.').map(|(message, _)| message)
}

fn check(data: &[u8]) -> bool {
    let token = String::from_utf8_lossy(data);
    let mut believed = false;
    for (sound, is_believed) in SOUND.iter() {
        if is_believed(&token) {
            believed = true;
            // The signature of another process is as good; what it signs is the same.
            assert_eq!(message(&token), message(sound));
        }
    }
    believed
}
