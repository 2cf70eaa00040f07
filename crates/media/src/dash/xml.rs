//! Helpers for writing XML into memory.

use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;

/// A writer of XML into memory.
pub(super) type Xml = Writer<Vec<u8>>;

/// Writes a descriptor (ISO/IEC 23009-1 5.8.2): an empty element with a scheme and a value.
pub(super) fn descriptor(xml: &mut Xml, name: &str, scheme: &str, value: &str) -> io::Result<()> {
    xml.create_element(name).with_attributes([("schemeIdUri", scheme), ("value", value)]).write_empty().map(drop)
}

/// Writes an element that contains text.
pub(super) fn text_element(xml: &mut Xml, name: &str, text: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(text)).map(drop)
}
