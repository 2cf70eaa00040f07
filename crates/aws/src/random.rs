//! Unpredictable random numbers.

use vpp_pipeline::error::Unavailable;

/// Returns sixteen random bytes of the operating system.
///
/// # Errors
/// When the operating system has no random source.
pub fn random() -> Result<[u8; 16], Unavailable> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Unavailable::new("getrandom", error.to_string().into()))?;
    Ok(bytes)
}
