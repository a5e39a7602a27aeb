//! What another matrix would change.

use std::collections::BTreeSet;
use std::fmt;

use aval_domain::code::{Function, Profession};
use aval_domain::document::{DocumentClass, DocumentType};

use super::{Matrix, Row};

/// A cell that two matrices do not have alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellChange {
    /// Whose cell.
    pub profession: Profession,
    /// In which function; `None`: in any that has no row of its own.
    pub function: Option<Function>,
    /// Of which class.
    pub class: DocumentClass,
    /// Of which type of document; `None`: of every type without a cell of its own.
    pub document_type: Option<DocumentType>,
    /// Whether it permits now; it did not before.
    pub permits: bool,
}

impl Matrix {
    /// The cells that `new` would change, in the order of professions, functions, classes
    /// and types. A function that has a row in one of the two only is compared with what
    /// it has in the other: its profession's row.
    #[must_use]
    pub fn changes_to(&self, new: &Self) -> Vec<CellChange> {
        let capacities: BTreeSet<_> = self.capacities().chain(new.capacities()).collect();
        let changes = capacities.into_iter().flat_map(|(profession, function)| {
            let (before, after) = (
                self.row(profession, function),
                new.row(profession, function),
            );
            let cells = before.cells().chain(after.cells()).collect::<BTreeSet<_>>();
            cells
                .into_iter()
                .map(move |(class, document_type)| (class, document_type, before, after))
                .filter_map(move |(class, document_type, before, after)| {
                    let permits = |row: &Row| row.cell(class, document_type.as_ref());
                    (permits(before) != permits(after)).then(|| CellChange {
                        profession,
                        function,
                        class,
                        document_type,
                        permits: permits(after),
                    })
                })
        });
        changes.collect()
    }
}

impl Row {
    /// Every cell of it: the classes, and the types that have one of their own.
    fn cells(&self) -> impl Iterator<Item = (DocumentClass, Option<DocumentType>)> {
        let classes = DocumentClass::ALL.iter().map(|class| (*class, None));
        let types = self
            .types
            .iter()
            .map(|(code, cell)| (cell.class, Some(*code)));
        classes.chain(types)
    }

    /// What that cell says. A type without a cell of its own has its class'.
    fn cell(&self, class: DocumentClass, document_type: Option<&DocumentType>) -> bool {
        match document_type {
            Some(_) => self.permits(class, document_type),
            None => self.permitted.contains(class),
        }
    }
}

impl fmt::Display for CellChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.permits { '+' } else { '-' };
        let (code, name) = (self.profession.code(), self.profession.label_fr());
        write!(formatter, "{sign} {code} {name}")?;
        if let Some(function) = &self.function {
            write!(formatter, ", {}", function.code())?;
        }
        write!(
            formatter,
            " : {} {}",
            self.class.code(),
            self.class.label_fr()
        )?;
        if let Some(document_type) = &self.document_type {
            write!(formatter, ", {}", document_type.code())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &str) -> Matrix {
        Matrix::parse(&format!("revision = 'test'\n{rows}")).unwrap()
    }

    fn told(before: &Matrix, after: &Matrix) -> Vec<String> {
        let changes = before.changes_to(after);
        changes.iter().map(CellChange::to_string).collect()
    }

    #[test]
    fn a_matrix_changes_nothing_to_itself() {
        let example = Matrix::example();
        assert_eq!(told(&example, &example), [""; 0]);
    }

    #[test]
    fn classes_types_and_whole_rows_are_told_with_their_sign() {
        let before = matrix("[[row]]\nprofession = '60'\npermits = ['10', '42']");
        let after = matrix(
            "[[row]]\nprofession = '60'\npermits = ['10', '31']\n\
             [[row.type]]\ncode = '15508-5'\nclass = '10'\npermits = false\n\
             [[row]]\nprofession = '80'\npermits = ['31']",
        );
        let expected = [
            "- 60 Infirmier : 10 Compte rendu, 15508-5",
            "+ 60 Infirmier : 31 Imagerie médicale",
            "- 60 Infirmier : 42 Prescription",
            "+ 80 Pédicure-podologue : 31 Imagerie médicale",
        ];
        assert_eq!(told(&before, &after), expected);
        assert_eq!(told(&after, &before).len(), expected.len());
    }

    #[test]
    fn a_function_that_gets_a_row_is_compared_with_its_profession() {
        let before = matrix("[[row]]\nprofession = '10'\npermits = ['10', '42']");
        let after = matrix(
            "[[row]]\nprofession = '10'\npermits = ['10', '42']\n\
             [[row]]\nprofession = '10'\nfunction = 'FON-29'\npermits = ['42', '52']",
        );
        let expected = [
            "- 10 Médecin, FON-29 : 10 Compte rendu",
            "+ 10 Médecin, FON-29 : 52 Certificat, déclaration",
        ];
        assert_eq!(told(&before, &after), expected);
    }
}
