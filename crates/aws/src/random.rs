//! Numbers that nobody can guess.

use vpp_pipeline::ports::Unavailable;

/// Sixteen random bytes of the operating system.
///
/// # Errors
/// When it gives none.
pub fn random() -> Result<[u8; 16], Unavailable> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Unavailable::new("getrandom", error.to_string().into()))?;
    Ok(bytes)
}
