//! A published file in the zip archive in which it comes.

use std::io::{self, Seek, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Writes an archive that holds one file of this name, deflated. What is written may
/// have more than 4 GiB.
pub fn write_zipped<W: Write + Seek, T>(
    output: W,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<T>,
) -> io::Result<T> {
    let mut archive = ZipWriter::new(output);
    archive.start_file(name, SimpleFileOptions::default().large_file(true))?;
    let written = write(&mut archive)?;
    archive.finish()?.flush()?;
    Ok(written)
}
