//! Closed caption services.

use serde::{Deserialize, Serialize};

/// A closed caption service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CaptionService {
    /// Channel CC1 to CC4 of CEA-608, by its number.
    Cea608(u8),
    /// Service 1 to 63 of CEA-708, by its number.
    Cea708(u8),
}
