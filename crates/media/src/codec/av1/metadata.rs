//! Metadata OBUs (AV1 5.8).

use super::obu::{METADATA, Obus};

/// `METADATA_TYPE_ITUT_T35` (6.7.1), as `leb128()`.
const ITU_T_T35: u8 = 4;

/// Returns the payload of each metadata OBU that Rec. ITU-T T.35 registers, from its country code on. `head` is the start of a
/// sample; an OBU that is not complete in it is left out.
pub(in crate::codec) fn itu_t_t35_payloads(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let metadata = Obus::new(head).map_while(|obu| obu).filter(|obu| obu.kind == METADATA);
    metadata.filter_map(|obu| head.get(obu.payload)?.strip_prefix(&[ITU_T_T35]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_start_at_the_country_code() {
        // A temporal delimiter, metadata of type 4 and of type 1 (light levels), and an incomplete frame.
        let head = [0x12, 0, 0x2a, 3, 4, 0xb5, 9, 0x2a, 2, 1, 7, 0x32, 99, 0];
        assert_eq!(itu_t_t35_payloads(&head).collect::<Vec<_>>(), [&[0xb5, 9]]);
    }
}
