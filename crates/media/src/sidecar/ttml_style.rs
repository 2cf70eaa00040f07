//! The styles of TTML (TTML2 10.2) that WebVTT cues have: faces, alignment, and the vertical position of a region.

use super::loss::{Loss, Losses};
use crate::text::{BOLD, ITALIC, UNDERLINED};

/// Units that lengths of a document are relative to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extents {
    /// Height of the root container in pixels (`tts:extent` of `tt`), if stated.
    pub(super) height: Option<f64>,
    /// Rows of the cell grid (`ttp:cellResolution`).
    pub(super) rows: f64,
}

impl Default for Extents {
    fn default() -> Self {
        Self { height: None, rows: 15.0 }
    }
}

impl Extents {
    /// Sets what an attribute of `tt` states.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let second = value.split_whitespace().nth(1);
        match name {
            "extent" => self.height = second.and_then(|height| height.strip_suffix("px")?.parse().ok()),
            "cellResolution" => self.rows = second.and_then(|rows| rows.parse().ok()).unwrap_or(self.rows),
            _ => {}
        }
    }

    /// Returns the second of two lengths in per cent of the height.
    fn vertical(&self, value: &str) -> Option<f64> {
        let length = value.split_whitespace().nth(1)?;
        let unit = length.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
        let number: f64 = length.strip_suffix(unit)?.parse().ok()?;
        let percent = match unit {
            "%" => number,
            "c" => number / self.rows * 100.0,
            "px" => number / self.height? * 100.0,
            _ => return None,
        };
        percent.is_finite().then(|| percent.clamp(0.0, 100.0))
    }
}

/// Where a region shows its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DisplayAlign {
    Before,
    Center,
    After,
}

/// The styles of an element. `None` where it states nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Style {
    bold: Option<bool>,
    italic: Option<bool>,
    underlined: Option<bool>,
    align: Option<&'static str>,
    /// Top of a region in per cent.
    top: Option<f64>,
    /// Height of a region in per cent.
    height: Option<f64>,
    display_align: Option<DisplayAlign>,
}

impl Style {
    /// Sets what an attribute states. Styles that WebVTT does not have are counted.
    pub(super) fn set(&mut self, name: &str, value: &str, extents: &Extents, losses: &mut Losses) {
        match name {
            "fontWeight" => self.bold = Some(value == "bold"),
            "fontStyle" => self.italic = Some(matches!(value, "italic" | "oblique")),
            "textDecoration" => {
                let mut words = value.split_whitespace();
                self.underlined = words.find_map(|word| match word {
                    "underline" => Some(true),
                    "noUnderline" | "none" => Some(false),
                    _ => None,
                });
            }
            "textAlign" => {
                self.align = match value {
                    "start" => Some("start"),
                    "left" => Some("left"),
                    "end" => Some("end"),
                    "right" => Some("right"),
                    _ => Some("center"),
                }
            }
            "origin" => self.top = extents.vertical(value),
            "extent" => self.height = extents.vertical(value),
            "displayAlign" => {
                self.display_align = match value {
                    "before" => Some(DisplayAlign::Before),
                    "center" => Some(DisplayAlign::Center),
                    _ => Some(DisplayAlign::After),
                }
            }
            "color" | "backgroundColor" | "opacity" => losses.add(Loss::Colours),
            "fontFamily" | "fontSize" | "textOutline" | "textShadow" | "lineHeight" => losses.add(Loss::Fonts),
            "ruby" | "textCombine" => losses.add(Loss::Layouts),
            "writingMode" if !value.starts_with("lr") => losses.add(Loss::Layouts),
            "backgroundImage" => losses.add(Loss::Images),
            "position" | "padding" => losses.add(Loss::Positions),
            _ => {}
        }
    }

    /// Returns these styles where an element states them, and `other` elsewhere.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            bold: self.bold.or(other.bold),
            italic: self.italic.or(other.italic),
            underlined: self.underlined.or(other.underlined),
            align: self.align.or(other.align),
            top: self.top.or(other.top),
            height: self.height.or(other.height),
            display_align: self.display_align.or(other.display_align),
        }
    }

    /// Returns the face styles.
    pub(super) fn faces(&self) -> u8 {
        let face = |is_set: Option<bool>, face| if is_set == Some(true) { face } else { 0 };
        face(self.bold, BOLD) | face(self.italic, ITALIC) | face(self.underlined, UNDERLINED)
    }

    /// Returns the settings of a cue with these styles, in `region`. The default of TTML is the start of lines and the top of a
    /// region; a document without a region is shown where players show subtitles.
    pub(super) fn settings(&self, region: Option<&Style>) -> String {
        let mut settings = region.and_then(Self::line).map(|line| format!("line:{line:.0}%")).unwrap_or_default();
        let align = self.align.or(region.and_then(|region| region.align)).filter(|align| *align != "center");
        if let Some(align) = align {
            if !settings.is_empty() {
                settings.push(' ');
            }
            settings.push_str("align:");
            settings.push_str(align);
        }
        settings
    }

    /// Returns the first line of a region in per cent of the height; `None` if it is where players show subtitles.
    fn line(region: &Style) -> Option<f64> {
        let top = region.top?;
        let height = region.height.unwrap_or(100.0 - top).min(100.0 - top);
        let line = match region.display_align.unwrap_or(DisplayAlign::Before) {
            DisplayAlign::Before => top,
            DisplayAlign::Center => top + height / 2.0,
            DisplayAlign::After => top + height - LINES_ABOVE,
        };
        (line < LOW).then_some(line.max(0.0))
    }
}

/// Height of two lines in per cent: where text starts that ends at the bottom of a region.
const LINES_ABOVE: f64 = 12.0;

/// Lines from here on, in per cent, are where players show subtitles.
const LOW: f64 = 70.0;
