//! The XML responses of AWS services, read into a tree.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// Maximum depth of elements. The responses that are read have fewer than ten.
const MAX_DEPTH: usize = 32;

/// An element: its local name, its text and its children. Attributes and namespaces are left out.
#[derive(Debug, Default)]
pub(super) struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// Parses a document. What is not well-formed ends the document.
    pub(super) fn parse(document: &[u8]) -> Self {
        let mut reader = Reader::from_reader(document);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event() {
                Ok(Event::Start(start)) if open.len() < MAX_DEPTH => {
                    open.push(Self::named(start.local_name().as_ref()));
                }
                Ok(Event::Empty(empty)) => {
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(Self::named(empty.local_name().as_ref()));
                    }
                }
                Ok(Event::Text(text)) => {
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&text);
                    }
                }
                Ok(Event::GeneralRef(reference)) => {
                    let name = reference.to_string();
                    let number = reference.resolve_char_ref().ok().flatten().map(String::from);
                    let resolved = number.or_else(|| resolve_predefined_entity(&name).map(str::to_owned));
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&resolved.unwrap_or_default());
                    }
                }
                Ok(Event::End(_)) if open.len() > 1 => close(&mut open),
                Ok(Event::Start(_) | Event::End(_) | Event::Eof) | Err(_) => break,
                Ok(_) => {}
            }
        }
        while open.len() > 1 {
            close(&mut open);
        }
        open.pop().unwrap_or_default()
    }

    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Returns whether the element has this name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// Returns every element below this one with this name, in document order.
    pub(super) fn all(&self, name: &str) -> Vec<&Self> {
        let mut found = Vec::new();
        for child in &self.children {
            if child.name == name {
                found.push(child);
            }
            found.extend(child.all(name));
        }
        found
    }

    /// Returns the children of the first element with this name.
    pub(super) fn members(&self, name: &str) -> &[Self] {
        self.all(name).first().map_or(&[], |element| element.children.as_slice())
    }

    /// Returns the text of the first element with this name; empty if there is none.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.all(name).first().map_or("", |element| element.text.trim())
    }

    /// Returns the element's text.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }
}

fn close(open: &mut Vec<Element>) {
    if let Some(element) = open.pop()
        && let Some(parent) = open.last_mut()
    {
        parent.children.push(element);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_name_and_entities_are_resolved() {
        let document = Element::parse(
            b"<?xml version=\"1.0\"?><a xmlns=\"u\"><b>1 &amp; &#50;</b><c><b>3</b><d/></c><member><e>4</e></member></a>",
        );
        let texts: Vec<&str> = document.all("b").into_iter().map(Element::text).collect();
        assert_eq!(texts, ["1 & 2", "3"]);
        assert_eq!(document.members("c").len(), 2);
        assert_eq!((document.text_of("e"), document.text_of("f")), ("4", ""));
    }

    #[test]
    fn damaged_and_deep_documents_are_read_as_far_as_possible() {
        assert_eq!(Element::parse(b"<a><b>1</b><c>").text_of("b"), "1");
        assert_eq!(Element::parse(b"not XML").text_of("b"), "");
        Element::parse("<a>".repeat(100_000).as_bytes());
    }
}
