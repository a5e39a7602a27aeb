//! In what standing and under which mode a profession is exercised.

labelled_list! {
    /// The professional category of an exercise. Only the label of `C` was read
    /// in a public source; those of `M` and `E` are assumed.
    pub enum ProfessionalCategory, "professional category" {
        Civil = "C" => "Civil",
        Military = "M" => "Militaire",
        Student = "E" => "Étudiant",
    }
}

labelled_list! {
    /// The mode of exercise of an activity (TRE_R23-ModeExercice).
    pub enum ExerciseMode, "exercise mode" {
        Liberal = "L" => "Libéral",
        Salaried = "S" => "Salarié",
        Volunteer = "B" => "Bénévole",
    }
}
