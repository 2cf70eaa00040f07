//! The codecs string of VP9 (VP Codec ISO Media File Format Binding, "Codecs Parameter String").

/// The optional fields at their defaults: 4:2:0 with chroma colocated with luma vertically, BT.709, limited range.
const DEFAULT_COLOURS: &str = ".01.01.01.01.00";

/// Returns `vp09.PP.LL.DD`, followed by the optional fields unless all have their default values.
///
/// The fields are those of the configuration box: profile; level; bit depth, subsampling and range; primaries; transfer; matrix.
pub(super) fn codecs([profile, level, packed, primaries, transfer, matrix]: [u8; 6]) -> String {
    let (bit_depth, subsampling, full_range) = (packed >> 4, (packed >> 1) & 7, packed & 1);
    let colours = format!(".{subsampling:02}.{primaries:02}.{transfer:02}.{matrix:02}.{full_range:02}");
    let colours = if colours == DEFAULT_COLOURS { "" } else { &colours };
    format!("vp09.{profile:02}.{level:02}.{bit_depth:02}{colours}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_left_out_of_the_codecs_string() {
        assert_eq!(codecs([0, 31, 0x82, 1, 1, 1]), "vp09.00.31.08");
        assert_eq!(codecs([2, 10, 0xa3, 9, 16, 9]), "vp09.02.10.10.01.09.16.09.01");
    }
}
