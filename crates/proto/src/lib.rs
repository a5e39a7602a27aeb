//! Code generated from `proto/`, the [`codec`] that it calls, and the descriptor set for
//! reflection. Nothing else: the contract's documentation stands in the protos.

#![expect(
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes,
    reason = "generated code"
)]

pub mod codec;

/// What the four services share.
pub mod common {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("aval.common.v1");
    }
}

/// Who is calling, and in what capacity.
pub mod identity {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("aval.identity.v1");
    }
}

/// Who exists.
pub mod practitioner_directory {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("aval.practitioner_directory.v1");
    }
}

/// What is allowed.
pub mod consent {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("aval.consent.v1");
    }
}

/// What was done.
pub mod audit {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("aval.audit.v1");
    }
}

/// The descriptors of every file in `proto/` and of what they import, with their
/// comments, as an encoded `FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] = tonic::include_file_descriptor_set!("aval_descriptor");
