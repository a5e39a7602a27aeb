//! One row of `Extraction_Correspondance_MSSante`, checked.

use aval_domain::id_nat_ps::IdNatPs;
use aval_domain::mssante::MssAddress;

use super::RowFault;
use super::column::Column;
use super::values::Values;

/// One mailbox of the secure health mail. An address may stand in several rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxRow<'line> {
    /// Its address, which is no patient's.
    pub address: MssAddress,
    /// Whose it is.
    pub holder: MailboxHolder<'line>,
}

/// Whose a mailbox is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailboxHolder<'line> {
    /// A person's (`PER`), by their national identifier. At which structure is not read.
    Person(IdNatPs),
    /// A structure's (`ORG`), by its number without the prefix of its kind.
    Structure(&'line str),
}

impl<'line> MailboxRow<'line> {
    pub(super) fn parse(row: &Values<'_, 'line>) -> Result<Self, RowFault> {
        let address = MssAddress::parse(row.text(Column::MailboxAddress)?)
            .map_err(|error| row.fault(Column::MailboxAddress, error.to_string()))?;
        if address.is_patient() {
            let rule = "it is no patient's address";
            return Err(row.fault(Column::MailboxAddress, rule));
        }
        let holder = match row.code(Column::MailboxType)? {
            "PER" if !row.has_national_id() => {
                let rule = "an identifier of the person is there";
                return Err(row.says_nothing(Column::NationalIdentifier, rule));
            }
            "PER" => MailboxHolder::Person(row.national_id()?),
            "ORG" => MailboxHolder::Structure(structure_number(row)?),
            _ => return Err(row.says_nothing(Column::MailboxType, "it is PER or ORG")),
        };
        Ok(Self { address, holder })
    }
}

fn structure_number<'line>(row: &Values<'_, 'line>) -> Result<&'line str, RowFault> {
    match row.number(Column::StructureIdentifier)? {
        "" => {
            let rule = "an identifier of the structure is there";
            Err(row.says_nothing(Column::StructureIdentifier, rule))
        }
        number => Ok(without_prefix(number)),
    }
}

/// Whether the file writes the number alone or, as national identifiers of structures,
/// behind the digit of its kind is not published: both lengths are understood. 1 FINESS,
/// 2 SIREN, 3 SIRET, 4 RPPS and rank.
fn without_prefix(number: &str) -> &str {
    let is_prefixed = match (number.len(), number.bytes().next()) {
        (10, Some(b'1' | b'2')) => true,
        (15, Some(b'3' | b'4')) => number.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    };
    if is_prefixed { &number[1..] } else { number }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::read_as;
    use super::super::written::{MAILBOX_HEADER, WrittenRow, file};
    use super::super::{ExtractionReader, ReadLine};
    use super::*;
    use crate::source::Source;

    /// A personal mailbox of the doctor of the other files.
    fn personal() -> WrittenRow {
        WrittenRow::doctor()
            .with("Type de BAL", "PER")
            .with("Adresse BAL", "Maelle.LeGall@medecin.mssante.fr")
            .with("Type Identifiant PP", "8")
    }

    fn of_structure(number: &str) -> WrittenRow {
        WrittenRow::default()
            .with("Type de BAL", "ORG")
            .with("Adresse BAL", "accueil@ch-essai.mssante.fr")
            .with("Identification Structure", number)
    }

    /// An address, and whose; or the fault: its column, its reason, and whether it speaks
    /// against the file.
    type ReadBack = Result<(String, String), (String, String, bool)>;

    /// What each row of a file is read as.
    fn read_back(rows: &[WrittenRow]) -> Vec<ReadBack> {
        let mut read_back = Vec::new();
        let text = file(MAILBOX_HEADER, "\n", rows);
        let mut reader = ExtractionReader::new(Source::Mailboxes);
        let pushed = reader.push(text.as_bytes(), |_, read| {
            read_back.push(match read {
                ReadLine::Mailbox(row) => {
                    let holder = match row.holder {
                        MailboxHolder::Person(id) => id.to_string(),
                        MailboxHolder::Structure(number) => format!("={number}"),
                    };
                    Ok((row.address.reveal().to_owned(), holder))
                }
                ReadLine::Fault(fault) => {
                    Err((fault.column, fault.reason.into_owned(), fault.is_malformed))
                }
                other => panic!("{other:?}"),
            });
        });
        pushed.unwrap();
        read_back
    }

    fn fault_of(row: WrittenRow) -> (String, String, bool) {
        read_back(&[row]).pop().unwrap().unwrap_err()
    }

    #[test]
    fn a_mailbox_is_a_persons_or_a_structures() {
        let read = read_back(&[personal(), of_structure("750712184")]);
        let address = "maelle.legall@medecin.mssante.fr".to_owned();
        assert_eq!(read[0], Ok((address, "899700366240".to_owned())));
        let address = "accueil@ch-essai.mssante.fr".to_owned();
        assert_eq!(read[1], Ok((address, "=750712184".to_owned())));
    }

    #[test]
    fn the_number_of_a_structure_is_the_same_with_and_without_its_prefix() {
        for (written, number) in [
            ("750712184", "750712184"),
            ("1750712184", "750712184"),
            ("10B0172805", "0B0172805"),
            ("39806996300013", "39806996300013"),
            ("339806996300013", "39806996300013"),
            ("499700237045007", "99700237045007"),
            ("F750712184", "F750712184"),
            ("R95141", "R95141"),
        ] {
            assert_eq!(without_prefix(written), number);
        }
    }

    #[test]
    fn a_patients_address_is_put_aside_and_not_repeated() {
        let matricule = "279035121518989";
        let patient = personal().with("Adresse BAL", format!("{matricule}@patient.mssante.fr"));
        let (column, reason, is_malformed) = fault_of(patient);
        assert_eq!((column.as_str(), is_malformed), ("Adresse BAL", true));
        assert!(!reason.contains(matricule), "{reason}");
    }

    #[test]
    fn each_bad_row_says_its_column_and_its_rule() {
        let (column, _, is_malformed) = fault_of(personal().with("Adresse BAL", "a@b.fr"));
        assert_eq!((column.as_str(), is_malformed), ("Adresse BAL", true));
        let other = fault_of(personal().with("Type de BAL", "APP"));
        assert_eq!(
            other,
            ("Type de BAL".into(), "it is PER or ORG".into(), false)
        );
        let (column, _, is_malformed) = fault_of(of_structure(""));
        assert_eq!(
            (column.as_str(), is_malformed),
            ("Identification Structure", false)
        );
        let nobody = personal()
            .with("Type Identifiant PP", "")
            .with("Identifiant PP", "")
            .with("Identification nationale PP", "");
        let (column, _, is_malformed) = fault_of(nobody);
        assert_eq!(
            (column.as_str(), is_malformed),
            ("Identification nationale PP", false)
        );
        let wrong_key = personal()
            .with("Identifiant PP", "99700366241")
            .with("Identification nationale PP", "899700366241");
        let (column, _, is_malformed) = fault_of(wrong_key);
        assert_eq!(
            (column.as_str(), is_malformed),
            ("Identification nationale PP", true)
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_below_the_header_never_panic_and_the_pieces_do_not_matter(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b'|'), Just(b'\n'), any::<u8>()], 0..600,
            ),
            size in 1_usize..64,
        ) {
            let mut text = format!("{MAILBOX_HEADER}\n").into_bytes();
            text.extend(bytes);
            let pieces: Vec<&[u8]> = text.chunks(size).collect();
            let whole = read_as(Source::Mailboxes, &[&text]);
            prop_assert_eq!(read_as(Source::Mailboxes, &pieces), whole);
        }

        #[test]
        fn any_number_of_a_structure_is_read_or_put_aside(number in "\\PC{0,40}") {
            let row = of_structure(&number.replace('|', "/"));
            prop_assert_eq!(read_back(&[row, personal()]).len(), 2);
        }

        #[test]
        fn what_is_written_is_read(
            local in "[a-z]{1,12}([.][a-z]{1,12})?", domain in "[a-z]{1,10}",
            finess in "[0-9]{9}",
        ) {
            let address = format!("{local}@ch-{domain}.mssante.fr");
            let rows = [
                personal().with("Adresse BAL", address.as_str()),
                of_structure(&finess).with("Adresse BAL", address.to_uppercase()),
            ];
            let expected = [
                Ok((address.clone(), "899700366240".to_owned())),
                Ok((address, format!("={finess}"))),
            ];
            prop_assert_eq!(read_back(&rows), expected);
        }
    }
}
