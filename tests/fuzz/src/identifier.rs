//! Identifiers of patients, professionals and structures: each is read as it is, or refused.

use aval_domain::adeli::Adeli;
use aval_domain::finess::Finess;
use aval_domain::id_nat_ps::IdNatPs;
use aval_domain::id_nat_struct::IdNatStruct;
use aval_domain::ins::{Ins, InsKind};
use aval_domain::mssante::MssAddress;
use aval_domain::rpps::Rpps;
use aval_domain::siret::Siret;

use crate::{Target, with_changed_bytes};

/// One identifier.
pub(crate) const IDENTIFIER: Target = Target {
    name: "identifier",
    sound,
    almost: |mutator| with_changed_bytes(mutator, &sound()),
    check,
};

/// Published examples, those of test identities among them.
const SOUND: &[&str] = &[
    "279035121518989",
    "255081416802538",
    "284052A32102552",
    "284052B32102579",
    "279035121518900",
    "99700366240",
    "899700366240",
    "0016041030",
    "016041030",
    "30B0037750/CPET0001",
    "010000024",
    "0B0172805",
    "1010000024",
    "39806996300013",
    "339806996300013",
    "499700237045007",
    "R81311",
    "F0B0172805",
    "someone.known@pro.mssante.fr",
];

fn sound() -> Vec<Vec<u8>> {
    SOUND.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn check(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else {
        return false;
    };
    let mut taken = false;
    let mut says = |written: Option<&str>| {
        if let Some(written) = written {
            taken = true;
            assert_eq!(written, text);
        }
    };
    for kind in [InsKind::Nir, InsKind::Nia, InsKind::Test, InsKind::Demo] {
        let read = Ins::parse(text, kind).ok();
        if let Some(ins) = &read {
            assert!(ins.has_valid_key() || !kind.is_real());
            assert!(!format!("{ins} {ins:?}").contains(text));
        }
        says(read.as_ref().map(Ins::reveal).as_deref());
    }
    says(Rpps::parse(text).ok().as_ref().map(Rpps::as_str));
    says(Adeli::parse(text).ok().as_ref().map(Adeli::as_str));
    says(Finess::parse(text).ok().as_ref().map(Finess::as_str));
    says(Siret::parse(text).ok().as_ref().map(Siret::as_str));
    let written = IdNatPs::parse(text).map(|read| read.to_string());
    says(written.ok().as_deref());
    let written = IdNatStruct::parse(text).map(|read| read.to_string());
    says(written.ok().as_deref());
    // Upper case is as good in an address, which is kept in lower case.
    if let Ok(address) = MssAddress::parse(text) {
        taken = true;
        let again = MssAddress::parse(address.reveal()).expect("what was read is one");
        assert_eq!(again.reveal(), address.reveal());
    }
    taken
}
