//! The rules detect violations: each test breaks a good package in one way and expects the violation.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;

use tempfile::TempDir;
use vpp_tests::decrypt::KEY;
use vpp_tests::package::Package;
use vpp_tests::{fixtures, rules, vpp};

/// Packages a movie with all tracks encrypted, lets `damage` change files or the manifest's text, and asserts that the
/// rules report a violation that contains `expected`.
fn assert_detected(expected: &str, damage: impl FnOnce(&mut String, &std::path::Path)) {
    assert_detected_in("segments", expected, damage);
}

/// Asserts the same as [`assert_detected`], in a layout.
fn assert_detected_in(layout: &str, expected: &str, damage: impl FnOnce(&mut String, &std::path::Path)) {
    let scratch = TempDir::new().unwrap();
    let movie = fixtures::fixture("late-audio.mp4");
    let arguments = ["--key", KEY.key, "--kid", KEY.kid, "--encrypt", "all", "--layout", layout];
    let output = vpp::package(&movie, scratch.path(), &arguments);
    assert!(output.status.success());
    let good = Package::open(scratch.path());
    assert_eq!(rules::violations(&good), [""; 0]);
    let mut text = good.text.clone();
    damage(&mut text, scratch.path());
    let violations = rules::violations(&Package::parse(scratch.path(), text)).join("\n");
    assert!(violations.contains(expected), "violations: {violations:?}");
}

/// Replaces the first occurrence, which must exist.
fn replace(text: &mut String, from: &str, to: &str) {
    assert!(text.contains(from), "no {from} in {text}");
    *text = text.replacen(from, to, 1);
}

/// Returns the value of the first attribute with this name.
fn value(text: &str, attribute: &str) -> String {
    let (_, rest) = text.split_once(&format!(" {attribute}=\"")).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

/// Overwrites bytes at an offset after the first occurrence of a four-character code in a file.
fn patch(path: &std::path::Path, kind: &[u8; 4], at: usize, bytes: &[u8]) {
    let mut file = fs::read(path).unwrap();
    let place = file.windows(4).position(|window| window == kind).unwrap() + 4 + at;
    assert_ne!(file[place..place + bytes.len()], *bytes, "the damage changes nothing");
    file[place..place + bytes.len()].copy_from_slice(bytes);
    fs::write(path, file).unwrap();
}

#[test]
fn a_missing_segment_is_detected() {
    assert_detected("v1/2.m4s is named but missing", |_, directory| {
        fs::remove_file(directory.join("v1/2.m4s")).unwrap();
    });
}

#[test]
fn a_segment_that_the_manifest_does_not_name_is_detected() {
    assert_detected("v1/9.m4s exists but is not named", |_, directory| {
        fs::write(directory.join("v1/9.m4s"), "").unwrap();
    });
}

#[test]
fn a_trick_mode_of_other_media_is_detected() {
    assert_detected("set 0: no trick mode with the segments of v1", |text, _| {
        replace(text, "media=\"v1/$Number$.m4s\"", "media=\"a1/$Number$.m4s\"");
    });
    assert_detected("0 sets for trick mode instead of 1", |text, _| {
        let last_set = text.rfind("<AdaptationSet ").unwrap()..text.rfind("</Period>").unwrap();
        text.replace_range(last_set, "");
    });
}

#[test]
fn a_gap_in_the_timeline_is_detected() {
    assert_detected("the manifest states", |text, _| {
        let duration = value(text, "d");
        let longer = duration.parse::<u64>().unwrap() + 1;
        replace(text, &format!(" d=\"{duration}\""), &format!(" d=\"{longer}\""));
    });
}

#[test]
fn a_wrong_duration_is_detected() {
    assert_detected("the duration is", |text, _| {
        let duration = value(text, "mediaPresentationDuration");
        replace(text, &duration, "PT11.000000002S");
    });
}

#[test]
fn a_bandwidth_too_small_is_detected() {
    assert_detected("starves a client", |text, _| {
        let bandwidth = value(text, "bandwidth");
        let less = bandwidth.parse::<u64>().unwrap() * 199 / 200;
        replace(text, &format!("bandwidth=\"{bandwidth}\""), &format!("bandwidth=\"{less}\""));
    });
}

#[test]
fn a_bandwidth_too_large_is_detected() {
    assert_detected("is more than it takes", |text, _| {
        let bandwidth = value(text, "bandwidth");
        let more = bandwidth.parse::<u64>().unwrap() * 201 / 200;
        replace(text, &format!("bandwidth=\"{bandwidth}\""), &format!("bandwidth=\"{more}\""));
    });
}

#[test]
fn elements_out_of_order_are_detected() {
    assert_detected("ContentProtection: it comes too late in AdaptationSet", |text, _| {
        let start = text.find("<Role").unwrap();
        let end = start + text[start..].find("/>").unwrap() + 2;
        let role = text[start..end].to_owned();
        text.replace_range(start..end, "");
        replace(text, "<ContentProtection", &format!("{role}<ContentProtection"));
    });
}

#[test]
fn what_the_schema_does_not_allow_is_detected() {
    let cases = [
        (" bandwidth=", " bitrate=", "Representation: @bandwidth is missing"),
        ("<Role ", "<Rôle ", "no rule for the element Rôle"),
        (" id=\"a1\"", " id=\"v1\"", "Representation@id v1 is not unique"),
        ("<AdaptationSet id=\"1\"", "<AdaptationSet id=\"0\"", "AdaptationSet@id 0 is not unique"),
        (" sar=\"1:1\"", " sar=\"1\"", "@sar is"),
        (" minBufferTime=\"PT", " minBufferTime=\"P", "not Duration"),
    ];
    for (from, to, expected) in cases {
        let scratch = TempDir::new().unwrap();
        let movie = fixtures::fixture("late-audio.mp4");
        assert!(vpp::package(&movie, scratch.path(), &["--scheme", "clear"]).status.success());
        let good = Package::open(scratch.path());
        let mut text = good.text.clone();
        replace(&mut text, from, to);
        let violations = rules::schema_violations(&text).join("\n");
        assert!(violations.contains(expected), "{from}: {violations}");
        assert_eq!(rules::schema_violations(&good.text), [""; 0]);
    }
}

#[test]
fn another_key_id_in_the_manifest_is_detected() {
    assert_detected("the manifest signals", |text, _| {
        let kid = value(text, "cenc:default_KID");
        replace(text, &kid, "00000000-0000-0000-0000-000000000001");
    });
}

#[test]
fn protection_that_the_manifest_does_not_signal_is_detected() {
    assert_detected("protected, but the manifest does not signal it", |text, _| {
        replace(text, "urn:mpeg:dash:mp4protection:2011", "urn:example:other");
    });
}

#[test]
fn a_wrong_codec_string_is_detected() {
    assert_detected("codecs avc1.000000", |text, _| {
        let codecs = value(text, "codecs");
        replace(text, &codecs, "avc1.000000");
    });
}

#[test]
fn decode_times_that_jump_are_detected() {
    assert_detected("decode times are not continuous", |_, directory| {
        patch(&directory.join("v1/2.m4s"), b"tfdt", 11, &[1]);
    });
}

#[test]
fn a_segment_in_the_place_of_another_is_detected() {
    assert_detected("sequence number", |_, directory| {
        fs::copy(directory.join("v1/1.m4s"), directory.join("v1/2.m4s")).unwrap();
    });
}

#[test]
fn auxiliary_data_that_points_elsewhere_is_detected() {
    assert_detected("saio", |_, directory| patch(&directory.join("v1/1.m4s"), b"saio", 11, &[1]));
}

#[test]
fn subsamples_that_do_not_cover_a_sample_are_detected() {
    assert_detected("subsamples cover", |_, directory| patch(&directory.join("v1/1.m4s"), b"senc", 13, &[0xfe]));
}

#[test]
fn an_encryption_pattern_on_audio_is_detected() {
    assert_detected("tenc version or pattern", |_, directory| {
        patch(&directory.join("a1/init.mp4"), b"tenc", 5, &[0x19]);
    });
}

#[test]
fn an_index_entry_with_another_sap_type_is_detected() {
    assert_detected_in("single-file", "v1/1: index", |_, directory| {
        // The SAP_type of the first reference, after version, flags, reference_ID, timescale, two times and the count.
        patch(&directory.join("v1/media.mp4"), b"sidx", 32, &[0xb0]);
    });
}

#[test]
fn an_index_of_another_track_is_detected() {
    assert_detected_in("single-file", "the index is of another track", |_, directory| {
        patch(&directory.join("v1/media.mp4"), b"sidx", 7, &[9]);
    });
}

#[test]
fn bytes_after_the_last_segment_of_a_file_are_detected() {
    assert_detected_in("single-file", "a1: the index ends at byte", |_, directory| {
        let path = directory.join("a1/media.mp4");
        fs::write(&path, [fs::read(&path).unwrap(), vec![0]].concat()).unwrap();
    });
}

#[test]
fn a_playlist_that_names_other_bytes_is_detected() {
    assert_detected_in("single-file", "v1/iframes.m3u8: ranges", |_, directory| {
        let path = directory.join("v1/iframes.m3u8");
        let mut text = fs::read_to_string(&path).unwrap();
        replace(&mut text, "#EXT-X-BYTERANGE:", "#EXT-X-BYTERANGE:1");
        fs::write(&path, text).unwrap();
    });
}

/// Replaces the only occurrence of a box's bytes in a file by as many others.
fn replace_bytes(path: &std::path::Path, from: &[u8], to: &[u8]) {
    let mut file = fs::read(path).unwrap();
    let places: Vec<_> = (0..=file.len() - from.len()).filter(|at| file[*at..].starts_with(from)).collect();
    assert_eq!((places.len(), from.len()), (1, to.len()), "occurrences of {from:?}");
    file[places[0]..places[0] + to.len()].copy_from_slice(to);
    fs::write(path, file).unwrap();
}

/// Each is a violation that DASH-IF's ISO segment validator reports, in the form of the rule here.
#[test]
fn what_the_segment_validator_reports_is_detected() {
    type Case = (&'static str, &'static str, &'static [u8], &'static [u8]);
    let cases: &[Case] = &[
        ("CMAF 7.7.3", "v1/1.m4s", b"tfhd\0\x02\0\x0a", b"tfhd\0\x02\0\x18"),
        ("DASH 6.3.4.3", "v1/1.m4s", b"\0\0\0\0msdh", b"\0\0\0\0msix"),
        ("DASH 6.3.4.2", "v1/1.m4s", b"\0\0\0\0msdh", b"\0\0\0\0cmfs"),
        ("DASH 7.3.1", "v1/2.m4s", b"lmsg", b"msdh"),
        ("(8.16.2)", "v1/1.m4s", b"stypmsdh", b"stypisom"),
        ("CMAF 8.2.2.1", "a1/1.m4s", b"saio", b"free"),
        ("CMAF 7.5.16", "a1/1.m4s", b"tfhd\0\x02", b"tfhd\0\0"),
        ("4.3", "v1/init.mp4", b"ftypiso6", b"ftypisom"),
        ("CMAF 7.2", "v1/init.mp4", b"iso6dash", b"cfhddash"),
        ("CMAF 7.5.17", "v1/init.mp4", b"iso6dash", b"cmfcdash"),
        ("CMAF 7.5.9", "v1/init.mp4", b"url \0\0\0\x01", b"url \0\0\0\0"),
        ("CMAF 7.5.12", "v1/init.mp4", b"stco\0\0\0\0\0\0\0\0", b"stco\0\0\0\0\0\0\0\x01"),
        ("CMAF 7.5.6", "v1/init.mp4", b"vmhd\0\0\0\x01\0\0", b"vmhd\0\0\0\x01\0\x01"),
        ("CMAF 7.5.7", "a1/init.mp4", b"smhd\0\0\0\0\0\0", b"smhd\0\0\0\0\0\x01"),
        ("CMAF 7.3.1", "v1/init.mp4", b"mvex", b"free"),
        ("CMAF 8.2.3.2", "v1/init.mp4", b"tenc\x01\0\0\0\0\x19\x01", b"tenc\x01\0\0\0\0\x19\0"),
        ("CMAF 7.5.11", "v1/init.mp4", b"schm\0\0\0\0cbcs\0\x01\0\0", b"schm\0\0\0\0cbcs\0\x02\0\0"),
    ];
    let scratch = TempDir::new().unwrap();
    let movie = fixtures::fixture("late-audio.mp4");
    let arguments = ["--key", KEY.key, "--kid", KEY.kid, "--encrypt", "all"];
    assert!(vpp::package(&movie, scratch.path(), &arguments).status.success());
    assert_eq!(rules::violations(&Package::open(scratch.path())), [""; 0]);
    for (clause, file, from, to) in cases {
        let path = scratch.path().join(file);
        let good = fs::read(&path).unwrap();
        replace_bytes(&path, from, to);
        let found = rules::segment_violations(&Package::open(scratch.path()));
        assert!(found.iter().any(|violation| violation.contains(clause)), "{clause} in {file}: {found:?}");
        fs::write(path, good).unwrap();
    }
}

/// Each is a violation that DASH-IF's schematron reports, in the form of the rule here.
#[test]
fn what_the_schematron_reports_is_detected() {
    let cases = [
        (" type=\"static\"", "", "R1.8"),
        ("isoff-live:2011\"", "isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019\"", "R1.7"),
        ("isoff-live:2011", "isoff-on-demand:2011", "8.3.3"),
        (" mediaPresentationDuration=\"PT10", " mediaPresentationLength=\"PT10", "R1.3"),
        (" mimeType=\"video/mp4\"", " mimeType=\"video/mp4\" width=\"320\"", "R3.2"),
        (" maxWidth=\"320\"", " maxWidth=\"2\"", "R3.5"),
        (" maxFrameRate=\"25\"", " maxFrameRate=\"24000/1001\"", "5.3.3.1"),
        (" mimeType=\"video/mp4\"", "", "R5.0"),
        (" startNumber=", " duration=\"4\" startNumber=", "R7.0"),
        ("$RepresentationID$/init.mp4", "$RepresentationID$/init$Number$.mp4", "R7.3"),
        ("$RepresentationID$/$Number$.m4s", "$RepresentationID$/$Numbers$.m4s", "R7.3"),
        (" segmentAlignment=\"true\"", "", "IOP 3.10.2"),
        (" value=\"cbcs\"", " value=\"cbcs1\"", "R12.3"),
        ("role:2011\" value=\"main\"", "role:2011\" value=\"primary\"", "R13"),
        (" codecs=\"avc1", " codecs=\"mp4a.40.2,avc1", "RD5.4"),
        (" sar=\"1:1\"", "", "IOP 3.2.4"),
        (" audioSamplingRate=\"48000\"", "", "IOP 3.2.4"),
    ];
    let scratch = TempDir::new().unwrap();
    let movie = fixtures::fixture("late-audio.mp4");
    let output = vpp::package(&movie, scratch.path(), &["--key", KEY.key, "--kid", KEY.kid, "--encrypt", "all"]);
    assert!(output.status.success());
    let good = Package::open(scratch.path()).text;
    assert_eq!(rules::schematron_violations(&good), [""; 0]);
    for (from, to, source) in cases {
        let mut text = good.clone();
        replace(&mut text, from, to);
        let violations = rules::schematron_violations(&text);
        assert!(violations.iter().any(|violation| violation.contains(source)), "{from}: {violations:?}");
    }
}

#[test]
fn groups_of_audio_with_different_members_are_detected() {
    // AC-3 and E-AC-3, neither of which has a language or a name.
    let scratch = TempDir::new().unwrap();
    let output = vpp::package(&fixtures::fixture("dolby.mp4"), scratch.path(), &["--scheme", "clear"]);
    assert!(output.status.success());
    assert_eq!(rules::violations(&Package::open(scratch.path())), [""; 0]);
    let path = scratch.path().join("stream.m3u8");
    let good = fs::read_to_string(&path).unwrap();
    let second = good.find("GROUP-ID=\"audio2\"").unwrap();
    let cases = [
        ("NAME=\"", "NAME=\"other ", "audio1 and audio2 differ in their members"),
        (",DEFAULT=YES", ",DEFAULT=NO", "differs between audio1 and audio2"),
    ];
    for (from, to, expected) in cases {
        let mut rest = good[second..].to_owned();
        replace(&mut rest, from, to);
        fs::write(&path, format!("{}{rest}", &good[..second])).unwrap();
        let violations = rules::violations(&Package::open(scratch.path()));
        assert!(violations.iter().any(|violation| violation.contains(expected)), "{from}: {violations:?}");
    }
}

#[test]
fn playlists_that_break_a_rule_are_detected() {
    let cases = [
        ("stream.m3u8", "AVERAGE-BANDWIDTH=", "AVERAGE=", "a variant lacks"),
        ("stream.m3u8", "RESOLUTION=", "SIZE=", "a variant lacks"),
        ("stream.m3u8", "INF:BANDWIDTH=", "INF:BANDWIDTH=1", "BANDWIDTH is"),
        ("stream.m3u8", "AVERAGE-BANDWIDTH=", "AVERAGE-BANDWIDTH=1,OLD=", "AVERAGE-BANDWIDTH is"),
        ("stream.m3u8", ",AUDIO=\"audio1\"", ",AUDIO=\"audio9\"", "which has no rendition"),
        ("stream.m3u8", "AUTOSELECT=YES", "AUTOSELECT=NO", "not selected automatically"),
        ("stream.m3u8", "CHANNELS=", "TRACKS=", "does not state its channels"),
        ("stream.m3u8", "#EXT-X-I-FRAME-STREAM-INF", "#EXT-X-OTHER", "no I-frame playlist"),
        ("v1/media.m3u8", "#EXTINF:6", "#EXTINF:7", "exceeds the target duration"),
        ("a1/media.m3u8", ":VOD", ":EVENT", "not of the type VOD"),
        ("a1/media.m3u8", "#EXT-X-ENDLIST", "", "no end"),
        ("v1/iframes.m3u8", "#EXT-X-VERSION:7", "#EXT-X-VERSION:4", "EXT-X-MAP in version 4"),
    ];
    for (file, from, to, expected) in cases {
        assert_detected(expected, |_, directory| {
            let mut text = fs::read_to_string(directory.join(file)).unwrap();
            replace(&mut text, from, to);
            fs::write(directory.join(file), text).unwrap();
        });
    }
}
