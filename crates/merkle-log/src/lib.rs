//! A pure RFC 6962 log: tree, proofs, checkpoints, receipts, canonical event bytes. No I/O.
//!
//! The audit service writes the log with this crate and `aval audit verify`
//! checks it with the same one, offline. Nothing here reads a file, a clock or a
//! random generator, and every parser is total: hostile bytes give an error,
//! never a panic.
//!
//! From an event to a proof that a stranger can check:
//!
//! 1. [`canonical`] gives an event its one byte form;
//! 2. [`leaf`] commits to it under a salt, so that erasing the event and the salt
//!    leaves every proof valid;
//! 3. [`tree`] appends the leaf, keeping O(log n) state and telling which nodes
//!    to store;
//! 4. [`checkpoint`] states size and root, signed as a [`note`];
//! 5. [`proof`] links a leaf to a root, or an older root to a newer one;
//! 6. [`receipt`] carries all of it as one text;
//! 7. [`map`] commits to every patient's last leaf, and [`history`] shows with it that
//!    a patient's events are all there, and [`erasure`] what accounts for those erased.
//!
//! [`tile`] and [`bundle`] name and fill the static resources from which a
//! monitor follows the whole log.
//!
//! Whoever does not take the log's word alone wants checkpoints that witnesses saw too:
//! [`cosignature`] is what those sign, and [`policy`] says which of them, in a [`quorum`],
//! must have; [`witness`] is how they are asked.
//!
//! The formats are those of C2SP: signed-note, tlog-checkpoint, tlog-tiles,
//! tlog-proof, tlog-cosignature, tlog-policy, tlog-witness.
//!
//! ```
//! use aval_merkle_log::{
//!     canonical::to_canonical_bytes,
//!     checkpoint::{Checkpoint, Policy},
//!     leaf::{LeafContent, PatientLink, commitment, leaf_hash},
//!     note::Signer,
//!     proof::InclusionProof,
//!     receipt::{Evidence, Receipt},
//!     tree::{Frontier, KnownNodes},
//! };
//!
//! // The log appends the leaf of an event, and stores what it completes.
//! let event = to_canonical_bytes(&serde_json::json!({ "kind": "grant.revoked" }))?;
//! let salt = [7; 32]; // from a random generator, for this event alone
//! let leaf = LeafContent {
//!     event_id: [1; 16],
//!     patient: Some(PatientLink::first([2; 16])),
//!     recorded_at_micros: 1_790_000_000_000_000,
//!     commitment: commitment(&salt, &event),
//! };
//! let mut frontier = Frontier::new();
//! let mut nodes = KnownNodes::new();
//! nodes.extend(frontier.append(leaf_hash(&leaf))?);
//!
//! // It signs its state, and hands out a receipt.
//! let signer = Signer::from_seed("audit.example/log", &[3; 32])?;
//! let checkpoint = Checkpoint {
//!     origin: "audit.example/log".to_owned(),
//!     size: frontier.size(),
//!     root: frontier.root(),
//!     extensions: Vec::new(),
//! };
//! let proof = InclusionProof::compute(&nodes, 0, checkpoint.size)?;
//! let receipt = Receipt {
//!     leaf,
//!     salt: Some(salt),
//!     index: proof.index,
//!     path: proof.path,
//!     checkpoint: checkpoint.sign(&[&signer])?,
//! };
//! let text = receipt.format();
//!
//! // Anybody who holds the log's public key checks it, years later, offline.
//! let policy = Policy::of_log("audit.example/log", vec![signer.verifier().clone()]);
//! let verified = Receipt::parse(text.as_bytes())?.verify(Evidence::Event(&event), &policy)?;
//! assert_eq!(verified.leaf.patient_sequence(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod hash;

pub mod tree;

pub mod proof;

pub mod note;

pub mod checkpoint;

pub mod cosignature;

pub mod quorum;

pub mod policy;

pub mod witness;

pub mod tile;

pub mod bundle;

pub mod canonical;

pub mod leaf;

pub mod receipt;

pub mod map;

pub mod history;

pub mod erasure;

pub mod text;

mod fields;

pub use hash::Hash;
