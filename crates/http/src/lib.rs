//! Shared code of the HTTP functions: problem details (RFC 9457), JSON responses, request bodies, and bearer tokens.

pub mod bearer;
mod body;
pub mod problem;
mod response;

pub use body::unreadable_body;
pub use problem::Problem;
pub use response::json;
