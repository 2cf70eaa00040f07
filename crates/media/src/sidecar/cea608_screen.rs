//! The memory of a CEA-608 decoder: 15 rows of 32 characters.

use super::cues::SidecarCue;
use crate::number::u64_of;
use crate::text::CueMarkup;

/// Number of rows.
pub(super) const ROWS: usize = 15;

/// Number of columns.
pub(super) const COLUMNS: usize = 32;

/// Rows from this one are where players show cues anyway.
const FIRST_LOW_ROW: usize = 11;

/// A character with its faces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// The character; `None` where nothing is written.
    pub(super) character: Option<char>,
    /// Its face styles.
    pub(super) faces: u8,
}

type Row = [Cell; COLUMNS];

/// A memory: displayed or not.
#[derive(Debug, Clone, Default)]
pub(super) struct Screen {
    rows: [Row; ROWS],
}

impl Screen {
    /// Returns the cell at a position, if there is one.
    pub(super) fn cell(&mut self, row: usize, column: usize) -> Option<&mut Cell> {
        self.rows.get_mut(row)?.get_mut(column)
    }

    /// Erases a row from `column`.
    pub(super) fn erase_to_end(&mut self, row: usize, column: usize) {
        let cells = self.rows.get_mut(row).and_then(|row| row.get_mut(column..));
        cells.unwrap_or_default().fill(Cell::default());
    }

    /// Moves `count` rows that end with row `base` up by one row; row `base` becomes empty.
    pub(super) fn roll_up(&mut self, base: usize, count: usize) {
        let end = base.saturating_add(1).min(ROWS);
        let rolled = self.rows.get_mut(end.saturating_sub(count)..end).unwrap_or_default();
        if let Some(first) = rolled.first_mut() {
            *first = Row::default();
        }
        if !rolled.is_empty() {
            rolled.rotate_left(1);
        }
    }

    /// Moves the `count` rows that end with row `from` so that they end with row `to`.
    pub(super) fn move_rows(&mut self, from: usize, to: usize, count: usize) {
        let mut moved = Self::default();
        for distance in 0..count {
            let rows = from.checked_sub(distance).zip(to.checked_sub(distance));
            if let Some((source, target)) =
                rows.and_then(|(from, to)| Some((self.rows.get(from)?, moved.rows.get_mut(to)?)))
            {
                *target = *source;
            }
        }
        *self = moved;
    }

    /// Returns whether no character is visible.
    pub(super) fn is_empty(&self) -> bool {
        let mut cells = self.rows.iter().flatten();
        cells.all(|cell| cell.character.is_none_or(char::is_whitespace))
    }

    /// Adds a cue for each group of adjacent rows, shown from `start` to `end`, in milliseconds.
    pub(super) fn add_cues(&self, start: u64, end: u64, cues: &mut Vec<SidecarCue>) {
        let is_blank = |row: &Row| row.iter().all(|cell| cell.character.is_none_or(char::is_whitespace));
        let mut group: Option<(usize, CueMarkup)> = None;
        let blank = Row::default();
        for (number, row) in self.rows.iter().chain(std::iter::once(&blank)).enumerate() {
            if is_blank(row) {
                if let Some((first, markup)) = group.take() {
                    let settings = settings(first);
                    cues.push(SidecarCue { start, end, settings, text: markup.finish() });
                }
                continue;
            }
            let (_, markup) = group.get_or_insert_with(|| (number, CueMarkup::default()));
            write_row(row, markup);
        }
    }
}

fn write_row(row: &Row, markup: &mut CueMarkup) {
    let used = |cell: &Cell| cell.character.is_some_and(|c| !c.is_whitespace());
    let last = row.iter().rposition(used).unwrap_or(0);
    let mut in_space = false;
    for cell in row.iter().take(last.saturating_add(1)).skip_while(|cell| !used(cell)) {
        let c = cell.character.unwrap_or(' ');
        if !(c == ' ' && std::mem::replace(&mut in_space, c == ' ')) {
            markup.push(c, cell.faces);
        }
        in_space = c == ' ';
    }
    markup.push('\n', 0);
}

/// Returns the settings of a cue whose first row is `row`: rows are in the part of the frame from 10 % to 90 % of its height.
fn settings(row: usize) -> String {
    if row >= FIRST_LOW_ROW {
        return String::new();
    }
    let percent = u64_of(row).saturating_mul(80) / 15;
    format!("line:{}%", percent.saturating_add(10))
}
