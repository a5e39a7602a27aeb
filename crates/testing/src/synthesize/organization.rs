//! Places of practice, made from a seed and a serial alone: whoever draws the
//! same serial works in the same place.

use super::MAX_PEOPLE;
use super::draw::Draw;
use super::number;
use super::person::{Address, Coded, Organization, PersonNumber};
use super::setting::Setting;
use super::towns::{self, TownIndex};

/// Subject of the draws (see [`Draw::of`]): each kind of place counts from here.
const PLACES: u64 = 1_000;

/// Serials of one class of FINESS numbers: five digits, a site and a legal
/// entity for each place, four classes.
const LARGEST_CLASS: u32 = 12_500;

/// Fewer people to an establishment than this, and its class would overflow.
const PEOPLE_OF_AN_ESTABLISHMENT: u32 = MAX_PEOPLE / LARGEST_CLASS;

/// How many places there are of each kind, for so many people.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    seed: u64,
    people: u32,
}

/// Whose own practice it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner<'a> {
    pub(super) number: &'a PersonNumber,
    pub(super) rank: u32,
    pub(super) title: &'a str,
    pub(super) family_name: &'a str,
    /// 0 for the first practice.
    pub(super) practice: u32,
}

impl Places {
    pub(super) fn new(seed: u64, people: u32) -> Self {
        Self { seed, people }
    }

    /// A place of the setting in the town; `None` where the setting has none.
    pub(super) fn draw(
        &self,
        setting: Setting,
        town: TownIndex,
        owner: Owner<'_>,
        draw: &mut Draw,
    ) -> Option<Organization> {
        let mut serial = |people_each| self.serial(people_each, town, draw);
        Some(match setting {
            Setting::Substitution => return None,
            Setting::OwnPractice => self.own_practice(town, owner),
            Setting::GroupPractice => self.group_practice(town, serial(12)),
            Setting::PracticeCompany => self.company("SELARL", 0, town, serial(40)),
            Setting::PublicHospital | Setting::MilitaryHospital | Setting::RegulationCentre => {
                self.establishment(0, town, serial(PEOPLE_OF_AN_ESTABLISHMENT))
            }
            Setting::PrivateHospital => self.establishment(1, town, serial(900)),
            Setting::HealthCentre | Setting::MaternalProtection => {
                self.establishment(2, town, serial(1_500))
            }
            Setting::ElderlyHome => self.establishment(3, town, serial(800)),
            Setting::Pharmacy => self.company("PHARMACIE", 1, town, serial(90)),
            Setting::Laboratory => self.company("LABORATOIRE", 2, town, serial(900)),
            Setting::Shop => self.company("OPTIQUE ET AUDITION", 3, town, serial(150)),
            Setting::OccupationalService => {
                self.company("SERVICE DE SANTE AU TRAVAIL", 4, town, serial(2_000))
            }
        })
    }

    /// One of the town's places of a kind that there is one of for so many people.
    fn serial(&self, people_each: u32, town: TownIndex, draw: &mut Draw) -> u32 {
        let in_each_town = (self.people / people_each / towns::count()).max(1);
        draw.below(in_each_town) * towns::count() + town
    }

    fn own_practice(&self, town: TownIndex, owner: Owner<'_>) -> Organization {
        let number = owner.rank * 4 + owner.practice;
        let mut draw = Draw::of(self.seed, PLACES, number);
        let name = format!("CABINET {} {}", owner.title, owner.family_name);
        let former_id = match owner.number {
            PersonNumber::Rpps(rpps) => format!("4{rpps}{:03}", owner.practice + 1),
            PersonNumber::Adeli(adeli) => format!("0{}{:02}", digits(adeli), owner.practice),
        };
        Organization {
            technical_id: format!("R{}", 10_000 + u64::from(number) * 2),
            former_id,
            address: Address {
                recipient: name.clone(),
                ..address(town, &mut draw)
            },
            name,
            ..nowhere(town)
        }
    }

    fn group_practice(&self, town: TownIndex, serial: u32) -> Organization {
        let mut draw = Draw::of(self.seed, PLACES + 1, serial);
        let kind = draw.pick(&["MAISON DE SANTE", "CABINET MEDICAL", "CENTRE PARAMEDICAL"]);
        Organization {
            technical_id: format!("R{}", 10_001 + u64::from(serial) * 2),
            name: format!("{kind} {}", draw.pick(NEIGHBOURHOODS)),
            address: address(town, &mut draw),
            ..nowhere(town)
        }
    }

    fn company(&self, kind: &str, class: u32, town: TownIndex, serial: u32) -> Organization {
        let mut draw = Draw::of(self.seed, PLACES + 10 + u64::from(class), serial);
        let name = format!("{kind} {}", draw.pick(NEIGHBOURHOODS));
        let number = class * 1_000_000 + serial;
        // Some companies are known by a number of the directory's own only.
        let siret = if draw.chance(900) {
            number::siret(number)
        } else {
            String::new()
        };
        let technical_id = if siret.is_empty() {
            format!("R{}", 50_000_001 + u64::from(number) * 2)
        } else {
            format!("C{siret}")
        };
        let former_id = if siret.is_empty() {
            String::new()
        } else {
            format!("3{siret}")
        };
        Organization {
            siret,
            technical_id,
            former_id,
            trade_name: if draw.chance(100) {
                name.clone()
            } else {
                String::new()
            },
            name,
            address: address(town, &mut draw),
            ..nowhere(town)
        }
    }

    fn establishment(&self, class: u32, town: TownIndex, serial: u32) -> Organization {
        let mut draw = Draw::of(self.seed, PLACES + 20 + u64::from(class), serial);
        let first_of_town = serial < towns::count();
        let of_town = towns::of_town(towns::at(town));
        let saint = draw.pick(PATRONS);
        let name = match class {
            0 if first_of_town => format!("CENTRE HOSPITALIER {of_town}"),
            0 => format!("HOPITAL {saint} {of_town}"),
            1 => format!("CLINIQUE {saint}"),
            2 => format!("CENTRE DE SANTE {of_town}"),
            _ => format!("RESIDENCE {saint}"),
        };
        let number = (class * LARGEST_CLASS + serial) * 2;
        let lettered = draw.chance(60);
        let finess = |number| number::finess(towns::at(town), number, lettered);
        let finess_site = finess(number);
        Organization {
            siret: if draw.chance(500) {
                number::siret(9_000_000 + number / 2)
            } else {
                String::new()
            },
            technical_id: format!("F{finess_site}"),
            former_id: format!("1{finess_site}"),
            finess_site,
            finess_legal: finess(number + 1),
            name,
            address: address(town, &mut draw),
            ..nowhere(town)
        }
    }
}

/// No number, no name, in the town.
fn nowhere(town: TownIndex) -> Organization {
    Organization {
        siret: String::new(),
        finess_site: String::new(),
        finess_legal: String::new(),
        technical_id: String::new(),
        former_id: String::new(),
        name: String::new(),
        trade_name: String::new(),
        address: Address {
            recipient: String::new(),
            number: String::new(),
            repetition: "",
            street_kind: Coded::NONE,
            street: "",
            town: towns::at(town),
        },
    }
}

fn address(town: TownIndex, draw: &mut Draw) -> Address {
    // Hamlets and industrial estates have no numbers.
    let numbered = draw.chance(930);
    Address {
        recipient: String::new(),
        number: if numbered {
            (draw.below(180) + 1).to_string()
        } else {
            String::new()
        },
        repetition: if numbered && draw.chance(60) { "B" } else { "" },
        street_kind: draw.pick(STREET_KINDS),
        street: draw.pick(STREETS),
        town: towns::at(town),
    }
}

fn digits(text: &str) -> String {
    text.replace('A', "1").replace('B', "2")
}

const STREET_KINDS: &[Coded] = &[
    Coded::new("R", "Rue"),
    Coded::new("R", "Rue"),
    Coded::new("R", "Rue"),
    Coded::new("AV", "Avenue"),
    Coded::new("AV", "Avenue"),
    Coded::new("BD", "Boulevard"),
    Coded::new("PL", "Place"),
    Coded::new("ALL", "Allée"),
    Coded::new("CHE", "Chemin"),
    Coded::new("IMP", "Impasse"),
    Coded::new("RTE", "Route"),
    Coded::new("QU", "Quai"),
];

const STREETS: &[&str] = &[
    "DE LA REPUBLIQUE",
    "VICTOR HUGO",
    "DU GENERAL DE GAULLE",
    "JEAN JAURES",
    "PASTEUR",
    "DE LA GARE",
    "DE L'EGLISE",
    "GAMBETTA",
    "DU MARECHAL FOCH",
    "DE VERDUN",
    "DU MOULIN",
    "DES ECOLES",
    "DE LA MAIRIE",
    "EMILE ZOLA",
    "JULES FERRY",
    "ANATOLE FRANCE",
    "DES ACACIAS",
    "DE LA FONTAINE",
    "DU STADE",
    "MARIE CURIE",
    "SIMONE VEIL",
    "DE LA LIBERATION",
    "VOLTAIRE",
    "DES LILAS",
    "DU PRE AUX CLERCS",
    "LOUIS BRAILLE",
    "DE LA PAIX",
    "SAINT MARTIN",
    "D'ALSACE LORRAINE",
    "DU 8 MAI 1945",
    "DU 11 NOVEMBRE 1918",
    "ROSA PARKS",
];

const NEIGHBOURHOODS: &[&str] = &[
    "DE LA GARE",
    "DU MARCHE",
    "DES TILLEULS",
    "DU PARC",
    "DE L'EGLISE",
    "DU CENTRE",
    "DES LILAS",
    "DE LA FONTAINE",
    "DU VIEUX PORT",
    "DES REMPARTS",
    "DE LA MAIRIE",
    "DES QUATRE VENTS",
    "DU PONT NEUF",
    "DE L'EUROPE",
    "DU SOLEIL",
    "DES ARCADES",
    "DE LA PLACE",
    "DES HALLES",
    "DU LAC",
    "DE LA PREFECTURE",
    "DES CEDRES",
    "DU MOULIN",
];

const PATRONS: &[&str] = &[
    "SAINT-LOUIS",
    "SAINTE-ANNE",
    "SAINT-JOSEPH",
    "SAINT-VINCENT",
    "SAINTE-MARIE",
    "PASTEUR",
    "DES CEDRES",
    "DU PARC",
    "LES TILLEULS",
    "BEL AIR",
    "BEAUSEJOUR",
    "LES OLIVIERS",
    "JEANNE D'ARC",
    "LA PROVIDENCE",
    "L'ESPERANCE",
    "LES MIMOSAS",
];
