//! Types of MPD attributes (ISO/IEC 23009-1 Annex B), each with the values that it accepts.

/// The type of an attribute.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type {
    /// `xs:unsignedInt`.
    Int,
    /// `xs:unsignedLong`.
    Long,
    /// `xs:integer`, for `S@r`.
    Integer,
    /// `xs:double`, as a whole number.
    Double,
    /// `xs:boolean`.
    Boolean,
    /// `xs:duration`.
    Duration,
    /// `xs:anyURI`: not empty, no white space.
    Uri,
    /// `xs:string`.
    Text,
    /// `xs:language` (BCP 47).
    Language,
    /// `StringNoWhitespaceType`.
    NoWhiteSpace,
    /// `RatioType`: `[0-9]*:[0-9]*`.
    Ratio,
    /// `FrameRateType`: `[0-9]+(/[1-9][0-9]*)?`, greater than zero.
    FrameRate,
    /// `VideoScanType`: `progressive`, `interlaced` or `unknown`.
    Scan,
    /// `AudioSamplingRateType`: one or two `xs:unsignedInt`.
    SamplingRate,
    /// `CodecsType`: codecs of RFC 6381 with commas, no white space.
    Codecs,
    /// `SAPType`: 0 to 6.
    AccessPoint,
    /// `SwitchableType` and other enumerations.
    OneOf(&'static [&'static str]),
    /// `SingleRFC7233RangeType`: `[0-9]*(-[0-9]*)?`.
    Range,
    /// `ListOfProfilesType`: URIs with commas.
    Profiles,
}

impl Type {
    /// Returns whether a value is valid for the type.
    pub(super) fn accepts(self, value: &str) -> bool {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_token = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
        match self {
            Self::Int => digits(value) && value.parse::<u32>().is_ok(),
            Self::Double | Self::Long => digits(value) && value.parse::<u64>().is_ok(),
            Self::Integer => value.parse::<i64>().is_ok(),
            Self::Scan => ["progressive", "interlaced", "unknown"].contains(&value),
            Self::Boolean => ["true", "false", "1", "0"].contains(&value),
            Self::Duration => is_duration(value),
            Self::Uri | Self::NoWhiteSpace => is_token(value),
            Self::Text => true,
            Self::Language => {
                let part =
                    |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
                value.split('-').all(part) && value.starts_with(|first: char| first.is_ascii_alphabetic())
            }
            Self::Ratio => value.split_once(':').is_some_and(|(h, v)| digits(h) && digits(v)),
            Self::FrameRate => {
                let (frames, seconds) = value.split_once('/').unwrap_or((value, "1"));
                digits(frames) && frames.parse() != Ok(0_u64) && digits(seconds) && !seconds.starts_with('0')
            }
            Self::SamplingRate => {
                let rates: Vec<_> = value.split(' ').collect();
                (1..=2).contains(&rates.len()) && rates.iter().all(|rate| rate.parse::<u32>().is_ok())
            }
            Self::Codecs => value.split(',').all(|codec| {
                is_token(codec)
                    && codec.split('.').all(|part| !part.is_empty())
                    && codec.is_ascii()
                    && !codec.contains('"')
            }),
            Self::AccessPoint => value.len() == 1 && ("0"..="6").contains(&value),
            Self::OneOf(values) => values.contains(&value),
            Self::Range => value.split_once('-').is_some_and(|(first, last)| digits(first) && digits(last)),
            Self::Profiles => value.split(',').all(is_token),
        }
    }
}

/// Returns whether a value has the form `PnYnMnDTnHnMnS`: parts in this order, each at most once, at least one. Only the
/// seconds may have a fraction.
fn is_duration(value: &str) -> bool {
    let Some(rest) = value.strip_prefix('P') else { return false };
    let (date, time) = rest.split_once('T').map_or((rest, None), |(date, time)| (date, Some(time)));
    let parts = |mut text: &str, units: &str, seconds: bool| {
        let mut last = 0;
        while !text.is_empty() {
            let Some(end) = text.find(|c: char| !c.is_ascii_digit() && c != '.') else { return false };
            let (number, unit) = text.split_at(end);
            let place = units.find(&unit[..1]).map(|place| place + 1).filter(|place| *place > last);
            let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
            let is_number = [whole, fraction].iter().all(|part| !part.is_empty() && part.parse::<u64>().is_ok());
            let Some(place) = place.filter(|_| is_number) else { return false };
            if number.contains('.') && !(seconds && unit.starts_with('S')) {
                return false;
            }
            (last, text) = (place, &unit[1..]);
        }
        true
    };
    parts(date, "YMD", false)
        && time.is_none_or(|time| !time.is_empty() && parts(time, "HMS", true))
        && !(date.is_empty() && time.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_form_of_the_standard() {
        for good in ["PT0S", "PT30S", "PT5.005S", "P1DT2H3M4S", "P1Y", "PT1H"] {
            assert!(is_duration(good), "{good}");
        }
        for bad in ["", "P", "PT", "30S", "PT30", "PT1S2M", "PT1.5M", "PT.5S", "PT-1S", "P1S", "PT1e3S"] {
            assert!(!is_duration(bad), "{bad}");
        }
    }

    #[test]
    fn values_must_match_their_types() {
        assert!(Type::FrameRate.accepts("30000/1001") && !Type::FrameRate.accepts("29.97"));
        assert!(!Type::FrameRate.accepts("0") && !Type::FrameRate.accepts("30/0"));
        assert!(Type::Ratio.accepts("16:9") && !Type::Ratio.accepts("16/9") && !Type::Ratio.accepts(":"));
        assert!(Type::Codecs.accepts("avc1.64001F,mp4a.40.2") && !Type::Codecs.accepts("avc1.64001F, mp4a.40.2"));
        assert!(!Type::Codecs.accepts("hvc1..") && !Type::Codecs.accepts(""));
        assert!(
            Type::Language.accepts("de-CH") && !Type::Language.accepts("deutschland") && !Type::Language.accepts("")
        );
        assert!(Type::Int.accepts("4294967295") && !Type::Int.accepts("4294967296") && !Type::Int.accepts("+1"));
        assert!(Type::AccessPoint.accepts("3") && !Type::AccessPoint.accepts("7"));
        assert!(Type::Range.accepts("0-99") && !Type::Range.accepts("99"));
        assert!(!Type::NoWhiteSpace.accepts("a b"));
    }
}
