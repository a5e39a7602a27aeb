use proptest::prelude::*;

use super::*;

fn matrix(rows: &str) -> Matrix {
    Matrix::parse(&format!("revision = 'test'\n{rows}")).unwrap()
}

fn document_type(code: &str) -> DocumentType {
    DocumentType::parse(code).unwrap()
}

const PODIATRIST: &str = "
[[row]]
profession = '80'
permits = ['10']
[[row.type]]
code = '15508-5'
class = '10'
permits = false
";

#[test]
fn what_no_row_permits_is_denied() {
    let matrix = matrix("[[row]]\nprofession = '21'\npermits = ['42']");
    let pharmacist = matrix.row(Profession::Pharmacist, None);
    assert!(pharmacist.permits(DocumentClass::Prescription, None));
    assert!(!pharmacist.permits(DocumentClass::Imaging, None));
    assert_eq!(
        pharmacist.classes(),
        DocumentClasses::only(DocumentClass::Prescription)
    );
    for class in DocumentClass::ALL {
        assert!(!matrix.row(Profession::Doctor, None).permits(*class, None));
    }
}

#[test]
fn a_type_goes_before_its_class() {
    let matrix = matrix(PODIATRIST);
    let row = matrix.row(Profession::Podiatrist, None);
    assert!(!row.permits(DocumentClass::Report, Some(&document_type("15508-5"))));
    assert!(row.permits(DocumentClass::Report, Some(&document_type("11488-4"))));
    assert_eq!(row.classes(), DocumentClasses::only(DocumentClass::Report));
}

#[test]
fn a_document_of_unknown_type_is_denied_where_types_matter() {
    let matrix = matrix(PODIATRIST);
    let row = matrix.row(Profession::Podiatrist, None);
    assert!(!row.permits(DocumentClass::Report, None));
}

#[test]
fn a_type_may_be_permitted_in_a_class_that_is_not_but_under_no_other_name() {
    let text =
        "[[row]]\nprofession = '40'\n[[row.type]]\ncode = 'X-1'\nclass = '90'\npermits = true";
    let matrix = matrix(text);
    let row = matrix.row(Profession::Dentist, None);
    let one = document_type("X-1");
    assert!(row.permits(DocumentClass::PatientDocument, Some(&one)));
    assert!(!row.permits(DocumentClass::Report, Some(&one)));
    assert!(!row.permits(DocumentClass::PatientDocument, Some(&document_type("X-2"))));
    assert_eq!(
        row.classes(),
        DocumentClasses::only(DocumentClass::PatientDocument)
    );
}

#[test]
fn the_row_of_a_function_stands_in_the_place_of_the_professions() {
    let text = "[[row]]\nprofession = '10'\npermits = ['10', '42']\n\
                [[row]]\nprofession = '10'\nfunction = 'FON-29'\npermits = ['52']";
    let matrix = matrix(text);
    let occupational = matrix.row(Profession::Doctor, Some(Function::OCCUPATIONAL_DOCTOR));
    assert!(!occupational.permits(DocumentClass::Report, None));
    assert!(occupational.permits(DocumentClass::Certificate, None));
    let intern = matrix.row(Profession::Doctor, Some(Function::INTERN));
    assert!(intern.permits(DocumentClass::Report, None));
}

#[test]
fn what_is_wrong_is_refused_with_its_place() {
    for (rows, place, word) in [
        ("[[row]]\nprofession = '11'", (3, 14), "TRE_G15"),
        (
            "[[row]]\nprofession = '10'\nfunction = 'FON-99'",
            (4, 12),
            "TRE_R21",
        ),
        (
            "[[row]]\nprofession = '10'\nfunction = 'x'",
            (4, 12),
            "FON-",
        ),
        (
            "[[row]]\nprofession = '10'\npermits = ['10', '12']",
            (4, 18),
            "JDV_J57",
        ),
        (
            "[[row]]\nprofession = '10'\npermits = ['10', '10']",
            (4, 18),
            "twice",
        ),
        (
            "[[row]]\nprofession = '10'\ndenies = ['10', '10']",
            (4, 17),
            "twice",
        ),
        (
            "[[row]]\nprofession = '10'\npermits = ['10']\ndenies = ['10']",
            (5, 11),
            "denied",
        ),
        (
            "[[row]]\nprofession = '10'\n[[row]]\nprofession = '10'",
            (5, 14),
            "already",
        ),
        (
            "[[row]]\nprofession = '10'\n[[row.type]]\ncode = 'EXPPAT_3'\nclass = '10'\npermits = true",
            (6, 9),
            "another class",
        ),
        (
            "[[row]]\nprofession = '10'\n\
             [[row.type]]\ncode = 'A'\nclass = '10'\npermits = true\n\
             [[row.type]]\ncode = 'A'\nclass = '10'\npermits = false",
            (9, 8),
            "already",
        ),
        (
            "[[row]]\nprofession = '10'\n[[row.type]]\ncode = 'a b'\nclass = '10'\npermits = true",
            (5, 8),
            "ASCII",
        ),
    ] {
        let faults = Matrix::parse(&format!("revision = 'test'\n{rows}")).unwrap_err();
        let [
            Fault {
                place: at, rule, ..
            },
        ] = faults.as_slice()
        else {
            panic!("{rows}: {faults}");
        };
        assert_eq!((at.line, at.column), place, "{rows}");
        assert!(rule.contains(word), "{rule}");
    }
}

#[test]
fn every_fault_is_told_at_once_in_the_order_of_the_file() {
    let text = "revision = 'a b'\n\
                [[row]]\nprofession = '11'\nfunction = 'x'\npermits = ['10', '12', '10']\n\
                [[row]]\nprofession = '60'\n\
                [[row.type]]\ncode = 'a b'\nclass = '99'\npermits = true";
    let faults = Matrix::parse(text).unwrap_err();
    let told: Vec<_> = faults.as_slice().iter().map(Fault::to_string).collect();
    let starts = [
        "line 1, column 12: revision: ",
        "line 3, column 14: row[0].profession: ",
        "line 4, column 12: row[0].function: ",
        "line 5, column 18: row[0].permits[1]: ",
        "line 5, column 24: row[0].permits[2]: ",
        "line 9, column 8: row[1].type[0].code: ",
        "line 10, column 9: row[1].type[0].class: ",
    ];
    assert_eq!(told.len(), starts.len(), "{told:?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told}");
    }
}

#[test]
fn a_file_that_is_not_well_formed_is_refused_where_it_begins_to_be() {
    let faults = Matrix::parse("revision = 'a'\nrows = []").unwrap_err();
    let [fault] = faults.as_slice() else {
        panic!("{faults}");
    };
    assert_eq!((fault.place.line, fault.field.as_str()), (2, ""));
    assert!(fault.rule.contains("rows"), "{fault}");
}

#[test]
fn a_matrix_is_named_by_the_digest_of_its_file() {
    // As sha256sum says of the same bytes.
    let expected = "55919a53a2492759514936ea0a1633d9e8445a1d870434b898e898157479773a";
    let text = "revision = 'test'";
    assert_eq!(Matrix::parse(text).unwrap().sha256(), expected);
    assert_ne!(matrix("").sha256(), expected);
}

#[test]
fn unknown_keys_and_missing_revisions_are_refused() {
    for text in [
        "",
        "revision = ''",
        "revision = 'a+example'",
        "revision = 'a'\nrows = []",
        "revision = 'a'\n[[row]]\nprofession = '10'\npermit = ['10']",
        "revision = 'a'\n[[row]]\nprofession = '10'\n[[row.type]]\ncode = 'A'\nclass = '10'",
    ] {
        assert!(Matrix::parse(text).is_err(), "{text}");
    }
}

#[test]
fn the_example_says_that_it_is_one_wherever_it_shows() {
    let example = Matrix::example();
    assert!(example.is_example());
    assert!(example.revision().ends_with("+example"));
    let text = include_str!("../../config/matrix-example.toml");
    assert!(text.starts_with("# EXAMPLE"));
    assert!(!matrix("").is_example());
    assert_eq!(matrix("").revision(), "test");
}

proptest! {
    #[test]
    fn reading_is_total(text in ".{0,300}") {
        let _ = Matrix::parse(&text);
        let _ = Matrix::parse(&format!("revision = 'é'\n[[row]]\nprofession = '{text}'"));
    }
}
