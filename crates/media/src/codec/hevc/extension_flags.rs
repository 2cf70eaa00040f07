//! The extension flags of SPS and PPS (ITU-T H.265 7.3.2.2.1, 7.3.2.3.1).

use crate::codec::rbsp_reader::RbspReader;

/// The extensions of a parameter set that slice headers depend on, and those that precede them.
#[derive(Default)]
pub(super) struct ExtensionFlags {
    /// `sps_range_extension_flag` or `pps_range_extension_flag`.
    pub(super) range: bool,
    /// `sps_3d_extension_flag` or `pps_3d_extension_flag`.
    pub(super) three_d: bool,
    /// `sps_scc_extension_flag` or `pps_scc_extension_flag`: screen content coding.
    pub(super) scc: bool,
}

impl ExtensionFlags {
    /// Parses `sps_extension_present_flag` or `pps_extension_present_flag`, and the flags after it.
    ///
    /// No profile has the multilayer or 3D extension together with the screen content extension (A.3, G.11, H.11, I.11). A set
    /// that claims to have both does not parse.
    pub(super) fn parse(bits: &mut RbspReader<'_>) -> Option<Self> {
        if !bits.flag()? {
            return Some(Self::default());
        }
        let (range, multilayer, three_d, scc) = (bits.flag()?, bits.flag()?, bits.flag()?, bits.flag()?);
        bits.skip(4)?; // sps_extension_4bits or pps_extension_4bits
        (!scc || !multilayer && !three_d).then_some(Self { range, three_d, scc })
    }
}
