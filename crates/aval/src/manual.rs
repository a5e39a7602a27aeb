//! `aval man`: the manual pages, one for each command.

use std::path::Path;

use anyhow::Context;
use clap::CommandFactory;

use crate::arguments::Arguments;

/// Writes `aval.1`, `aval-up.1` and so on into a folder, made if it is missing.
pub(crate) fn write(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), folder))
        .with_context(|| format!("cannot write into {}", folder.display()))
}
