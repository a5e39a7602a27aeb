//! Compiles `proto/` with protox: no protoc is needed.

use std::{env, error::Error, fs, path::Path, path::PathBuf};

use prost::Message;
use tonic_prost_build::FileDescriptorSet;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    // From the package's folder, so that what was built in one clone serves another.
    println!("cargo:rerun-if-changed=../../proto");

    let mut files = Vec::new();
    proto_files(&root, &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(&files)?;

    // The bytes for reflection keep the comments: they are the documentation that
    // integrators read through it.
    let descriptors = compiler.encode_file_descriptor_set();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("aval_descriptor.bin"), &descriptors)?;

    let descriptors = FileDescriptorSet::decode(descriptors.as_slice())?;
    let mut messages = tonic_prost_build::Config::new();
    messages.enable_type_names();
    tonic_prost_build::configure()
        .build_transport(true)
        .codec_path("crate::codec::Codec")
        .bytes(".aval.practitioner_directory.v1.ImportExtractionRequest")
        .compile_fds_with_config(descriptors, messages)?;
    Ok(())
}

fn proto_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            proto_files(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
    Ok(())
}
