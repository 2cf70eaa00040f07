//! Samples of `wvtt` (ISO/IEC 14496-30): boxes of cues (`VTTCueBox`), or one `VTTEmptyCueBox`.

use super::cue::Cue;
use crate::isobmff::{BoxView, BoxWriter};
use crate::{Error, Result};

/// Writes a sample with these `cues`.
pub(crate) fn write(cues: &[Cue]) -> Result<Vec<u8>> {
    let mut w = BoxWriter::new();
    for cue in cues {
        w.plain(b"vttc", |w| {
            if let Some(source) = cue.source {
                w.plain(b"vsid", |w| w.u32(source));
            }
            let mut field = |kind: &[u8; 4], text: &str| {
                if !text.is_empty() {
                    w.plain(kind, |w| w.raw(text.as_bytes()));
                }
            };
            field(b"iden", &cue.id);
            field(b"sttg", &cue.settings);
            field(b"payl", &cue.text);
        });
    }
    if cues.is_empty() {
        w.plain(b"vtte", |_| {});
    }
    w.finish()
}

/// Reads the cues of a sample, without the comments (`vtta`) between them.
pub(super) fn read(sample: &[u8], offset: u64) -> Result<Vec<Cue>> {
    let malformed = Error::MalformedSample { offset, reason: "it does not consist of boxes of WebVTT cues" };
    let mut cues = Vec::new();
    let mut rest = sample;
    while !rest.is_empty() {
        let found = BoxView::parse(rest, offset).map_err(|_| malformed.clone())?;
        if found.kind == b"vttc" {
            cues.push(cue(&found).map_err(|_| malformed.clone())?);
        }
        rest = rest.get(found.raw.len()..).unwrap_or_default();
    }
    Ok(cues)
}

fn cue(vttc: &BoxView<'_>) -> Result<Cue> {
    let mut cue = Cue::default();
    for child in vttc.children() {
        let child = child?;
        let text = || String::from_utf8_lossy(child.payload).into_owned();
        match &child.kind.0 {
            b"vsid" => cue.source = Some(child.reader().u32()?),
            b"iden" => cue.id = text(),
            b"sttg" => cue.settings = text(),
            b"payl" => cue.text = text(),
            _ => {}
        }
    }
    Ok(cue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cues_survive_a_round_trip() {
        let one = Cue { source: Some(7), id: "1".into(), settings: "line:0".into(), text: "<i>Ho</i>".into() };
        let two = Cue { text: "two\nlines".into(), ..Cue::default() };
        for cues in [vec![], vec![one.clone()], vec![one, two]] {
            assert_eq!(read(&write(&cues).unwrap(), 0).unwrap(), cues);
        }
        assert_eq!(write(&[]).unwrap(), b"\0\0\0\x08vtte");
        assert_eq!(read(b"", 0).unwrap(), [], "a sample without bytes shows nothing");
    }

    #[test]
    fn a_sample_that_does_not_consist_of_boxes_is_malformed() {
        for sample in [&b"WEBVTT"[..], b"\0\0\0\x40vttc", b"\0\0\0\x10vttc\0\0\0\x40payl"] {
            assert_eq!(read(sample, 9).unwrap_err().code(), "malformed_sample");
        }
    }
}
