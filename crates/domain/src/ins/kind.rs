//! Which list a matricule belongs to, and how strictly its key is read.

closed_list! {
    /// What a matricule is. Real, test and demonstration identities never mix:
    /// the kind must match the environment (ANS).
    pub enum InsKind, "INS kind" {
        /// The number in the national register, for life.
        Nir = "NIR",
        /// A waiting number, which a NIR may replace later: two matricules, one
        /// human.
        Nia = "NIA",
        /// A test identity.
        Test = "TEST",
        /// A demonstration identity.
        Demo = "DEMO",
    }
}

impl InsKind {
    /// The OID that says so in exchanges.
    #[must_use]
    pub const fn oid(self) -> &'static str {
        match self {
            Self::Nir => "1.2.250.1.213.1.4.8",
            Self::Nia => "1.2.250.1.213.1.4.9",
            Self::Test => "1.2.250.1.213.1.4.10",
            Self::Demo => "1.2.250.1.213.1.4.11",
        }
    }

    /// The kind of an OID. The old INS-C (`…4.2`) and INS-A (`…4.1`) are no
    /// INS any more: `None`, as for any other.
    #[must_use]
    pub fn from_oid(oid: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.oid() == oid)
    }

    /// Whether it stands for a real person: a NIR or a NIA.
    #[must_use]
    pub const fn is_real(self) -> bool {
        matches!(self, Self::Nir | Self::Nia)
    }
}

closed_list! {
    /// Whether a wrong key is an error.
    pub enum KeyPolicy, "key policy" {
        /// A wrong key is an error.
        Enforced = "enforced",
        /// A wrong key is let through, for test and demonstration identities.
        Tolerated = "tolerated",
    }
}

impl KeyPolicy {
    /// The policy of a kind when nothing else is configured.
    #[must_use]
    pub const fn of(kind: InsKind) -> Self {
        if kind.is_real() {
            Self::Enforced
        } else {
            Self::Tolerated
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_oid_and_the_retired_ones_are_not() {
        for kind in InsKind::ALL.iter().copied() {
            assert_eq!(InsKind::from_oid(kind.oid()), Some(kind));
        }
        assert_eq!(InsKind::from_oid("1.2.250.1.213.1.4.1"), None);
        assert_eq!(InsKind::from_oid("1.2.250.1.213.1.4.2"), None);
        assert_eq!(InsKind::from_oid("1.2.250.1.213.1.4.80"), None);
        assert_eq!(InsKind::from_oid(""), None);
    }
}
