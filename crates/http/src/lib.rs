//! Shared code of the HTTP functions: problem details (RFC 9457), JSON responses, request bodies, query parameters, and bearer
//! tokens.

pub mod bearer;
mod body;
mod object;
pub mod problem;
mod query;
mod response;

pub use body::unreadable_body;
pub use object::Object;
pub use problem::Problem;
pub use query::QueryParameters;
pub use response::json;
