//! Supplemental enhancement information (SEI): messages in NAL units that precede the slices of a frame (ITU-T H.264 7.3.2.3,
//! ITU-T H.265 7.3.2.4).

/// `payloadType` of user data that is registered by Rec. ITU-T T.35 (H.264 D.1.6, H.265 D.2.6).
pub(super) const USER_DATA_REGISTERED_ITU_T_T35: usize = 4;

/// The messages of an SEI NAL unit, each with its `payloadType`. The unit may be truncated: the last payload is then incomplete.
#[derive(Debug)]
pub(super) struct SeiMessages {
    /// The raw byte sequence payload: the NAL unit without its header and without emulation prevention bytes.
    rbsp: Vec<u8>,
    position: usize,
}

impl SeiMessages {
    /// Reads the NAL unit `nal`, whose header has `header_bytes`.
    pub(super) fn new(nal: &[u8], header_bytes: usize) -> Self {
        let mut zeros = 0_u8;
        let payload = nal.get(header_bytes..).unwrap_or_default().iter().filter(|byte| {
            let is_prevention = zeros == 2 && **byte == 3;
            zeros = if is_prevention { 0 } else { super::nal_units::zeros_after(zeros, **byte) };
            !is_prevention
        });
        Self { rbsp: payload.copied().collect(), position: 0 }
    }

    /// Returns the next message: `payloadType` and payload.
    pub(super) fn next(&mut self) -> Option<(usize, &[u8])> {
        let kind = self.variable_length()?;
        let size = self.variable_length()?;
        let start = self.position.min(self.rbsp.len());
        let end = start.saturating_add(size).min(self.rbsp.len());
        self.position = end;
        self.rbsp.get(start..end).filter(|payload| !payload.is_empty()).map(|payload| (kind, payload))
    }

    /// Reads `payloadType` or `payloadSize`: the sum of bytes up to the first that is not 255.
    fn variable_length(&mut self) -> Option<usize> {
        let mut sum = 0_usize;
        loop {
            let byte = *self.rbsp.get(self.position)?;
            self.position = self.position.checked_add(1)?;
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
        let mut messages = SeiMessages::new(nal, 1);
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
