//! What is wrong with a matrix, or what it would change.

use std::sync::Arc;

use aval_runtime::context::RequestContext;

use super::{App, keep_policy};
use crate::error::Error;
use crate::matrix::{CellChange, Faults, Matrix};
use crate::policies::Policies;

/// A matrix that was looked at.
#[derive(Debug)]
pub struct CheckedMatrix {
    /// What it is, or everything that is wrong with it.
    pub read: Result<Matrix, Faults>,
    /// The policies that are there now.
    pub policies: Arc<Policies>,
    /// What it would change of the matrix in force; nothing if it is faulty.
    pub changes: Vec<CellChange>,
}

impl App {
    /// Reads a matrix and compares it with the one in force. Changes nothing.
    #[tracing::instrument(name = "consent.check_matrix", skip_all)]
    pub async fn check_matrix(
        &self,
        cx: &RequestContext,
        content: &str,
    ) -> Result<CheckedMatrix, Error> {
        keep_policy(cx)?;
        let policies = self.policies.policies().await?;
        let read = Matrix::parse(content);
        let in_force = policies.in_force(cx.now).matrix();
        let changes = read.as_ref().map(|matrix| in_force.changes_to(matrix));
        Ok(CheckedMatrix {
            changes: changes.unwrap_or_default(),
            read,
            policies,
        })
    }
}
