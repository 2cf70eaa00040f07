//! TTML documents (TTML2, of which IMSC1 is a profile).
//!
//! The elements of a document are walked once, with a stack of the open ones. An interval is relative to that of the element
//! around it, and ends with it at the latest; in a `seq` container, it is relative to the end of the element before it
//! (TTML2 12.2). Attributes are known by their local names, because the namespaces of TTML have changed with its versions.
//!
//! A document is hostile: nesting is bounded, entities other than those of XML are refused, and none is expanded.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::XmlVersion::Implicit1_0;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::cues::SidecarCue;
use super::loss::{Loss, Losses};
use super::ttml_style::{Extents, Style};
use super::ttml_text::{Interval, Paragraph};
use super::ttml_time::TimeParameters;
use crate::number::u64_of;
use crate::{Error, Result};

/// Maximum number of levels of nested elements.
const MAX_DEPTH: usize = 64;

/// Reads a document.
///
/// # Errors
/// [`Error::MalformedSubtitles`] with the line of what is not well-formed, or of a wrong time; [`Error::LimitExceeded`] for a
/// document that is nested too deeply, or whose cues are too long.
pub(super) fn read(text: &str, losses: &mut Losses) -> Result<Vec<SidecarCue>> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut document = Document::new(losses);
    loop {
        let event = reader.read_event();
        let position = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        let line = || u64_of(text.get(..position).unwrap_or(text).split('\n').count());
        let malformed = |reason| Error::MalformedSubtitles { line: line(), reason };
        let event = event.map_err(|_| malformed("the XML is not well-formed"))?;
        let handled = match event {
            Event::Start(tag) => document.start(&tag),
            Event::Empty(tag) => document.start(&tag).and_then(|()| document.end()),
            Event::End(_) => document.end(),
            Event::Text(text) => {
                document.text(&text.xml_content(Implicit1_0));
                Ok(())
            }
            Event::CData(text) => {
                document.text(&text.xml_content(Implicit1_0));
                Ok(())
            }
            Event::GeneralRef(reference) => document.reference(&reference),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::DocType(_) => Ok(()),
            Event::Eof if document.open.is_empty() => return Ok(document.cues),
            Event::Eof => Err(Fault::Rule("the document ends within an element")),
        };
        handled.map_err(|fault| match fault {
            Fault::Rule(reason) => malformed(reason),
            Fault::Error(error) => error,
        })?;
    }
}

/// A reason to refuse a document: a broken rule, whose line the caller adds, or an error.
enum Fault {
    Rule(&'static str),
    Error(Error),
}

/// An open element.
#[derive(Debug, Clone, Default)]
struct Element {
    name: String,
    interval: Interval,
    /// Whether its children follow each other in time.
    is_sequence: bool,
    /// In a sequence, the end of the last child.
    sequence_end: u64,
    style: Style,
    region: Option<String>,
    is_space_preserved: bool,
    /// The id of a `style` or `region` that is being defined.
    defines: Option<String>,
}

struct Document<'l> {
    open: Vec<Element>,
    parameters: TimeParameters,
    extents: Extents,
    styles: HashMap<String, Style>,
    regions: HashMap<String, Style>,
    paragraph: Option<Paragraph>,
    cues: Vec<SidecarCue>,
    written: usize,
    losses: &'l mut Losses,
}

impl<'l> Document<'l> {
    fn new(losses: &'l mut Losses) -> Self {
        Self {
            open: Vec::new(),
            parameters: TimeParameters::default(),
            extents: Extents::default(),
            styles: HashMap::new(),
            regions: HashMap::new(),
            paragraph: None,
            cues: Vec::new(),
            written: 0,
            losses,
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), Fault> {
        if self.open.len() >= MAX_DEPTH {
            let (found, limit) = (u64_of(self.open.len()).saturating_add(1), u64_of(MAX_DEPTH));
            return Err(Fault::Error(Error::LimitExceeded {
                what: "the depth of the TTML document",
                found,
                limit,
                action: "nest its elements less deeply",
            }));
        }
        let parent = self.open.last().cloned().unwrap_or_default();
        let local = |name: &str| name.rsplit_once(':').map_or(name, |(_, local)| local).to_owned();
        let mut element = Element {
            name: local(tag.name().as_ref()),
            interval: parent.interval,
            region: parent.region.clone(),
            is_space_preserved: parent.is_space_preserved,
            ..Element::default()
        };
        let (mut begin, mut end, mut duration) = (None, None, None);
        let mut stated = Style::default();
        let mut referenced = Style::default();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|_| Fault::Rule("an attribute is not well-formed"))?;
            let value = attribute.normalized_value(Implicit1_0);
            let value = value.map_err(|_| Fault::Rule("an attribute is not well-formed"))?;
            let name = local(attribute.key.as_ref());
            match name.as_str() {
                "begin" => begin = Some(value.into_owned()),
                "end" => end = Some(value.into_owned()),
                "dur" => duration = Some(value.into_owned()),
                "timeContainer" => element.is_sequence = value == "seq",
                "region" => element.region = Some(value.into_owned()),
                "space" => element.is_space_preserved = value == "preserve",
                "id" => element.defines = Some(value.into_owned()),
                "style" => {
                    // Of several styles, the last one counts.
                    for id in value.split_whitespace() {
                        referenced = self.styles.get(id).copied().unwrap_or_default().or(referenced);
                    }
                }
                "extent" | "cellResolution" if element.name == "tt" => self.extents.set(&name, &value),
                _ if element.name == "tt" => {
                    self.parameters.set(&name, &value).ok_or(Fault::Rule("a time parameter is not a valid number"))?;
                }
                _ => stated.set(&name, &value, &self.extents, self.losses),
            }
        }
        element.style = stated.or(referenced);
        match element.name.as_str() {
            "body" | "div" | "p" | "span" | "br" => {
                self.time(&mut element, &parent, begin.as_deref(), end.as_deref(), duration.as_deref())?;
                element.style = element.style.or(parent.style);
                self.content(&element);
            }
            "image" | "img" => self.losses.add(Loss::Images),
            "set" | "animate" => self.losses.add(Loss::Animations),
            _ => {}
        }
        self.open.push(element);
        Ok(())
    }

    /// Sets the interval of an element of the body.
    fn time(
        &self,
        element: &mut Element,
        parent: &Element,
        begin: Option<&str>,
        end: Option<&str>,
        duration: Option<&str>,
    ) -> Result<(), Fault> {
        let parse = |text: Option<&str>| match text {
            Some(text) => self.parameters.milliseconds(text).map(Some).ok_or(Fault::Rule("a time is not valid TTML")),
            None => Ok(None),
        };
        let out_of_range = Fault::Rule("a time is too large");
        let is_timed = begin.is_some() || end.is_some() || duration.is_some();
        let (begin, end, duration) = (parse(begin)?, parse(end)?, parse(duration)?);
        let origin = if parent.is_sequence { parent.sequence_end } else { parent.interval.begin };
        let Some(start) = origin.checked_add(begin.unwrap_or(0)) else { return Err(out_of_range) };
        let ends = [
            end.map(|end| origin.checked_add(end)),
            duration.map(|duration| start.checked_add(duration)),
            parent.interval.end.map(Some),
        ];
        let mut last = None;
        for time in ends.into_iter().flatten() {
            let Some(time) = time else { return Err(out_of_range) };
            last = Some(last.map_or(time, |last: u64| last.min(time)));
        }
        if is_timed && last.is_some_and(|end| end < start) && end.is_some_and(|end| end < begin.unwrap_or(0)) {
            return Err(Fault::Rule("an element ends before it begins"));
        }
        element.interval = Interval { begin: start, end: last };
        element.sequence_end = start;
        Ok(())
    }

    /// Starts the paragraph, or adds the line break, that an element is.
    fn content(&mut self, element: &Element) {
        match (element.name.as_str(), &mut self.paragraph) {
            ("p", None) => {
                let region = element.region.as_ref().and_then(|region| self.regions.get(region));
                self.paragraph = Some(Paragraph::new(element.interval, element.style.settings(region)));
            }
            ("br", Some(paragraph)) => paragraph.push_break(element.interval),
            _ => {}
        }
    }

    fn end(&mut self) -> Result<(), Fault> {
        let Some(element) = self.open.pop() else { return Ok(()) };
        match element.name.as_str() {
            "p" => {
                if let Some(paragraph) = self.paragraph.take() {
                    paragraph.add_cues(&mut self.cues, &mut self.written).map_err(Fault::Error)?;
                }
            }
            "style" => match (element.defines, self.open.last_mut()) {
                (_, Some(parent)) if parent.name == "region" => parent.style = parent.style.or(element.style),
                (Some(id), _) => drop(self.styles.insert(id, element.style)),
                _ => {}
            },
            "region" => {
                if let Some(id) = element.defines {
                    self.regions.insert(id, element.style);
                }
            }
            _ => {}
        }
        if let Some(parent) = self.open.last_mut().filter(|parent| parent.is_sequence) {
            parent.sequence_end = element.interval.end.unwrap_or(element.interval.begin);
        }
        Ok(())
    }

    /// Adds text, which is shown if it is in a paragraph.
    fn text(&mut self, text: &str) {
        if let (Some(element), Some(paragraph)) = (self.open.last(), &mut self.paragraph)
            && matches!(element.name.as_str(), "p" | "span")
        {
            paragraph.push(text, element.style.faces(), element.interval, element.is_space_preserved);
        }
    }

    /// Adds the character of a reference: a number, or an entity of XML.
    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Fault> {
        let number = reference.resolve_char_ref().map_err(|_| Fault::Rule("a character reference is not valid"))?;
        let character = number.or_else(|| match &**reference {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => None,
        });
        let character = character.ok_or(Fault::Rule("it uses an entity that XML does not define"))?;
        self.text(character.encode_utf8(&mut [0; 4]));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(tt: &str, head: &str, body: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<tt xmlns=\"http://www.w3.org/ns/ttml\" {tt}><head>{head}</head><body>{body}</body></tt>"
        )
    }

    fn cues(text: &str) -> Vec<(u64, u64, String, String)> {
        let cues = read(text, &mut Losses::default()).unwrap();
        cues.into_iter().map(|cue| (cue.start, cue.end, cue.text, cue.settings)).collect()
    }

    fn texts(text: &str) -> Vec<(u64, u64, String)> {
        cues(text).into_iter().map(|(start, end, text, _)| (start, end, text)).collect()
    }

    fn expected<const N: usize>(cues: [(u64, u64, &str); N]) -> Vec<(u64, u64, String)> {
        cues.map(|(start, end, text)| (start, end, text.to_owned())).to_vec()
    }

    #[test]
    fn times_are_relative_to_the_element_around_and_end_with_it() {
        let body = "<div begin='10s' end='14s'><p begin='1s' dur='2s'>a</p><p begin='2s' end='9s'>b</p><p>c</p></div>";
        assert_eq!(
            texts(&document("", "", body)),
            expected([(11_000, 13_000, "a"), (12_000, 14_000, "b"), (10_000, 14_000, "c")])
        );
        let sequence = "<div timeContainer='seq'><p dur='1s'>a</p><p begin='1s' dur='2s'>b</p><p dur='1s'>c</p></div>";
        assert_eq!(
            texts(&document("", "", sequence)),
            expected([(0, 1000, "a"), (2000, 4000, "b"), (4000, 5000, "c")])
        );
    }

    #[test]
    fn a_paragraph_whose_spans_have_times_is_a_cue_for_each_text() {
        let body = "<div><p begin='1s' end='4s'>all <span begin='1s'>late</span> <span end='1s'>early</span></p></div>";
        assert_eq!(texts(&document("", "", body)), expected([(1000, 2000, "all early"), (2000, 4000, "all late")]));
    }

    #[test]
    fn white_space_collapses_unless_it_is_preserved() {
        let body = "<div>\n <p end='1s'>\n  One\t two <br/>\n three\n</p>\n<p xml:space='preserve' end='1s'>One\ntwo</p></div>";
        assert_eq!(texts(&document("", "", body)), expected([(0, 1000, "One two\nthree"), (0, 1000, "One\ntwo")]));
    }

    #[test]
    fn styles_of_all_origins_become_tags_and_settings() {
        let head = "<styling><style xml:id='i' tts:fontStyle='italic'/><style xml:id='b' style='i' tts:fontWeight='bold'/>\
                    </styling><layout><region xml:id='top' tts:origin='10% 5%' tts:extent='80% 20%'><style \
                    tts:textAlign='left'/></region><region xml:id='low' tts:origin='10% 70%' tts:extent='80% 20%' \
                    tts:displayAlign='after' tts:textAlign='center'/></layout>";
        let body = "<div region='low'><p end='1s' style='b'>a &lt; <span tts:fontStyle='normal'>b</span></p><p \
                    region='top' end='1s' tts:textDecoration='underline'>c&#x266A;</p></div>";
        let found: Vec<_> =
            cues(&document("", head, body)).into_iter().map(|(_, _, text, settings)| (text, settings)).collect();
        let top = ("<u>c♪</u>".to_owned(), "line:5% align:left".to_owned());
        assert_eq!(found, [("<b><i>a &lt; </i></b><b>b</b>".to_owned(), String::new()), top]);
    }

    #[test]
    fn what_webvtt_does_not_have_is_counted() {
        let mut losses = Losses::default();
        let body = "<div smpte:backgroundImage='#img'><p end='1s' tts:color='red' tts:fontSize='1c'>a<set begin='0s'/></p></div>";
        read(&document("", "", body), &mut losses).unwrap();
        assert_eq!(losses.description().unwrap(), "colours (1), fonts (1), images (1), animations (1)");
    }

    #[test]
    fn a_document_that_breaks_a_rule_is_refused_with_its_line() {
        let refusal = |text: &str| read(text, &mut Losses::default()).unwrap_err().to_string();
        for (body, reason) in [
            ("\n<p begin='one'>", "line 3: a time is not valid TTML"),
            ("\n<p begin='2s' end='1s'>", "line 3: an element ends before it begins"),
            ("\n<p end='1s'>&nbsp;</p>", "line 3: it uses an entity that XML does not define"),
            ("\n<p end='1s'></div>", "line 3: the XML is not well-formed"),
        ] {
            assert!(refusal(&document("", "", body)).ends_with(reason), "{}", refusal(&document("", "", body)));
        }
        assert!(refusal("<tt><body>").ends_with("the document ends within an element"));
        let bomb = "<!DOCTYPE tt [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><tt><body><div><p end='1s'>&b;</p></div></body></tt>";
        assert!(refusal(bomb).ends_with("it uses an entity that XML does not define"));
        assert!(refusal(&document("", "", &"<div>".repeat(100))).starts_with("the depth of the TTML document is 65"));
        let spans: Vec<_> = (0..300).map(|at| format!("<span begin='{at}s' dur='1s'>a</span>")).collect();
        assert!(
            refusal(&document("", "", &format!("<p>{}</p>", spans.concat())))
                .contains("text of a subtitle changes is 257")
        );
    }
}
