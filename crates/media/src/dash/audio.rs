//! The channels of audio, as descriptors of a representation.

use std::io;

use super::xml::{Xml, descriptor};
use crate::codec::{AudioInfo, ChannelConfiguration};

/// Schemes of `AudioChannelConfiguration` (ISO/IEC 23009-1 5.8.5.4; ETSI TS 102 366 I.1.2.1).
const CICP: &str = "urn:mpeg:mpegB:cicp:ChannelConfiguration";
const POSITIONS: &str = "urn:mpeg:dash:outputChannelPositionList:2012";
const DOLBY: &str = "tag:dolby.com,2014:dash:audio_channel_configuration:2011";

/// Properties of E-AC-3 with joint object coding (ETSI TS 103 420 D.2).
const EXTENSION_TYPE: &str = "tag:dolby.com,2018:dash:EC3_ExtensionType:2018";
const COMPLEXITY_INDEX: &str = "tag:dolby.com,2018:dash:EC3_ExtensionComplexityIndex:2018";

/// Writes the channel configuration and the properties of Dolby Atmos, in the order of the schema.
pub(super) fn write_channels(xml: &mut Xml, audio: &AudioInfo) -> io::Result<()> {
    match audio.channel_configuration {
        Some(ChannelConfiguration::Cicp(number)) => {
            descriptor(xml, "AudioChannelConfiguration", CICP, &number.to_string())?;
        }
        Some(ChannelConfiguration::Dolby(map)) => {
            descriptor(xml, "AudioChannelConfiguration", DOLBY, &format!("{map:04X}"))?;
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
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quick_xml::Writer;

    fn written(channels: ChannelConfiguration, joc_complexity: Option<u8>) -> String {
        let channel_configuration = Some(channels);
        let audio = AudioInfo { sample_rate: 48_000, channels: 6, channel_configuration, joc_complexity };
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
        assert!(positions.ends_with("outputChannelPositionList:2012\" value=\"0 1 3\"/>"), "{positions}");
    }

    #[test]
    fn atmos_is_signalled_by_properties_next_to_its_channels() {
        let atmos = written(ChannelConfiguration::Cicp(6), Some(16));
        assert!(atmos.contains("EC3_ExtensionType:2018\" value=\"JOC\"/><SupplementalProperty"), "{atmos}");
        assert!(atmos.ends_with("EC3_ExtensionComplexityIndex:2018\" value=\"16\"/>"), "{atmos}");
    }
}
