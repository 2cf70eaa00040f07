//! EBML (RFC 8794): the elements that a Matroska file consists of.

/// Maximum length of an element ID in bytes (`EBMLMaxIDLength` of Matroska, RFC 9559 8).
const MAX_ID_LENGTH: u32 = 4;

/// Maximum length of an element size in bytes (`EBMLMaxSizeLength`).
const MAX_SIZE_LENGTH: u32 = 8;

/// Longest header of an element, in bytes.
pub(super) const MAX_HEADER: usize = 12;

/// The header of an element: its ID and the size of its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ElementHeader {
    /// The ID, with its length marker.
    pub(super) id: u32,
    /// Number of bytes of data; `None` if it is unknown, as in a recording that was not finished (RFC 8794 6.2).
    pub(super) size: Option<u64>,
    /// Number of bytes of the header itself.
    pub(super) length: usize,
}

/// The reasons why bytes are no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoHeader {
    /// More bytes are needed.
    Incomplete,
    /// The first byte is not that of an ID or size.
    Invalid,
}

impl ElementHeader {
    /// Reads the header at the start of `bytes`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, NoHeader> {
        let (id, id_length) = variable_int(bytes, MAX_ID_LENGTH, Marker::Kept)?;
        let rest = bytes.get(id_length..).unwrap_or_default();
        let (size, size_length) = variable_int(rest, MAX_SIZE_LENGTH, Marker::Removed)?;
        let is_unknown = size == unknown_size(size_length);
        Ok(Self {
            id: u32::try_from(id).map_err(|_| NoHeader::Invalid)?,
            size: (!is_unknown).then_some(size),
            length: id_length.saturating_add(size_length),
        })
    }
}

/// Returns the value of a size field of `length` bytes whose data bits are all ones.
fn unknown_size(length: usize) -> u64 {
    let bits = u32::try_from(length).ok().and_then(|length| length.checked_mul(7)).unwrap_or(0);
    1_u64.checked_shl(bits).and_then(|value| value.checked_sub(1)).unwrap_or(u64::MAX)
}

/// Whether the length marker is part of a variable-size integer: it is of an ID, but not of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Kept,
    Removed,
}

/// Reads a variable-size integer (RFC 8794 4) of at most `max_length` bytes. Returns it and its length.
pub(super) fn variable_int(bytes: &[u8], max_length: u32, marker: Marker) -> Result<(u64, usize), NoHeader> {
    let first = *bytes.first().ok_or(NoHeader::Incomplete)?;
    let zeros = first.leading_zeros();
    if zeros >= max_length {
        return Err(NoHeader::Invalid);
    }
    let length = usize::try_from(zeros).unwrap_or(0).saturating_add(1);
    let all = bytes.get(..length).ok_or(NoHeader::Incomplete)?;
    let mask = match marker {
        Marker::Kept => u8::MAX,
        Marker::Removed => 0x7f_u8.checked_shr(zeros).unwrap_or(0),
    };
    let mut value = u64::from(first & mask);
    for byte in all.iter().skip(1) {
        value = value << 8 | u64::from(*byte);
    }
    Ok((value, length))
}

/// An element whose data is in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) id: u32,
    pub(super) data: &'a [u8],
    /// Position of the data in that of the parent.
    pub(super) position: usize,
}

/// Returns the children of a master element, up to the first that does not parse or has an unknown size.
pub(super) fn elements(data: &[u8]) -> impl Iterator<Item = Element<'_>> {
    let mut at = 0_usize;
    std::iter::from_fn(move || {
        let rest = data.get(at..)?;
        let header = ElementHeader::parse(rest).ok()?;
        let size = usize::try_from(header.size?).ok()?;
        let end = header.length.checked_add(size)?;
        let position = at.checked_add(header.length)?;
        let element = Element { id: header.id, data: rest.get(header.length..end)?, position };
        at = at.checked_add(end)?;
        Some(element)
    })
}

impl Element<'_> {
    /// Reads an unsigned integer (RFC 8794 7.2).
    pub(super) fn uint(&self) -> Option<u64> {
        (self.data.len() <= 8).then(|| self.data.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// Reads a signed integer (RFC 8794 7.1).
    pub(super) fn int(&self) -> Option<i64> {
        let negative = self.data.first().is_some_and(|first| *first & 0x80 != 0);
        let mut bytes = if negative { [0xff; 8] } else { [0; 8] };
        let start = bytes.len().checked_sub(self.data.len())?;
        bytes.get_mut(start..)?.copy_from_slice(self.data);
        Some(i64::from_be_bytes(bytes))
    }

    /// Reads a floating-point number (RFC 8794 7.3).
    pub(super) fn float(&self) -> Option<f64> {
        match self.data.len() {
            0 => Some(0.0),
            4 => self.data.first_chunk().map(|bytes| f64::from(f32::from_be_bytes(*bytes))),
            8 => self.data.first_chunk().map(|bytes| f64::from_be_bytes(*bytes)),
            _ => None,
        }
    }

    /// Reads a string (RFC 8794 7.4, 7.5), up to the first zero byte.
    pub(super) fn text(&self) -> String {
        let text = self.data.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Examples of RFC 8794 4.4 and 6.2.
    #[test]
    fn headers_are_those_of_the_standard() {
        let header = |bytes: &[u8]| ElementHeader::parse(bytes);
        assert_eq!(
            header(&[0x1a, 0x45, 0xdf, 0xa3, 0x9f]),
            Ok(ElementHeader { id: 0x1a45_dfa3, size: Some(31), length: 5 })
        );
        assert_eq!(header(&[0xa3, 0x40, 0x02]), Ok(ElementHeader { id: 0xa3, size: Some(2), length: 3 }));
        assert_eq!(header(&[0x1f, 0x43, 0xb6, 0x75, 0xff]).map(|header| header.size), Ok(None));
        let long = [0x18, 0x53, 0x80, 0x67, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(header(&long).map(|header| (header.size, header.length)), Ok((None, 12)));
        assert_eq!(header(&[0x1a, 0x45]), Err(NoHeader::Incomplete));
        assert_eq!(header(&[0x00, 0x81]), Err(NoHeader::Invalid));
        assert_eq!(header(&[0xa3, 0x00]), Err(NoHeader::Invalid));
    }

    #[test]
    fn numbers_and_text_are_read_whatever_their_length() {
        let element = |data: &'static [u8]| Element { id: 0, data, position: 0 };
        assert_eq!(element(&[0x0f, 0x42, 0x40]).uint(), Some(1_000_000));
        assert_eq!(element(&[0xff, 0x38]).int(), Some(-200));
        assert_eq!(element(&[0x00, 0xc8]).int(), Some(200));
        assert_eq!(element(&[0; 9]).uint(), None);
        assert_eq!(element(&[0; 9]).int(), None);
        assert_eq!(element(&[0x47, 0x3b, 0x80, 0x00]).float(), Some(48_000.0));
        assert_eq!(element(&[1, 2, 3]).float(), None);
        assert_eq!(element(b"V_VP9\0\0").text(), "V_VP9");
    }

    #[test]
    fn children_end_before_the_first_that_is_cut_off() {
        let data = [0xd7, 0x81, 1, 0x83, 0x81, 2, 0x86, 0x85, b'V'];
        let found: Vec<_> = elements(&data).map(|element| (element.id, element.uint(), element.position)).collect();
        assert_eq!(found, [(0xd7, Some(1), 2), (0x83, Some(2), 5)]);
    }
}
