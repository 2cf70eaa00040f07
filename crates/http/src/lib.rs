//! What the functions that speak HTTP answer alike: problems (RFC 9457), and leave for pages of other origins (CORS).

pub mod cors;
pub mod problem;

pub use problem::Problem;
