//! The stages of the pipeline. Each handles the messages of one queue.

mod complete_files;
pub mod dash;
pub mod dead_letter;
pub mod delete;
mod edited;
pub mod encrypt;
pub mod fragment;
pub mod ingest;
mod manifests;
mod part_assembler;
pub mod publish;
mod read_index;
pub(crate) mod read_plan;
mod read_receipts;
mod read_subtitles;
pub(crate) mod segments;
pub(crate) mod stage;
mod write_output;
mod write_parts;
