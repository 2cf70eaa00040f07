//! Supplemental enhancement information (SEI): messages in NAL units that precede the slices of a frame (ITU-T H.264 7.3.2.3,
//! ITU-T H.265 7.3.2.4).

use std::num::NonZeroUsize;

use super::rbsp_reader::RbspReader;

/// `payloadType` of user data that is registered by Rec. ITU-T T.35 (H.264 D.1.6, H.265 D.2.6).
pub(super) const USER_DATA_REGISTERED_ITU_T_T35: usize = 4;

/// The messages of an SEI NAL unit, each with its `payloadType`. The unit may be truncated: the last payload is then incomplete.
#[derive(Debug)]
pub(super) struct SeiMessages<'n> {
    reader: RbspReader<'n>,
    payload: Vec<u8>,
}

impl<'n> SeiMessages<'n> {
    /// Reads the NAL unit `nal`, whose header has `header` bytes.
    pub(super) fn new(nal: &'n [u8], header: NonZeroUsize) -> Self {
        Self { reader: RbspReader::new(nal, header), payload: Vec::new() }
    }

    /// Returns the next message: `payloadType` and payload.
    pub(super) fn next(&mut self) -> Option<(usize, &[u8])> {
        let kind = self.variable_length()?;
        let size = self.variable_length()?;
        self.payload.clear();
        self.payload.extend((0..size).map_while(|_| self.reader.byte()));
        Some((kind, self.payload.as_slice())).filter(|(_, payload)| !payload.is_empty())
    }

    /// Reads `payloadType` or `payloadSize`: the sum of bytes up to the first that is not 255.
    fn variable_length(&mut self) -> Option<usize> {
        let mut sum = 0_usize;
        loop {
            let byte = self.reader.byte()?;
            sum = sum.checked_add(usize::from(byte))?;
            if byte != 0xff {
                return Some(sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(nal: &[u8]) -> Vec<(usize, Vec<u8>)> {
        let mut messages = SeiMessages::new(nal, NonZeroUsize::MIN);
        std::iter::from_fn(|| messages.next().map(|(kind, payload)| (kind, payload.to_vec()))).collect()
    }

    #[test]
    fn types_and_sizes_are_sums_of_bytes() {
        let long = [&[6, 0xff, 2, 0xff, 1][..], &[7; 256], &[4, 1, 9, 0x80]].concat();
        assert_eq!(messages(&long), [(257, vec![7; 256]), (4, vec![9])]);
    }

    #[test]
    fn emulation_prevention_bytes_are_not_part_of_a_payload() {
        assert_eq!(messages(&[6, 4, 4, 0, 0, 3, 1, 5, 0x80]), [(4, vec![0, 0, 1, 5])]);
    }

    #[test]
    fn the_last_payload_of_a_truncated_unit_is_incomplete() {
        assert_eq!(messages(&[6, 4, 9, 1, 2]), [(4, vec![1, 2])]);
        assert_eq!(messages(&[6, 0xff]), []);
    }
}
