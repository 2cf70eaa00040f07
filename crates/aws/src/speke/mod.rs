//! Content keys from a DRM key provider, by SPEKE v2.0: a CPIX document is sent over HTTPS and comes back with keys and
//! DRM signalling filled in.
//!
//! The provider generates the key of a package and the signalling of its DRM systems. The package id is the content id, and
//! the key id is the one that the platform would use itself. A provider that receives the same request again, as happens on a
//! retry, returns the same key. From there on it is a key like any other: wrapped by KMS, never stored in plaintext, never
//! logged.
//!
//! A call is limited in time and size. It is authenticated by headers from a secret, by a signature for API Gateway
//! (Signature Version 4), by both, or not at all.

mod client;
mod cpix_request;
mod cpix_response;
mod drm_system;
mod key_vault;
mod xml;

pub use client::KeyProvider;
pub use drm_system::DrmSystem;
pub use key_vault::SpekeKeyVault;

#[cfg(test)]
mod tests;
