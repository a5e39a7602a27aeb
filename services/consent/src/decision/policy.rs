//! What the operator sets: the matrix, and what the texts leave open.

use aval_domain::time::Timestamp;

use crate::matrix::Matrix;

/// Revision of the rules in this crate. It changes with every change of what they
/// answer.
pub const RULES_REVISION: &str = "2";

/// The matrix and the switches under which questions are decided.
#[derive(Debug, Clone)]
pub struct Policy {
    matrix: Matrix,
    block_beats_break_glass: bool,
    emergency_shows_masked: bool,
    revision: String,
    in_force_until: Option<Timestamp>,
}

impl Policy {
    /// This matrix, with the cautious value of each switch: blocks beat
    /// break-glass, and masked documents stay masked in an emergency.
    #[must_use]
    pub fn new(matrix: Matrix) -> Self {
        Self::with_switches(matrix, true, false)
    }

    /// This matrix with these switches: see [`Self::block_beats_break_glass`] and
    /// [`Self::emergency_shows_masked`].
    #[must_use]
    pub fn with_switches(
        matrix: Matrix,
        block_beats_break_glass: bool,
        emergency_shows_masked: bool,
    ) -> Self {
        let mut revision = RULES_REVISION.to_owned();
        if !block_beats_break_glass {
            revision.push_str("-break_glass_beats_block");
        }
        if emergency_shows_masked {
            revision.push_str("-emergency_shows_masked");
        }
        revision.push('/');
        revision.push_str(&matrix.revision());
        Self {
            matrix,
            block_beats_break_glass,
            emergency_shows_masked,
            revision,
            in_force_until: None,
        }
    }

    /// The same switches with another matrix.
    #[must_use]
    pub fn with_matrix(&self, matrix: Matrix) -> Self {
        let (beats, shows) = (self.block_beats_break_glass, self.emergency_shows_masked);
        Self::with_switches(matrix, beats, shows)
    }

    /// The same, in force until then; `None`: until it is replaced.
    #[must_use]
    pub fn until(self, in_force_until: Option<Timestamp>) -> Self {
        Self {
            in_force_until,
            ..self
        }
    }

    /// The instant at which another policy comes into force, if one is known.
    #[must_use]
    pub const fn in_force_until(&self) -> Option<Timestamp> {
        self.in_force_until
    }

    /// Which classes each profession may consult.
    #[must_use]
    pub const fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// Whether a professional whom the patient blocked is also refused in
    /// `bris_de_glace`. The texts leave it open; the DMP's interfaces suggest that
    /// a block holds whatever happens.
    #[must_use]
    pub const fn block_beats_break_glass(&self) -> bool {
        self.block_beats_break_glass
    }

    /// Whether an emergency mode shows documents that the patient masked. The texts
    /// at hand do not say; masked documents then stay masked, except to their
    /// author and to the treating doctor. What was hidden from one professional
    /// stays hidden from them in any case.
    #[must_use]
    pub const fn emergency_shows_masked(&self) -> bool {
        self.emergency_shows_masked
    }

    /// The revision that every decision names: rules, switches that differ from the
    /// default, matrix. Ends with `+example` while the example matrix is in use.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }
}
