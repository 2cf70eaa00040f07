//! The codecs string of H.265 (ISO/IEC 14496-15 annex E.3).

use super::hvcc::HevcConfig;

impl HevcConfig {
    /// Returns the part of the codecs string after the sample entry type: profile, compatibility flags in reverse bit order, tier
    /// and level, and the constraint flags up to the last byte that is not zero.
    #[must_use]
    pub fn codecs_suffix(&self) -> String {
        let profile_space = ["", "A", "B", "C"].get(usize::from(self.profile >> 6)).copied().unwrap_or_default();
        let tier = if self.profile & 0x20 == 0 { 'L' } else { 'H' };
        let (profile, compatibility, level) = (self.profile & 0x1f, self.compatibility.reverse_bits(), self.level);
        let mut constraints = self.constraints.as_slice();
        while let Some((0, before)) = constraints.split_last() {
            constraints = before;
        }
        let constraints = constraints.iter().map(|byte| format!(".{byte:X}"));
        format!("{profile_space}{profile}.{compatibility:X}.{tier}{level}{}", constraints.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isobmff::{BoxView, BoxWriter};

    /// Returns the `codecs_suffix` of an `hvcC` box whose fields from `general_profile_space` to `general_level_idc` are
    /// `fields`.
    fn codecs_suffix(fields: [u8; 12]) -> String {
        let mut w = BoxWriter::new();
        w.plain(b"hvcC", |w| {
            w.u8(1);
            w.raw(&fields);
            w.zeros(8);
            w.raw(&[3, 0]);
        });
        HevcConfig::parse(&BoxView::parse(&w.finish().unwrap(), 0).unwrap()).unwrap().codecs_suffix()
    }

    #[test]
    fn codecs_strings_are_those_of_the_standard() {
        assert_eq!(codecs_suffix([1, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93]), "1.6.L93.B0");
        assert_eq!(codecs_suffix([0x22, 0x20, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 153]), "2.4.H153.90");
        assert_eq!(codecs_suffix([0x44, 8, 0, 0, 0, 0xb0, 0x23, 0, 8, 0, 0, 120]), "A4.10.L120.B0.23.0.8");
        assert_eq!(codecs_suffix([1, 0x60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 30]), "1.6.L30");
    }
}
