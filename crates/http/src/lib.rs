//! What the functions that speak HTTP answer alike: problems (RFC 9457).

pub mod problem;

pub use problem::Problem;
