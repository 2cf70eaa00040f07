//! What a representation says of its sound: its loudspeakers, and the objects that move between them.

use std::io;

use super::mpd::Xml;
use crate::codec::{AudioInfo, ChannelConfiguration};

/// Schemes of `AudioChannelConfiguration` (ISO/IEC 23009-1 5.8.5.4; ETSI TS 102 366 I.1.2.1).
const CICP: &str = "urn:mpeg:mpegB:cicp:ChannelConfiguration";
const DOLBY: &str = "tag:dolby.com,2014:dash:audio_channel_configuration:2011";

/// Properties of E-AC-3 with joint object coding (ETSI TS 103 420 D.2).
const EXTENSION_TYPE: &str = "tag:dolby.com,2018:dash:EC3_ExtensionType:2018";
const COMPLEXITY_INDEX: &str = "tag:dolby.com,2018:dash:EC3_ExtensionComplexityIndex:2018";

/// Writes the labels of `audio`, in the order of the schema.
pub(super) fn sound(xml: &mut Xml, audio: &AudioInfo) -> io::Result<()> {
    let mut descriptor = |name: &str, scheme: &str, value: &str| {
        xml.create_element(name).with_attributes([("schemeIdUri", scheme), ("value", value)]).write_empty().map(drop)
    };
    match audio.channel_configuration {
        Some(ChannelConfiguration::Cicp(number)) => descriptor("AudioChannelConfiguration", CICP, &number.to_string())?,
        Some(ChannelConfiguration::Dolby(map)) => {
            descriptor("AudioChannelConfiguration", DOLBY, &format!("{map:04X}"))?;
        }
        None => {}
    }
    if let Some(complexity) = audio.joc_complexity {
        descriptor("SupplementalProperty", EXTENSION_TYPE, "JOC")?;
        descriptor("SupplementalProperty", COMPLEXITY_INDEX, &complexity.to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quick_xml::Writer;

    fn written(layout: ChannelConfiguration, joc: Option<u8>) -> String {
        let mut xml = Writer::new(Vec::new());
        sound(
            &mut xml,
            &AudioInfo { sample_rate: 48_000, channels: 6, channel_configuration: Some(layout), joc_complexity: joc },
        )
        .unwrap();
        String::from_utf8(xml.into_inner()).unwrap()
    }

    #[test]
    fn a_layout_without_a_number_is_a_map() {
        let number =
            "<AudioChannelConfiguration schemeIdUri=\"urn:mpeg:mpegB:cicp:ChannelConfiguration\" value=\"6\"/>";
        assert_eq!(written(ChannelConfiguration::Cicp(6), None), number);
        let map = written(ChannelConfiguration::Dolby(0xa001), None);
        assert!(map.ends_with("audio_channel_configuration:2011\" value=\"A001\"/>"), "{map}");
    }

    #[test]
    fn atmos_is_told_apart_from_the_channels_beneath() {
        let atmos = written(ChannelConfiguration::Cicp(6), Some(16));
        assert!(atmos.contains("EC3_ExtensionType:2018\" value=\"JOC\"/><SupplementalProperty"), "{atmos}");
        assert!(atmos.ends_with("EC3_ExtensionComplexityIndex:2018\" value=\"16\"/>"), "{atmos}");
    }
}
