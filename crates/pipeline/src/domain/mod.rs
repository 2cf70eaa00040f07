//! What the platform knows of contents and packages: values and rules, without I/O.

pub mod content;
pub mod event;
pub mod id;
pub mod layout;
pub mod message;
pub mod metric;
pub mod package;
pub mod part_plan;
pub mod state;
pub mod subtitles;
pub mod timestamp;
