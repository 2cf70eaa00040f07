//! An XML document as a tree, as far as CPIX needs one: names without prefix, attributes, and text.

use quick_xml::Reader;
use quick_xml::XmlVersion::Implicit1_0;
use quick_xml::events::{BytesStart, Event};
use zeroize::Zeroizing;

/// Maximum number of levels of nested elements; CPIX has six.
const MAX_DEPTH: usize = 16;

/// An element. It may hold a key: its text is wiped from memory, and it has no `Debug`.
#[derive(Default)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    /// Its text, without surrounding white space.
    pub(super) text: Zeroizing<String>,
    children: Vec<Element>,
}

impl Element {
    /// Parses a document and returns its root. Returns `None` if it is not well-formed or nested too deeply, or if it has
    /// entities or a document type, which base64 and ids never need.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader::from_str(text);
        // The first element stands for the document itself.
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(tag) if open.len() <= MAX_DEPTH => open.push(Self::of(&tag)?),
                Event::Empty(tag) => open.last_mut()?.children.push(Self::of(&tag)?),
                Event::Text(text) => open.last_mut()?.text.push_str(text.xml_content(Implicit1_0).trim()),
                Event::CData(text) => open.last_mut()?.text.push_str(text.xml_content(Implicit1_0).trim()),
                Event::End(_) => {
                    let ended = open.pop()?;
                    open.last_mut()?.children.push(ended);
                }
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => break,
                Event::Start(_) | Event::GeneralRef(_) | Event::DocType(_) => return None,
            }
        }
        let [document] = <[Self; 1]>::try_from(open).ok()?;
        let [root] = <[Self; 1]>::try_from(document.children).ok()?;
        Some(root)
    }

    fn of(tag: &BytesStart<'_>) -> Option<Self> {
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.ok()?;
            let value = attribute.normalized_value(Implicit1_0).ok()?.into_owned();
            attributes.push((attribute.key.as_ref().to_owned(), value));
        }
        Some(Self { name: tag.local_name().as_ref().to_owned(), attributes, ..Self::default() })
    }

    /// Returns the value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the descendants at a path of element names.
    pub(super) fn all<'e>(&'e self, path: &[&str]) -> Vec<&'e Self> {
        path.iter().fold(vec![self], |found, name| {
            found.into_iter().flat_map(|element| &element.children).filter(|child| child.name == *name).collect()
        })
    }
}
