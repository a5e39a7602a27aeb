//! Codes and labels of the national lists that the file uses.

use super::person::{Coded, Skill};

pub(super) const SIR: Coded = Coded::new("M", "Monsieur");
pub(super) const MADAM: Coded = Coded::new("MME", "Madame");
pub(super) const DOCTOR: Coded = Coded::new("DR", "Docteur");
pub(super) const PROFESSOR: Coded = Coded::new("PR", "Professeur");

pub(super) const CIVIL: Coded = Coded::new("C", "Civil");
pub(super) const MILITARY: Coded = Coded::new("M", "Militaire");
pub(super) const STUDENT: Coded = Coded::new("E", "Etudiant");

pub(super) const LIBERAL: Coded = Coded::new("L", "Libéral");
pub(super) const SALARIED: Coded = Coded::new("S", "Salarié");
pub(super) const VOLUNTEER: Coded = Coded::new("B", "Bénévole");

pub(super) const USUAL_KIND: Coded =
    Coded::new("GENR01", "Activité standard de soin ou de pharmacien");
pub(super) const FRANCE: Coded = Coded::new("99000", "France");

// TRE_R21-Fonction
pub(super) const HOLDER: Coded = Coded::new("FON-01", "Titulaire de cabinet");
pub(super) const PARTNER: Coded = Coded::new("FON-02", "Associé de SEL ou SCP");
pub(super) const PHARMACY_HOLDER: Coded = Coded::new("FON-03", "Titulaire d'officine");
pub(super) const DEPUTY: Coded = Coded::new("FON-05", "Adjoint");
pub(super) const COLLABORATOR: Coded = Coded::new("FON-17", "Collaborateur");
pub(super) const SUBSTITUTE: Coded = Coded::new("FON-22", "Remplaçant ou intérimaire");
pub(super) const OCCUPATIONAL_DOCTOR: Coded = Coded::new("FON-29", "Médecin du travail");
pub(super) const REGULATOR: Coded = Coded::new("FON-32", "Régulateur libéral");
pub(super) const EMPLOYEE: Coded = Coded::new("FON-33", "Salarié sur poste fixe");
pub(super) const HOSPITAL_PHARMACY: Coded = Coded::new("FON-37", "Gérant de PUI");
pub(super) const MATERNAL_PROTECTION: Coded = Coded::new("FON-39", "Fonction de PMI");
pub(super) const BIOLOGIST: Coded = Coded::new("FON-40", "Biologiste");
pub(super) const SENIOR_NURSE: Coded = Coded::new("FON-43", "Cadre de santé");
pub(super) const INTERN: Coded = Coded::new("FON-48", "Interne");
pub(super) const ELDERLY_HOME_COORDINATOR: Coded =
    Coded::new("FON-63", "Médecin coordonnateur en EHPAD");
pub(super) const UNDEFINED: Coded = Coded::new("FON-AU", "Fonction non définie");

// Sections of the pharmacists' register
pub(super) const SECTION_HOLDERS: Coded = Coded::new("A", "Pharmacien titulaire d'officine");
pub(super) const SECTION_DEPUTIES: Coded = Coded::new("D", "Pharmacien adjoint d'officine");
pub(super) const SECTION_BIOLOGISTS: Coded = Coded::new("G", "Pharmacien biologiste");
pub(super) const SECTION_HOSPITALS: Coded = Coded::new("H", "Pharmacien d'établissement de santé");

const SPECIALITY: Coded = Coded::new("S", "Spécialité ordinale");
const FURTHER_DIPLOMA: Coded = Coded::new("DNQ", "DESC non qualifiant");

/// A skill and how many have it, relative to the others.
pub(super) type WeightedSkill = (u32, Skill);

const fn speciality(weight: u32, code: &'static str, label: &'static str) -> WeightedSkill {
    let kind = SPECIALITY;
    (weight, Skill { kind, code, label })
}

/// Specialities of doctors.
pub(super) const DOCTORS: &[WeightedSkill] = &[
    speciality(240, "SM54", "Médecine générale"),
    speciality(150, "SM26", "Qualifié en Médecine Générale"),
    speciality(110, "SM53", "Spécialiste en Médecine Générale"),
    speciality(60, "SM42", "Psychiatrie"),
    speciality(50, "SM02", "Anesthésie-réanimation"),
    speciality(40, "SM44", "Radio-diagnostic"),
    speciality(35, "SM40", "Pédiatrie"),
    speciality(35, "SM04", "Cardiologie et maladies vasculaires"),
    speciality(25, "SM38", "Ophtalmologie"),
    speciality(25, "SM20", "Gynécologie-obstétrique"),
    speciality(20, "SM25", "Médecine du travail"),
    speciality(18, "SM08", "Chirurgie orthopédique et traumatologie"),
    speciality(17, "SM15", "Dermatologie et vénéréologie"),
    speciality(17, "SM24", "Gastro-entérologie et hépatologie"),
    speciality(15, "SM59", "Médecine d'urgence"),
    speciality(15, "SM18", "Gériatrie"),
    speciality(14, "SM41", "Pneumologie"),
    speciality(14, "SM34", "O.R.L et chirurgie cervico faciale"),
    speciality(13, "SM32", "Neurologie"),
    speciality(12, "SM48", "Rhumatologie"),
    speciality(12, "SM27", "Médecine interne"),
    speciality(12, "SM03", "Biologie médicale"),
    speciality(10, "SM16", "Endocrinologie et métabolisme"),
    speciality(8, "SM30", "Néphrologie"),
    speciality(8, "SM01", "Anatomie et cytologie pathologiques"),
    speciality(8, "SM14", "Chirurgie viscérale et digestive"),
    speciality(8, "SM49", "Santé publique et médecine sociale"),
    speciality(5, "SM57", "Allergologie"),
    speciality(4, "SM31", "Neuro-chirurgie"),
];

/// Specialities of dental surgeons.
pub(super) const DENTISTS: &[WeightedSkill] = &[
    speciality(10, "SCD01", "Orthopédie dento-faciale"),
    speciality(2, "SCD02", "Chirurgie orale"),
    speciality(1, "SCD03", "Médecine bucco-dentaire"),
];

/// Specialities of nurses.
pub(super) const NURSES: &[WeightedSkill] = &[
    speciality(
        4,
        "SI01",
        "Exercice infirmier en pratique avancée pathologies chroniques stabilisées",
    ),
    speciality(
        2,
        "SI04",
        "Exercice infirmier en pratique avancée santé mentale",
    ),
    speciality(8, "SI06", "Infirmier de bloc opératoire"),
    speciality(10, "SI07", "Infirmier anesthésiste"),
    speciality(12, "SI08", "Infirmier en puériculture"),
];

/// What doctors may have beside their speciality.
pub(super) const FURTHER_DIPLOMAS: [Skill; 3] = [
    further_diploma("DSM200", "Addictologie"),
    further_diploma("DSM220", "Médecine d'urgence"),
    further_diploma("DSM226", "Nutrition"),
];

const fn further_diploma(code: &'static str, label: &'static str) -> Skill {
    let kind = FURTHER_DIPLOMA;
    Skill { kind, code, label }
}

/// The general practitioners' speciality of today.
pub(super) const GENERAL_PRACTICE: Skill = DOCTORS[0].1;
