//! The level in a codecs string: how demanding the stream is.

/// The level of a stream, by which streams of one codec compare: first the number, then the tier.
///
/// The numbers of one codec are on one scale: `level_idc` of H.264 and H.265, `seq_level_idx` of AV1, ten times the level of VP9,
/// the level of Dolby Vision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Level {
    number: u32,
    is_high_tier: bool,
}

impl Level {
    /// Reads the level from a codecs string: `avc1.PPCCLL` (RFC 6381 3.3), `hvc1.P.C.TLL` (ISO/IEC 14496-15 annex E.3),
    /// `av01.P.LLT.DD` (AV1 in ISOBMFF 5), `vp09.PP.LL.DD`, and `dvh1.PP.LL`. A string of another form has level 0.
    pub(super) fn of(codecs: &str) -> Self {
        let mut fields = codecs.split('.');
        let kind = fields.next().unwrap_or_default();
        let level = match kind {
            "avc1" | "avc3" => fields.next().and_then(|field| field.get(4..)).and_then(hexadecimal),
            "hvc1" | "hev1" => fields.nth(2).and_then(after_tier),
            "av01" => fields.nth(1).and_then(before_tier),
            _ => fields.nth(1).and_then(|field| field.parse().ok()).map(|number| Self { number, is_high_tier: false }),
        };
        level.unwrap_or_default()
    }
}

/// Reads `LL`.
fn hexadecimal(field: &str) -> Option<Level> {
    /// Level 1b has number 9 in the profiles without `constraint_set3_flag`; it is between levels 1 and 1.1.
    const LEVEL_1B: u32 = 9;
    let number = u32::from_str_radix(field, 16).ok()?;
    Some(Level { number: if number == LEVEL_1B { 10 } else { number }, is_high_tier: number == LEVEL_1B })
}

/// Reads `L93` or `H120`.
fn after_tier(field: &str) -> Option<Level> {
    let (is_high_tier, number) = match field.strip_prefix('H') {
        Some(number) => (true, number),
        None => (false, field.strip_prefix('L')?),
    };
    Some(Level { number: number.parse().ok()?, is_high_tier })
}

/// Reads `04M` or `13H`.
fn before_tier(field: &str) -> Option<Level> {
    let (is_high_tier, number) = match field.strip_suffix('H') {
        Some(number) => (true, number),
        None => (false, field.strip_suffix('M')?),
    };
    Some(Level { number: number.parse().ok()?, is_high_tier })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs of the lower and the higher level. As strings, most compare the other way round.
    #[test]
    fn levels_compare_by_number() {
        for (lower, higher) in [
            ("avc1.64001F", "avc1.4D0028"),
            ("avc1.64000A", "avc1.640009"),
            ("avc1.640009", "avc1.64000B"),
            ("hvc1.1.6.L93.B0", "hvc1.1.6.L120.B0"),
            ("hvc1.2.4.L93.B0", "hvc1.1.6.L120.90"),
            ("hev1.2.4.L120.B0", "hev1.2.4.H120.B0"),
            ("hvc1.2.4.H93.B0", "hvc1.2.4.L120.B0"),
            ("hvc1.A1.6.L60.B0", "hvc1.1.6.L90"),
            ("av01.1.04M.08", "av01.0.08M.10"),
            ("av01.0.13M.10", "av01.0.13H.10"),
            ("vp09.02.10.10", "vp09.00.41.08"),
            ("dvh1.08.03", "dvh1.05.06"),
        ] {
            assert!(Level::of(lower) < Level::of(higher), "{lower} {higher}");
        }
    }
}
