//! A tree of the elements of an MPD.

use std::collections::BTreeMap;

use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// An element, its attributes with their prefixes, and its text.
#[derive(Debug, Clone, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
}

impl Element {
    /// Parses a document, and returns its root.
    pub(super) fn parse(document: &str) -> Self {
        let mut reader = Reader::from_str(document);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().expect("the document is well formed") {
                Event::Start(start) => open.push(Self::of(&start)),
                Event::Empty(start) => open.last_mut().unwrap().children.push(Self::of(&start)),
                Event::End(_) => {
                    let closed = open.pop().unwrap();
                    open.last_mut().unwrap().children.push(closed);
                }
                Event::Text(text) => {
                    open.last_mut().unwrap().text += text.xml_content(XmlVersion::Implicit1_0).trim();
                }
                Event::Eof => break,
                _ => {}
            }
        }
        open.remove(0).children.remove(0)
    }

    fn of(start: &BytesStart<'_>) -> Self {
        let attribute = |attribute: Attribute<'_>| {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).expect("an escaped value");
            (attribute.key.as_ref().to_owned(), value.into_owned())
        };
        Self {
            name: start.name().as_ref().to_owned(),
            attributes: start.attributes().map(|found| attribute(found.expect("an attribute"))).collect(),
            ..Self::default()
        }
    }

    /// Returns an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// Returns an attribute that is a number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.get(name).map(|value| value.parse().unwrap_or_else(|_| panic!("@{name} is {value}, no number")))
    }

    /// Iterates over the children with a name.
    pub(super) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Returns the first child with a name.
    pub(super) fn child<'e>(&'e self, name: &'e str) -> Option<&'e Self> {
        self.all(name).next()
    }

    /// Iterates over the values of the descriptors with a name and a scheme.
    pub(super) fn descriptors<'e>(&'e self, name: &'e str, scheme: &'e str) -> impl Iterator<Item = &'e str> {
        self.all(name)
            .filter(move |found| found.get("schemeIdUri") == Some(scheme))
            .filter_map(|found| found.get("value"))
    }
}
