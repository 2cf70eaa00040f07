//! Closed captions in a video, as accessibility descriptors of its adaptation set.

use std::collections::BTreeSet;
use std::io;

use super::xml::{Xml, descriptor};
use crate::codec::CaptionService;

/// Schemes of closed captions (ANSI/SCTE 214-1 6.12; DASH-IF IOP 6.4.3.3).
const CEA_608: &str = "urn:scte:dash:cc:cea-608:2015";
const CEA_708: &str = "urn:scte:dash:cc:cea-708:2015";

/// Writes a descriptor for the services of each standard. Captions do not state their language.
pub(super) fn write_captions(xml: &mut Xml, services: &BTreeSet<CaptionService>) -> io::Result<()> {
    let of_cea_608 = |service: &CaptionService| match service {
        CaptionService::Cea608(channel) => Some(format!("CC{channel}=und")),
        CaptionService::Cea708(_) => None,
    };
    let of_cea_708 = |service: &CaptionService| match service {
        CaptionService::Cea708(number) => Some(format!("{number}=lang:und")),
        CaptionService::Cea608(_) => None,
    };
    let values: [(&str, Vec<String>); 2] = [
        (CEA_608, services.iter().filter_map(of_cea_608).collect()),
        (CEA_708, services.iter().filter_map(of_cea_708).collect()),
    ];
    let used = values.iter().filter(|(_, values)| !values.is_empty());
    used.into_iter().try_for_each(|(scheme, values)| descriptor(xml, "Accessibility", scheme, &values.join(";")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quick_xml::Writer;

    #[test]
    fn each_standard_has_one_descriptor_that_lists_its_services() {
        let services = [CaptionService::Cea608(1), CaptionService::Cea608(3), CaptionService::Cea708(1)];
        let mut xml = Writer::new(Vec::new());
        write_captions(&mut xml, &services.into()).unwrap();
        let expected = "<Accessibility schemeIdUri=\"urn:scte:dash:cc:cea-608:2015\" value=\"CC1=und;CC3=und\"/>\
                        <Accessibility schemeIdUri=\"urn:scte:dash:cc:cea-708:2015\" value=\"1=lang:und\"/>";
        assert_eq!(String::from_utf8(xml.into_inner()).unwrap(), expected);
    }
}
