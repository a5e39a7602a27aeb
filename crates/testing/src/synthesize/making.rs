//! Making a person from the seed and their rank.

use super::cast::Role;
use super::code_lists::{
    CIVIL, DOCTOR, FURTHER_DIPLOMAS, MADAM, MILITARY, PROFESSOR, SIR, STUDENT, USUAL_KIND,
};
use super::draw::Draw;
use super::organization::{Owner, Places};
use super::person::{Coded, Person, PersonNumber, PracticeActivity, Skill};
use super::professions::{self, Profile};
use super::setting::Setting;
use super::towns::TownIndex;
use super::{SynthesisPlan, family_names, given_names, number, towns};

/// Subject of the draws (see [`Draw::of`]).
const PEOPLE: u64 = 1;

/// Makes a plan's people.
#[derive(Debug, Clone, Copy)]
pub(super) struct Maker {
    seed: u64,
    places: Places,
    toggled: bool,
}

/// What a person works as: drawn, or asked for by a role.
struct Career {
    profile: &'static Profile,
    category: Coded,
    skills: Vec<Skill>,
    settings: Vec<Setting>,
    town: TownIndex,
}

impl Maker {
    pub(super) fn new(plan: &SynthesisPlan) -> Self {
        Self {
            seed: plan.seed,
            places: Places::new(plan.seed, plan.size()),
            toggled: plan.toggled,
        }
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// The person of a rank; the first ranks play the cast's roles.
    pub(super) fn person(&self, rank: u32) -> Person {
        self.person_as(rank, Role::of_rank(rank))
    }

    /// The person of a rank in a role, or in none.
    pub(super) fn person_as(&self, rank: u32, role: Option<Role>) -> Person {
        let mut draw = Draw::of(self.seed, PEOPLE, rank);
        let career = match role {
            Some(role) => Career::of_role(role, &mut draw),
            None => Career::drawn(&mut draw),
        };
        let woman = match role.and_then(Role::name) {
            Some(_) => true,
            None => draw.chance(career.profile.women),
        };
        let (family_name, given_name) = match role.and_then(Role::name) {
            Some((family_name, given_name)) => (family_name.to_owned(), given_name),
            None => (
                family_names::draw(&mut draw),
                given_names::draw(&mut draw, woman),
            ),
        };
        let adeli_only = role.map_or_else(
            || draw.chance(career.profile.adeli_only),
            Role::is_adeli_only,
        );
        let number = if adeli_only && !self.toggled {
            number::adeli(self.seed, rank, towns::at(career.town))
        } else {
            number::rpps(self.seed, rank)
        };
        let exercise_civility = career.exercise_civility(&mut draw);
        let activities = self.activities(
            rank,
            &career,
            &number,
            &family_name,
            exercise_civility,
            &mut draw,
        );
        Person {
            civility: if woman { MADAM } else { SIR },
            exercise_civility,
            family_name,
            given_name: given_name.to_owned(),
            profession: career.profile.profession,
            category: career.category,
            skills: career.skills,
            activities,
            number,
        }
    }

    fn activities(
        &self,
        rank: u32,
        career: &Career,
        number: &PersonNumber,
        family_name: &str,
        exercise_civility: Coded,
        draw: &mut Draw,
    ) -> Vec<PracticeActivity> {
        let mut activities: Vec<PracticeActivity> = Vec::with_capacity(career.settings.len());
        for (practice, setting) in (0..).zip(&career.settings) {
            let elsewhere = practice > 0 && draw.chance(300);
            let town = if elsewhere {
                towns::draw(draw)
            } else {
                career.town
            };
            let owner = Owner {
                number,
                rank,
                title: match exercise_civility.code {
                    "" => "INDIVIDUEL",
                    title => title,
                },
                family_name,
                practice,
            };
            let organization = self.places.draw(*setting, town, owner, draw);
            let known = activities
                .iter()
                .any(|activity| activity.organization == organization);
            if known {
                continue;
            }
            let student = career.category == STUDENT;
            let capacity = setting.capacity(career.profile.profession.code, student, draw);
            let (outside, inside) = career.profile.authorities;
            activities.push(PracticeActivity {
                mode: capacity.mode,
                sector: setting.sector(),
                function: capacity.function,
                pharmacist_section: capacity.pharmacist_section,
                kind: USUAL_KIND,
                registration_authority: if setting.is_establishment() {
                    inside
                } else {
                    outside
                },
                organization,
            });
        }
        activities
    }
}

impl Career {
    fn drawn(draw: &mut Draw) -> Self {
        let profile = professions::draw(draw);
        let town = towns::draw(draw);
        let doctor = profile.profession.code == "10";
        let category = if doctor && draw.chance(50) {
            STUDENT
        } else if draw.chance(8) {
            MILITARY
        } else {
            CIVIL
        };
        if category == STUDENT {
            return Self {
                profile,
                category,
                skills: Vec::new(),
                settings: vec![Setting::PublicHospital],
                town,
            };
        }
        let mut skills = Vec::new();
        if draw.chance(profile.with_skill) {
            skills.push(draw.weighted(profile.skills, |skill| skill.0).1);
        }
        if doctor && draw.chance(40) {
            skills.push(draw.pick(&FURTHER_DIPLOMAS));
        }
        let situations = match draw.below(1_000) {
            0..800 => 1,
            800..950 => 2,
            950..990 => 3,
            _ => 4,
        };
        let settings = (0..situations)
            .map(|_| draw.weighted(profile.settings, |setting| setting.0).1)
            .collect();
        Self {
            profile,
            category,
            skills,
            settings,
            town,
        }
    }

    fn of_role(role: Role, draw: &mut Draw) -> Self {
        Self {
            profile: professions::of_code(role.profession()),
            category: role.category(),
            skills: role.skill().into_iter().collect(),
            settings: role.settings().to_vec(),
            town: role.town().unwrap_or_else(|| towns::draw(draw)),
        }
    }

    /// Doctors are doctors, a few of them professors; so are dentists and
    /// pharmacists, in the file.
    fn exercise_civility(&self, draw: &mut Draw) -> Coded {
        match self.profile.profession.code {
            "10" if self.category == STUDENT => Coded::NONE,
            "10" if draw.chance(15) => PROFESSOR,
            "10" | "21" | "40" => DOCTOR,
            _ => Coded::NONE,
        }
    }
}
