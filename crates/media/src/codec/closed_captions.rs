//! Closed captions in a video: CEA-608 and CEA-708 in `cc_data` (ANSI/CTA-708 4.3, ATSC A/53 part 4 6.2.3).
//!
//! Players decode these captions themselves, but offer them to viewers only if a manifest lists them. A video carries them in the
//! user data of its first frames already, even before anything is said, so that a few frames show which services there are.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use super::caption_service::CaptionService;
use super::protection_rule::ProtectionRule;
use super::sample_entry::SampleEntry;
use super::sei::{SeiMessages, USER_DATA_REGISTERED_ITU_T_T35};
use super::{av1, avc, hevc};

/// The start of user data with `cc_data`: `itu_t_t35_country_code` of the United States, `itu_t_t35_provider_code` of ATSC,
/// `user_identifier` and `user_data_type_code` (ATSC A/53 part 4 6.2.3).
const ATSC_CC_DATA: [u8; 8] = [0xb5, 0x00, 0x31, b'G', b'A', b'9', b'4', 0x03];

/// Adds the caption services of a sample to the sample entry of a video. `head` is the start of the sample.
pub(super) fn complete(entry: &mut SampleEntry<'_>, head: &[u8]) {
    let mut scanner = CaptionScanner::default();
    match &entry.protection {
        ProtectionRule::Avc(config) => {
            config.sei_units(head).for_each(|nal| scanner.read_sei(nal, avc::NAL_UNIT_HEADER_BYTES));
        }
        ProtectionRule::Hevc(config) => {
            config.sei_units(head).for_each(|nal| scanner.read_sei(nal, hevc::NAL_UNIT_HEADER_BYTES));
        }
        ProtectionRule::Av1(_) => av1::itu_t_t35_payloads(head).for_each(|payload| scanner.read_t35(payload)),
        ProtectionRule::Vp9 | ProtectionRule::FullSample => {}
    }
    if let Some(video) = &mut entry.video {
        let services: BTreeSet<_> = video.captions.iter().copied().chain(scanner.finish()).collect();
        video.captions = services.into_iter().collect();
    }
}

/// Finds the caption services of a video in a sample.
#[derive(Debug, Default)]
pub(super) struct CaptionScanner {
    services: BTreeSet<CaptionService>,
    /// Whether field 1 of CEA-608 has data. It is then CC1, even before its first caption. Field 2 also carries program
    /// information (XDS), so it counts only if a caption channel is seen in it.
    has_field_1: bool,
}

impl CaptionScanner {
    /// Reads an SEI NAL unit, whose header has `header` bytes.
    pub(super) fn read_sei(&mut self, nal: &[u8], header: NonZeroUsize) {
        let mut messages = SeiMessages::new(nal, header);
        while let Some((kind, payload)) = messages.next() {
            if kind == USER_DATA_REGISTERED_ITU_T_T35 {
                self.read_t35(payload);
            }
        }
    }

    /// Reads user data that is registered by Rec. ITU-T T.35, from its country code on.
    pub(super) fn read_t35(&mut self, payload: &[u8]) {
        let Some([flags, _em_data, triples @ ..]) = payload.strip_prefix(&ATSC_CC_DATA) else { return };
        let (process_cc_data, cc_count) = (flags & 0x40 != 0, usize::from(flags & 0x1f));
        if !process_cc_data {
            return;
        }
        // Samples are in decode order, but a packet continues in presentation order, so one that continues in another frame is
        // read only up to the end of this one.
        let mut packet = Vec::new();
        // Five marker bits, `cc_valid`, `cc_type`, and two bytes of data.
        for [header, first, second] in triples.as_chunks::<3>().0.iter().take(cc_count) {
            match (header & 4 != 0, header & 3) {
                (true, 0) => self.read_line_21(true, *first),
                (true, 1) => self.read_line_21(false, *first),
                (true, 2) if !packet.is_empty() => packet.extend([*first, *second]),
                (true, 3) => {
                    self.read_packet(&packet);
                    packet = vec![*first, *second];
                }
                _ => {}
            }
        }
        self.read_packet(&packet);
    }

    /// Reads the first byte of a pair of CEA-608. A control code, 0x10 to 0x1f without its parity bit, selects the first or the
    /// second channel of its field by bit 3 (CTA-608 8.4, 8.5).
    fn read_line_21(&mut self, is_field_1: bool, first: u8) {
        self.has_field_1 |= is_field_1;
        if (0x10..=0x1f).contains(&(first & 0x7f)) {
            let channel = match (is_field_1, first & 8 == 0) {
                (true, true) => 1,
                (true, false) => 2,
                (false, true) => 3,
                (false, false) => 4,
            };
            self.services.insert(CaptionService::Cea608(channel));
        }
    }

    /// Reads the service blocks of a CEA-708 packet (CTA-708 5.1, 6.2): each has a number and a size.
    fn read_packet(&mut self, packet: &[u8]) {
        let Some((header, data)) = packet.split_first() else { return };
        // A size code of 0 stands for 128 bytes, header included.
        let size = match usize::from(header & 0x3f) {
            0 => 127,
            code => code.saturating_mul(2).saturating_sub(1),
        };
        let mut rest = data.get(..size).unwrap_or(data);
        while let Some((header, after)) = rest.split_first() {
            let (number, size) = (header >> 5, usize::from(header & 0x1f));
            let (number, after) = match after.split_first() {
                Some((extended, after)) if number == 7 && size > 0 => (extended & 0x3f, after),
                _ => (number, after),
            };
            // Number 0 fills the rest of the packet.
            if number == 0 {
                break;
            }
            if size > 0 {
                self.services.insert(CaptionService::Cea708(number));
            }
            rest = after.get(size..).unwrap_or_default();
        }
    }

    /// Returns the services that were found: those of CEA-608, then those of CEA-708, by number.
    pub(super) fn finish(mut self) -> Vec<CaptionService> {
        let of_field_1 = CaptionService::Cea608(1)..=CaptionService::Cea608(2);
        if self.has_field_1 && self.services.range(of_field_1).next().is_none() {
            self.services.insert(CaptionService::Cea608(1));
        }
        self.services.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CaptionService::{Cea608, Cea708};

    /// Returns the services of user data with these triples, by the syntax of ATSC A/53 part 4 table 6.7.
    fn services(triples: &[[u8; 3]]) -> Vec<CaptionService> {
        let mut scanner = CaptionScanner::default();
        let flags = 0x40 | u8::try_from(triples.len()).unwrap();
        scanner.read_t35(&[&ATSC_CC_DATA[..], &[flags, 0xff], &triples.concat(), &[0xff]].concat());
        scanner.finish()
    }

    #[test]
    fn silent_field_1_is_the_first_channel_and_silent_field_2_is_none() {
        assert_eq!(services(&[[0xfc, 0x80, 0x80], [0xfd, 0x80, 0x80]]), [Cea608(1)]);
        assert_eq!(services(&[[0xf8, 0x80, 0x80]]), [], "the data is not valid");
        assert_eq!(services(&[]), []);
    }

    #[test]
    fn control_codes_select_channels() {
        // Resume caption loading in each channel, with odd parity.
        assert_eq!(services(&[[0xfc, 0x94, 0x20], [0xfd, 0x15, 0x20]]), [Cea608(1), Cea608(3)]);
        assert_eq!(services(&[[0xfc, 0x1c, 0x20], [0xfd, 0x9d, 0x20]]), [Cea608(2), Cea608(4)]);
        assert_eq!(services(&[[0xfd, 0x01, 0x05]]), [], "program information");
    }

    #[test]
    fn services_are_those_with_blocks_in_packets() {
        // Size code 4: seven bytes after the header. Service 1 with two bytes, service 9 with one, then fill.
        let packet = [[0xff, 0x04, 0x22], [0xfe, 0x41, 0x42], [0xfe, 0xe1, 0x09], [0xfe, 0x43, 0x00]];
        assert_eq!(services(&packet), [Cea708(1), Cea708(9)]);
        assert_eq!(services(&packet[1..]), [], "the start of the packet is in another frame");
        assert_eq!(services(&[[0xff, 0x04, 0x20], [0xfe, 0x00, 0x00]]), [], "an empty block");
    }

    #[test]
    fn other_user_data_has_no_captions() {
        let mut scanner = CaptionScanner::default();
        // Active format description; user data of another provider.
        scanner.read_t35(&[0xb5, 0x00, 0x31, b'D', b'T', b'G', b'1', 0x41, 0xf8]);
        scanner.read_t35(&[0xb5, 0x00, 0x3b, b'G', b'A', b'9', b'4', 3, 0x41, 0xff, 0xfc, 0x94, 0x20]);
        scanner.read_sei(&[6, 4], NonZeroUsize::MIN);
        assert_eq!(scanner.finish(), []);
    }
}
