//! The packaging engine in the page: the verdict on a local file, before a byte of it is sent.
//!
//! The page runs this crate as WebAssembly, in a worker. It reads the index of a file by ranges, as ingest reads it from the
//! bucket, and comes to the same verdict by the same code of [`vpp_media`]. The verdict is a courtesy to the file's owner: ingest
//! gives it again, with a second demuxer, and never trusts the page.
//!
//! The results are JSON. [`inspection::Inspection`] has the members of a content in the API, so that the page shows both alike.
//!
//! Nothing here reads a file: JavaScript passes a function that returns the bytes of a range, synchronously. Only
//! `bindings` names JavaScript.

#[cfg(target_arch = "wasm32")]
pub mod bindings;
pub mod inspection;
pub mod ladder;
pub mod source;
