//! Validates a manifest against the MPD schema (ISO/IEC 23009-1 Annex B), as far as [`schema_elements`](super::schema_elements)
//! states it.
//!
//! Accepts elements and attributes of other namespaces, for which the schema has `xs:any` and `xs:anyAttribute`.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::report::Report;
use super::schema_elements::{ELEMENTS, Element, inherited};

/// The namespace of the schema (Annex B); it must be the document's default.
const NAMESPACE: &str = "urn:mpeg:dash:schema:mpd:2011";

/// Elements whose `@id` must be unique: the element, the ancestor within which it is unique, and the clause.
const UNIQUE: [(&str, &str, &str); 3] =
    [("Period", "MPD", "5.3.2.2"), ("AdaptationSet", "Period", "5.3.3.2"), ("Representation", "Period", "5.3.5.2")];

pub(super) fn check(text: &str, report: &mut Report) {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut open: Vec<OpenElement> = Vec::new();
    let mut ids: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    loop {
        match reader.read_event() {
            Err(error) => return report.0.push(format!("the manifest is not XML: {error}")),
            Ok(Event::Start(tag)) => {
                let element = start(&tag, &mut open, &mut ids, report);
                open.push(OpenElement {
                    element,
                    counts: vec![0; element.map_or(0, |element| element.children.len())],
                });
            }
            Ok(Event::Empty(tag)) => {
                let element = start(&tag, &mut open, &mut ids, report);
                OpenElement { element, counts: vec![0; element.map_or(0, |element| element.children.len())] }
                    .close(report);
            }
            Ok(Event::End(_)) => open.pop().into_iter().for_each(|element| element.close(report)),
            Ok(Event::Eof) => return,
            Ok(_) => {}
        }
    }
}

/// An element whose end tag is still to come; `None` for one of another namespace.
struct OpenElement {
    element: Option<&'static Element>,
    /// The number of children so far, for each kind.
    counts: Vec<usize>,
}

impl OpenElement {
    /// Requires that the number of each child is in its range.
    fn close(self, report: &mut Report) {
        let Some(element) = self.element else { return };
        for ((child, min, max), count) in element.children.iter().zip(self.counts) {
            report.require((*min..=*max).contains(&count), || {
                format!("{count} {child} in {} (ISO/IEC 23009-1 {})", element.name, element.clause)
            });
        }
    }
}

/// Checks the start tag of an element.
fn start(
    tag: &BytesStart<'_>,
    open: &mut [OpenElement],
    ids: &mut BTreeMap<&'static str, BTreeSet<String>>,
    report: &mut Report,
) -> Option<&'static Element> {
    let name = tag.name().as_ref().to_owned();
    if name.contains(':') {
        return None;
    }
    let Some(element) = ELEMENTS.iter().find(|element| element.name == name) else {
        report.0.push(format!("no rule for the element {name}"));
        return None;
    };
    let error = |message: &str| format!("{name}: {message} (ISO/IEC 23009-1 {})", element.clause);
    match open.last_mut() {
        None => report.require(name == "MPD", || error("it is not the root element")),
        Some(parent) => {
            let children = parent.element.map_or(&[][..], |parent| parent.children);
            let place = children.iter().position(|(child, ..)| *child == name);
            let is_late = place.is_some_and(|place| parent.counts[place + 1..].iter().any(|count| *count > 0));
            let parent_name = parent.element.map_or("an unknown element", |parent| parent.name);
            report.require(place.is_some(), || error(&format!("it is not allowed in {parent_name}")));
            report.require(!is_late, || error(&format!("it comes too late in {parent_name}")));
            if let Some(place) = place {
                parent.counts[place] += 1;
            }
        }
    }
    let mut attributes = BTreeMap::new();
    for attribute in tag.attributes() {
        let Ok(attribute) = attribute else {
            report.0.push(error("an attribute is malformed or repeated"));
            continue;
        };
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap_or_default().into_owned();
        attributes.insert(attribute.key.as_ref().to_owned(), value);
    }
    if name == "MPD" {
        report.require(attributes.get("xmlns").is_some_and(|namespace| namespace == NAMESPACE), || {
            error("another namespace")
        });
    }
    for (required, _) in element.required {
        report.require(attributes.contains_key(*required), || error(&format!("@{required} is missing")));
    }
    let known = || element.required.iter().chain(element.optional).chain(inherited(&name));
    for (key, value) in attributes.iter().filter(|(key, _)| !key.contains(':') && *key != "xmlns") {
        match known().find(|(known, _)| known == key) {
            None => report.0.push(error(&format!("no rule for @{key}"))),
            Some((_, kind)) => {
                report.require(kind.accepts(value), || error(&format!("@{key} is \"{value}\", not {kind:?}")));
            }
        }
    }
    for (_, within, clause) in UNIQUE.iter().filter(|(element, ..)| *element == name) {
        if let Some(id) = attributes.get("id") {
            let is_new = ids.entry(element.name).or_default().insert(id.clone());
            report
                .require(is_new, || format!("{name}@id {id} is not unique in the {within} (ISO/IEC 23009-1 {clause})"));
        }
    }
    Some(element)
}
