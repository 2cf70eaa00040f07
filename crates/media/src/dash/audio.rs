//! The channels of audio, as descriptors of a representation.

use std::io;

use super::xml::{Xml, descriptor};
use crate::codec::{AudioInfo, ChannelConfiguration};

/// Schemes of `AudioChannelConfiguration` (ISO/IEC 23009-1 5.8.5.4; ETSI TS 102 366 I.1.2.1; ETSI TS 103 190-2 G.3).
const CICP: &str = "urn:mpeg:mpegB:cicp:ChannelConfiguration";
const AC4: &str = "tag:dolby.com,2015:dash:audio_channel_configuration:2015";
const POSITIONS: &str = "urn:mpeg:dash:outputChannelPositionList:2012";
const DOLBY: &str = "tag:dolby.com,2014:dash:audio_channel_configuration:2011";

/// Properties of E-AC-3 with joint object coding (ETSI TS 103 420 D.2).
const EXTENSION_TYPE: &str = "tag:dolby.com,2018:dash:EC3_ExtensionType:2018";
const COMPLEXITY_INDEX: &str = "tag:dolby.com,2018:dash:EC3_ExtensionComplexityIndex:2018";

/// The property of AC-4 that is virtualised for headphones (ETSI TS 103 190-2 G.2.13.1).
const VIRTUALIZED: &str = "tag:dolby.com,2016:dash:virtualized_content:2016";

/// Writes the channel configuration and the properties of Dolby Atmos, in the order of the schema.
pub(super) fn write_channels(xml: &mut Xml, audio: &AudioInfo) -> io::Result<()> {
    match audio.channel_configuration {
        Some(ChannelConfiguration::Cicp(number)) => {
            descriptor(xml, "AudioChannelConfiguration", CICP, &number.to_string())?;
        }
        Some(ChannelConfiguration::Dolby(map)) => {
            descriptor(xml, "AudioChannelConfiguration", DOLBY, &format!("{map:04X}"))?;
        }
        Some(ChannelConfiguration::Ac4(mask)) => {
            descriptor(xml, "AudioChannelConfiguration", AC4, &format!("{mask:06X}"))?;
        }
        Some(ChannelConfiguration::Positions(bits)) => {
            let listed = (0..u32::BITS).filter(|position| bits.checked_shr(*position).unwrap_or(0) & 1 == 1);
            let listed = listed.map(|position| position.to_string()).collect::<Vec<_>>().join(" ");
            descriptor(xml, "AudioChannelConfiguration", POSITIONS, &listed)?;
        }
        None => {}
    }
    if let Some(complexity) = audio.joc_complexity {
        descriptor(xml, "SupplementalProperty", EXTENSION_TYPE, "JOC")?;
        descriptor(xml, "SupplementalProperty", COMPLEXITY_INDEX, &complexity.to_string())?;
    }
    if audio.is_virtualized {
        descriptor(xml, "SupplementalProperty", VIRTUALIZED, "1")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quick_xml::Writer;

    fn written(channels: ChannelConfiguration, joc_complexity: Option<u8>) -> String {
        let channel_configuration = Some(channels);
        let audio = AudioInfo { channel_configuration, joc_complexity, ..AudioInfo::new(48_000, 6) };
        let mut xml = Writer::new(Vec::new());
        write_channels(&mut xml, &audio).unwrap();
        String::from_utf8(xml.into_inner()).unwrap()
    }

    #[test]
    fn a_layout_without_a_number_is_a_channel_map_or_a_list_of_positions() {
        let number =
            "<AudioChannelConfiguration schemeIdUri=\"urn:mpeg:mpegB:cicp:ChannelConfiguration\" value=\"6\"/>";
        assert_eq!(written(ChannelConfiguration::Cicp(6), None), number);
        let map = written(ChannelConfiguration::Dolby(0xa001), None);
        assert!(map.ends_with("audio_channel_configuration:2011\" value=\"A001\"/>"), "{map}");
        let positions = written(ChannelConfiguration::Positions(0b1011), None);
        let mask = written(ChannelConfiguration::Ac4(0x3f), None);
        assert!(mask.ends_with("2015:dash:audio_channel_configuration:2015\" value=\"00003F\"/>"), "{mask}");
        assert!(positions.ends_with("outputChannelPositionList:2012\" value=\"0 1 3\"/>"), "{positions}");
    }

    #[test]
    fn atmos_is_signalled_by_properties_next_to_its_channels() {
        let atmos = written(ChannelConfiguration::Cicp(6), Some(16));
        assert!(atmos.contains("EC3_ExtensionType:2018\" value=\"JOC\"/><SupplementalProperty"), "{atmos}");
        assert!(atmos.ends_with("EC3_ExtensionComplexityIndex:2018\" value=\"16\"/>"), "{atmos}");
    }

    #[test]
    fn virtualised_content_is_signalled() {
        let audio = AudioInfo { is_virtualized: true, ..AudioInfo::new(48_000, 2) };
        let mut xml = Writer::new(Vec::new());
        write_channels(&mut xml, &audio).unwrap();
        let expected =
            "<SupplementalProperty schemeIdUri=\"tag:dolby.com,2016:dash:virtualized_content:2016\" value=\"1\"/>";
        assert_eq!(String::from_utf8(xml.into_inner()).unwrap(), expected);
    }
}
