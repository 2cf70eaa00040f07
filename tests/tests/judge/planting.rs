//! Plants a fault in a copy of a package's manifests, and lists what the judge reports of it and not of the package.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use vpp_tests::judge::{self, Attribute, Finding, Manifests, Request, Source};
use vpp_tests::vpp;

/// A package whose manifests are as the packager writes them.
pub(crate) struct Packaged {
    sources: Vec<Arc<Source>>,
    request: Request,
    manifests: Manifests,
    /// What the judge reports of the package.
    pub(crate) findings: Vec<Finding>,
    _scratch: TempDir,
}

impl Packaged {
    pub(crate) fn new(inputs: &[&Path], arguments: &[&str], request: Request) -> Self {
        let scratch = TempDir::new().unwrap();
        let folder = scratch.path().join("package");
        let audio_only: &[&str] = if request.audio_only { &["--audio-only"] } else { &[] };
        let output = vpp::package_inputs(inputs, &folder, &[arguments, audio_only].concat());
        assert!(output.status.success(), "{inputs:?}: {}", String::from_utf8_lossy(&output.stderr));
        let sources: Vec<_> = inputs.iter().map(|input| Source::of(input)).collect();
        let manifests = Manifests::open(&folder);
        let findings = judge::findings(&sources, request, &manifests);
        Self { sources, request, manifests, findings, _scratch: scratch }
    }

    /// Returns the attributes that the judge names in manifests that `plant` changed, and did not name before.
    pub(crate) fn planted_attributes(&self, plant: impl FnOnce(&mut Manifests)) -> Vec<Attribute> {
        let mut manifests = self.manifests.clone();
        plant(&mut manifests);
        let mut findings = judge::findings(&self.sources, self.request, &manifests);
        findings.retain(|finding| !self.findings.contains(finding));
        let mut attributes: Vec<_> = findings.iter().map(|finding| finding.attribute).collect();
        attributes.sort();
        attributes.dedup();
        attributes
    }

    /// Asserts that the judge reports nothing of the package.
    pub(crate) fn assert_silent(&self) {
        let lines: Vec<_> = self.findings.iter().map(Finding::to_string).collect();
        assert!(lines.is_empty(), "{}", lines.join("\n"));
    }

    /// Asserts that the judge names exactly this attribute after `plant`.
    pub(crate) fn assert_named(&self, attribute: Attribute, plant: impl FnOnce(&mut Manifests)) {
        assert_eq!(self.planted_attributes(plant), [attribute]);
    }

    /// Changes an attribute in the first line of a manifest that contains `marker`, or removes it.
    pub(crate) fn assert_attribute(
        &self,
        attribute: Attribute,
        (manifest, marker, name): (&str, &str, &str),
        value: Option<&str>,
    ) {
        let planted = self.planted_attributes(|manifests| {
            let text = manifests.texts.get_mut(manifest).unwrap_or_else(|| panic!("no {manifest}"));
            *text = with_attribute(text, marker, name, value);
        });
        assert_eq!(planted, [attribute], "{manifest} {marker} {name} {value:?}");
    }

    /// Returns the folder of the package.
    pub(crate) fn folder(&self) -> &Path {
        &self.manifests.directory
    }
}

/// Returns a text with the value of an attribute replaced in the first line that contains `marker`, or with the attribute removed.
/// The line is an XML element, or a tag with an attribute list.
fn with_attribute(text: &str, marker: &str, name: &str, value: Option<&str>) -> String {
    let start = text.find(marker).unwrap_or_else(|| panic!("no {marker} in {text}"));
    let start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let end = start + text[start..].find('\n').unwrap_or(text.len() - start);
    let line = &text[start..end];
    let places = [' ', ',', ':'].map(|before| line.find(&format!("{before}{name}=")));
    let at = places.into_iter().flatten().min().unwrap_or_else(|| panic!("no {name} in {line}"));
    let rest = &line[at + name.len() + 2..];
    let length = match rest.strip_prefix('"') {
        Some(quoted) => quoted.find('"').unwrap() + 2,
        None => rest.find(',').unwrap_or(rest.len()),
    };
    let old = &rest[..length];
    let replaced = match value {
        Some(value) if old.starts_with('"') => format!("{}{name}=\"{value}\"{}", &line[..=at], &rest[length..]),
        Some(value) => format!("{}{name}={value}{}", &line[..=at], &rest[length..]),
        None if line[at..].starts_with(':') => format!("{}{}", &line[..=at], rest[length..].trim_start_matches(',')),
        None => format!("{}{}", &line[..at], &rest[length..]),
    };
    assert_ne!(replaced, line, "the fault changes nothing");
    format!("{}{replaced}{}", &text[..start], &text[end..])
}

/// Replaces the first occurrence, which must exist.
pub(crate) fn replace(text: &mut String, from: &str, to: &str) {
    assert!(text.contains(from), "no {from} in {text}");
    *text = text.replacen(from, to, 1);
}

#[test]
fn an_attribute_is_replaced_or_removed_in_its_line() {
    let list = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,NAME=\"a,b\",DEFAULT=YES\n";
    assert!(with_attribute(list, "MEDIA", "NAME", Some("c")).contains(":TYPE=AUDIO,NAME=\"c\",DEFAULT=YES\n"));
    assert!(with_attribute(list, "MEDIA", "DEFAULT", Some("NO")).ends_with(",DEFAULT=NO\n"));
    assert!(with_attribute(list, "MEDIA", "TYPE", None).contains(":NAME=\"a,b\",DEFAULT"));
    assert_eq!(with_attribute("<A b=\"1\" c=\"2\"/>", "<A", "c", None), "<A b=\"1\"/>");
}
