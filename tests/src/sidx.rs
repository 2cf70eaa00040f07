//! `SegmentIndexBox` (`sidx`, ISO/IEC 14496-12 8.16.3) of a single-file representation, parsed independently of the engine.

use crate::boxes;

/// A segment index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentIndex {
    /// The box's version.
    pub version: u8,
    /// `reference_ID`.
    pub reference_id: u32,
    /// `timescale`.
    pub timescale: u32,
    /// `earliest_presentation_time`.
    pub earliest_presentation_time: u64,
    /// `first_offset`.
    pub first_offset: u64,
    /// One entry for each segment.
    pub references: Vec<Reference>,
}

/// An entry of the index: a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// `referenced_size`.
    pub size: u32,
    /// `subsegment_duration`.
    pub duration: u32,
    /// `starts_with_SAP`.
    pub starts_with_sap: bool,
    /// `SAP_type`.
    pub sap_type: u64,
    /// `SAP_delta_time`.
    pub sap_delta_time: u64,
}

impl SegmentIndex {
    /// Parses bytes that hold exactly one `sidx` box.
    ///
    /// # Panics
    /// When they hold anything else.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut rest = boxes::one(bytes, "sidx");
        assert_eq!(rest.len() + 8, bytes.len(), "a segment index and nothing else");
        let mut number = |length: usize| {
            let (field, remaining) = rest.split_at(length);
            rest = remaining;
            field.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let word = |value: u64| u32::try_from(value).unwrap();
        let version = number(1).try_into().unwrap();
        assert!(version <= 1 && number(3) == 0, "version and flags");
        let time_bytes = if version == 0 { 4 } else { 8 };
        let (reference_id, timescale) = (word(number(4)), word(number(4)));
        let (earliest_presentation_time, first_offset) = (number(time_bytes), number(time_bytes));
        assert_eq!(number(2), 0, "reserved");
        let count = number(2);
        let reference = |_| {
            let (size, duration, sap) = (word(number(4)), word(number(4)), number(4));
            assert_eq!(size >> 31, 0, "reference_type is media");
            let (sap_type, sap_delta_time) = (sap >> 28 & 7, sap & 0x0fff_ffff);
            Reference { size, duration, starts_with_sap: sap >> 31 == 1, sap_type, sap_delta_time }
        };
        let references = (0..count).map(reference).collect();
        assert!(rest.is_empty(), "the index ends with its last reference");
        Self { version, reference_id, timescale, earliest_presentation_time, first_offset, references }
    }
}
