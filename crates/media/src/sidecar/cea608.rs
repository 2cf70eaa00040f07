//! A decoder of CEA-608 captions (ANSI/CTA-608-E): pairs of bytes in, cues out.
//!
//! Captions have three styles. *Pop-on* captions are written to a memory that is not displayed, and shown at once. *Roll-up*
//! captions are written to the lowest of two to four displayed rows, which move up at each carriage return. *Paint-on* captions
//! are written to the display. WebVTT cues do not change while they are shown. So the cue of a roll-up or paint-on caption has its
//! complete text, from the time of its first character.
//!
//! Of the four channels, only the first (CC1) is decoded: nearly all files have no other.

use super::cea608_characters::{basic, extended, special};
use super::cea608_screen::{COLUMNS, ROWS, Screen};
use super::cues::SidecarCue;
use super::loss::{Loss, Losses};
use crate::text::{ITALIC, UNDERLINED};

/// Captions that no code erases stay for this time after the last code, in milliseconds.
const LAST_CUE_MS: u64 = 4000;

/// How characters reach the display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Before the first command, and in text mode: characters are not captions.
    None,
    PopOn,
    RollUp(usize),
    PaintOn,
}

/// A decoder with the cues that are complete.
#[derive(Debug)]
pub(super) struct Decoder<'l> {
    displayed: Screen,
    hidden: Screen,
    style: Style,
    row: usize,
    column: usize,
    faces: u8,
    /// The control code before this pair, which may be repeated.
    last_control: Option<[u8; 2]>,
    /// Whether the last control code was of the first channel.
    is_selected: bool,
    /// When the displayed captions appeared, in milliseconds.
    shown_since: u64,
    cues: Vec<SidecarCue>,
    losses: &'l mut Losses,
}

impl<'l> Decoder<'l> {
    /// Creates a decoder with an empty display.
    pub(super) fn new(losses: &'l mut Losses) -> Self {
        Self {
            displayed: Screen::default(),
            hidden: Screen::default(),
            style: Style::None,
            row: ROWS.saturating_sub(1),
            column: 0,
            faces: 0,
            last_control: None,
            is_selected: true,
            shown_since: 0,
            cues: Vec::new(),
            losses,
        }
    }

    /// Decodes a pair of bytes without parity bits, at a time in milliseconds.
    pub(super) fn decode(&mut self, [first, second]: [u8; 2], time: u64) {
        if !(0x10..=0x1f).contains(&first) {
            // Codes of extended data services (XDS) start below 0x10. A pair of zeros is padding.
            self.last_control = None;
            if self.is_selected && first >= 0x20 {
                [first, second].into_iter().filter_map(basic).for_each(|c| self.write(c, time));
            }
            return;
        }
        if self.last_control.take() == Some([first, second]) {
            return;
        }
        self.last_control = Some([first, second]);
        self.is_selected = first & 0x08 == 0;
        if !self.is_selected {
            self.losses.add(Loss::Channels);
            return;
        }
        match (first, second) {
            (_, 0x40..) => self.address(first, second),
            (0x11, 0x20..=0x2f) => self.mid_row(second, time),
            (0x11, 0x30..=0x3f) => special(second).into_iter().for_each(|c| self.write(c, time)),
            (0x12 | 0x13, 0x20..=0x3f) => {
                self.column = self.column.saturating_sub(1);
                extended(first, second).into_iter().for_each(|c| self.write(c, time));
            }
            (0x14 | 0x15, 0x20..=0x2f) => self.command(second, time),
            (0x17, 0x21..=0x23) => {
                let columns = usize::from(second & 3);
                self.column = self.column.saturating_add(columns).min(COLUMNS.saturating_sub(1));
            }
            (0x10, 0x20..=0x2f) | (0x17, 0x2d..=0x2f) => self.losses.add(Loss::Colours),
            _ => {}
        }
    }

    /// Ends the captions, and returns the cues.
    pub(super) fn finish(mut self, time: u64) -> Vec<SidecarCue> {
        self.hide(time.saturating_add(LAST_CUE_MS));
        self.cues
    }

    /// Executes a miscellaneous control code.
    fn command(&mut self, code: u8, time: u64) {
        match code {
            0x20 => self.style = Style::PopOn,
            0x21 => {
                self.column = self.column.saturating_sub(1);
                let (row, column) = (self.row, self.column);
                if let Some(cell) = self.memory().and_then(|memory| memory.cell(row, column)) {
                    cell.character = None;
                }
            }
            0x24 => {
                let (row, column) = (self.row, self.column);
                if let Some(memory) = self.memory() {
                    memory.erase_to_end(row, column);
                }
            }
            0x25..=0x27 => {
                if !matches!(self.style, Style::RollUp(_)) {
                    self.hide(time);
                    self.displayed = Screen::default();
                    self.hidden = Screen::default();
                    self.row = ROWS.saturating_sub(1);
                }
                self.style = Style::RollUp(usize::from(code & 3).saturating_add(1));
                (self.column, self.faces) = (0, 0);
            }
            0x29 => {
                self.hide(time);
                self.style = Style::PaintOn;
            }
            0x2a | 0x2b => self.style = Style::None,
            0x2c => {
                self.hide(time);
                self.displayed = Screen::default();
            }
            0x2d => {
                if let Style::RollUp(count) = self.style {
                    self.hide(time);
                    self.displayed.roll_up(self.row, count);
                    (self.column, self.faces) = (0, 0);
                }
            }
            0x2e => self.hidden = Screen::default(),
            0x2f => {
                self.hide(time);
                std::mem::swap(&mut self.displayed, &mut self.hidden);
                self.style = Style::PopOn;
            }
            _ => {}
        }
    }

    /// Executes a preamble address code: row, indent or colour, and underline.
    fn address(&mut self, first: u8, second: u8) {
        let rows: [usize; 2] = match first {
            0x11 => [0, 1],
            0x12 => [2, 3],
            0x15 => [4, 5],
            0x16 => [6, 7],
            0x17 => [8, 9],
            0x10 => [10, 10],
            0x13 => [11, 12],
            _ => [13, 14],
        };
        let row = if second & 0x20 == 0 { rows[0] } else { rows[1] };
        if let (Style::RollUp(count), true) = (self.style, row != self.row) {
            self.displayed.move_rows(self.row, row, count);
        }
        self.row = row;
        self.set_attributes(second);
        self.column = if second & 0x10 == 0 { 0 } else { usize::from(second & 0x0e).saturating_mul(2) };
        if self.column > 0 {
            self.losses.add(Loss::Positions);
        }
    }

    /// Executes a mid-row code, which is shown as a space.
    fn mid_row(&mut self, code: u8, time: u64) {
        self.set_attributes(code & 0x0f);
        self.write(' ', time);
    }

    fn set_attributes(&mut self, code: u8) {
        let colour = if code & 0x10 == 0 { code >> 1 & 7 } else { 0 };
        if (1..=6).contains(&colour) {
            self.losses.add(Loss::Colours);
        }
        self.faces = if colour == 7 { ITALIC } else { 0 } | if code & 1 == 1 { UNDERLINED } else { 0 };
    }

    fn write(&mut self, character: char, time: u64) {
        let (row, column, faces) = (self.row, self.column, self.faces);
        if matches!(self.style, Style::RollUp(_) | Style::PaintOn) && self.displayed.is_empty() {
            self.shown_since = time;
        }
        let Some(cell) = self.memory().and_then(|memory| memory.cell(row, column)) else { return };
        (cell.character, cell.faces) = (Some(character), faces);
        // The last column is overwritten by what follows it.
        self.column = column.saturating_add(1).min(COLUMNS.saturating_sub(1));
    }

    /// Returns the memory that characters are written to.
    fn memory(&mut self) -> Option<&mut Screen> {
        match self.style {
            Style::None => None,
            Style::PopOn => Some(&mut self.hidden),
            Style::RollUp(_) | Style::PaintOn => Some(&mut self.displayed),
        }
    }

    /// Adds the cues of what is displayed until `time`. What is displayed then appears at that time.
    fn hide(&mut self, time: u64) {
        if self.shown_since < time {
            self.displayed.add_cues(self.shown_since, time, &mut self.cues);
        }
        self.shown_since = time;
    }
}
