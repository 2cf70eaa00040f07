//! Time expressions of TTML (TTML2 12.3.1), and the parameters that they depend on.

/// Digits of a fraction that are used: nanoseconds.
const FRACTION_DIGITS: usize = 9;

/// The parameters of a document (TTML2 7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeParameters {
    /// Frames per second, before the multiplier.
    frame_rate: u64,
    /// Numerator and denominator of the frame rate's multiplier.
    multiplier: (u64, u64),
    sub_frames: u64,
    ticks: Option<u64>,
    has_frame_rate: bool,
    /// Whether times are time codes (`smpte`), of which every frame is counted.
    is_smpte: bool,
    /// Whether the time codes drop frame numbers (`dropNTSC`).
    is_drop_frame: bool,
}

impl Default for TimeParameters {
    fn default() -> Self {
        Self {
            frame_rate: 30,
            multiplier: (1, 1),
            sub_frames: 1,
            ticks: None,
            has_frame_rate: false,
            is_smpte: false,
            is_drop_frame: false,
        }
    }
}

impl TimeParameters {
    /// Sets the parameter with this local name; returns `None` if its value is malformed.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Option<()> {
        let value = value.trim();
        let positive =
            |text: &str| text.parse::<u64>().ok().filter(|number| (1..=u64::from(u32::MAX)).contains(number));
        match name {
            "frameRate" => {
                self.frame_rate = positive(value)?;
                self.has_frame_rate = true;
            }
            "frameRateMultiplier" => {
                // TTML1 and its predecessors separate the numbers by a colon.
                let (numerator, denominator) = value.split_once([' ', ':'])?;
                self.multiplier = (positive(numerator.trim())?, positive(denominator.trim())?);
            }
            "subFrameRate" => self.sub_frames = positive(value)?,
            "tickRate" => self.ticks = Some(positive(value)?),
            "timeBase" => self.is_smpte = value == "smpte",
            "dropMode" => self.is_drop_frame = value == "dropNTSC",
            _ => {}
        }
        Some(())
    }

    /// Parses a time expression to milliseconds.
    pub(super) fn milliseconds(&self, text: &str) -> Option<u64> {
        let text = text.trim();
        if text.contains(':') { self.clock_time(text) } else { self.offset_time(text) }
    }

    /// Parses `hh:mm:ss`, with a fraction of the second, or with frames and sub-frames.
    fn clock_time(&self, text: &str) -> Option<u64> {
        let mut parts = text.split([':', ';']);
        let hours = digits(parts.next()?)?;
        let minutes = digits(parts.next()?).filter(|minutes| *minutes < 60)?;
        let seconds = parts.next()?;
        let frames = parts.next();
        if parts.next().is_some() {
            return None;
        }
        let minutes = hours.checked_mul(60)?.checked_add(minutes)?;
        let whole = |seconds: u64| minutes.checked_mul(60)?.checked_add(seconds).filter(|_| seconds <= 60);
        let Some(frames) = frames else {
            let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
            return whole(digits(seconds)?)?.checked_mul(1000)?.checked_add(thousandths(fraction)?);
        };
        let (frames, sub_frames) = frames.split_once('.').unwrap_or((frames, "0"));
        let (seconds, frames, sub_frames) = (whole(digits(seconds)?)?, digits(frames)?, digits(sub_frames)?);
        if frames >= self.frame_rate {
            return None;
        }
        if self.is_smpte {
            let dropped = if self.is_drop_frame { minutes.checked_sub(minutes / 10)?.checked_mul(2)? } else { 0 };
            let counted = seconds.checked_mul(self.frame_rate)?.checked_add(frames)?.checked_sub(dropped)?;
            return self.of_frames(counted, sub_frames);
        }
        seconds.checked_mul(1000)?.checked_add(self.of_frames(frames, sub_frames)?)
    }

    /// Parses a number with its unit: `h`, `m`, `s`, `ms`, `f` or `t`.
    fn offset_time(&self, text: &str) -> Option<u64> {
        let (number, unit) = text.split_at_checked(text.find(|c: char| c.is_ascii_alphabetic())?)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let whole = digits(whole)?;
        // A fraction counts in billionths of the unit.
        let billionths = billionths(fraction)?;
        let units = u128::from(whole).checked_mul(1_000_000_000)?.checked_add(u128::from(billionths))?;
        let (numerator, denominator) = match unit {
            "h" => (3_600_000, 1),
            "m" => (60_000, 1),
            "s" => (1000, 1),
            "ms" => (1, 1),
            "f" => (self.multiplier.1.checked_mul(1000)?, self.frame_rate.checked_mul(self.multiplier.0)?),
            "t" => (1000, self.tick_rate()?),
            _ => return None,
        };
        rounded(units.checked_mul(u128::from(numerator))?, u128::from(denominator).checked_mul(1_000_000_000)?)
    }

    fn of_frames(&self, frames: u64, sub_frames: u64) -> Option<u64> {
        let units = u128::from(frames).checked_mul(u128::from(self.sub_frames))?.checked_add(u128::from(sub_frames))?;
        let numerator = units.checked_mul(u128::from(self.multiplier.1))?.checked_mul(1000)?;
        let rate = u128::from(self.frame_rate).checked_mul(u128::from(self.multiplier.0))?;
        rounded(numerator, rate.checked_mul(u128::from(self.sub_frames))?)
    }

    /// Returns ticks per second: by default one for each sub-frame, or one per second without a frame rate (TTML2 7.2.10).
    fn tick_rate(&self) -> Option<u64> {
        let default = if self.has_frame_rate { self.frame_rate.checked_mul(self.sub_frames)? } else { 1 };
        Some(self.ticks.unwrap_or(default))
    }
}

fn digits(text: &str) -> Option<u64> {
    let is_number = (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

fn billionths(fraction: &str) -> Option<u64> {
    let is_number = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = fraction.get(..FRACTION_DIGITS).unwrap_or(fraction);
    format!("{fraction:0<FRACTION_DIGITS$}").parse().ok().filter(|_| is_number)
}

fn thousandths(fraction: &str) -> Option<u64> {
    rounded(u128::from(billionths(fraction)?), 1_000_000)
}

fn rounded(numerator: u128, denominator: u128) -> Option<u64> {
    let half = denominator.checked_div(2)?;
    u64::try_from(numerator.checked_add(half)?.checked_div(denominator)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(values: &[(&str, &str)]) -> TimeParameters {
        let mut parameters = TimeParameters::default();
        values.iter().for_each(|(name, value)| parameters.set(name, value).unwrap());
        parameters
    }

    /// TTML2 12.3.1: the examples' rules, computed by hand.
    #[test]
    fn time_expressions_have_clock_times_offsets_frames_and_ticks() {
        let none = parameters(&[]);
        let ntsc = parameters(&[("frameRate", "30"), ("frameRateMultiplier", "1000 1001"), ("subFrameRate", "2")]);
        let ticks = parameters(&[("tickRate", "10000000")]);
        let drop = parameters(&[
            ("frameRate", "30"),
            ("frameRateMultiplier", "1000 1001"),
            ("timeBase", "smpte"),
            ("dropMode", "dropNTSC"),
        ]);
        for (parameters, text, expected) in [
            (none, "01:02:03", Some(3_723_000)),
            (none, "00:00:01.5", Some(1500)),
            (none, "00:00:01.23456", Some(1235)),
            (none, "00:00:01:15", Some(1500)),
            (none, "00:00:01:30", None),
            (none, "1.5h", Some(5_400_000)),
            (none, "2m", Some(120_000)),
            (none, "7.25s", Some(7250)),
            (none, "250ms", Some(250)),
            (none, "45f", Some(1500)),
            (none, "3t", Some(3000)),
            (ntsc, "00:00:00:15", Some(501)),
            (ntsc, "00:00:00:15.1", Some(517)),
            (ntsc, "30f", Some(1001)),
            (ticks, "15000000t", Some(1500)),
            (drop, "01:00:00:00", Some(3_599_996)),
            (none, "5", None),
            (none, "1:2:3:4:5", None),
            (none, "99999999999999999h", None),
            (none, "-1s", None),
            (none, "", None),
        ] {
            assert_eq!(parameters.milliseconds(text), expected, "{text}");
        }
        assert!(TimeParameters::default().set("frameRate", "0").is_none());
    }
}
