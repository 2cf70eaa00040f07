//! Faults that manifests had, each planted in a copy: the judge names the attribute, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vpp_tests::fixtures::{corpus, fixture};
use vpp_tests::judge::{Attribute, Request};

use crate::planting::{Packaged, replace};

const MPD: &str = "stream.mpd";
const HLS: &str = "stream.m3u8";

fn of_fixture(name: &str) -> Packaged {
    Packaged::new(&[&fixture(name)], &[], Request::default())
}

/// Packages an edge file of the corpus, if there is a corpus.
fn of_edge(name: &str, audio_only: bool) -> Option<Packaged> {
    let movie = corpus(&format!("edge/{name}"))?;
    Some(Packaged::new(&[&movie], &[], Request { audio_only, ..Request::default() }))
}

#[test]
fn text_that_has_a_part_in_the_buffer_the_rates_or_the_duration_is_named() {
    let package = of_fixture("timed-text.mp4");
    let twice = Some("PT12.076S");
    package.assert_attribute(Attribute::MinBufferTime, (MPD, "<MPD", "minBufferTime"), twice);
    package.assert_attribute(
        Attribute::PresentationDuration,
        (MPD, "<MPD", "mediaPresentationDuration"),
        Some("PT15S"),
    );
    package.assert_attribute(Attribute::Bandwidth, (MPD, "id=\"v1\"", "bandwidth"), Some("126099"));
    package.assert_attribute(Attribute::Bandwidth, (HLS, "STREAM-INF", "BANDWIDTH"), Some("1000000"));
    package.assert_attribute(Attribute::AverageBandwidth, (HLS, "STREAM-INF", "AVERAGE-BANDWIDTH"), Some("1"));
}

#[test]
fn a_playlist_with_another_target_duration_is_named() {
    let package = of_fixture("timed-text.mp4");
    for (playlist, target) in [("v1/media.m3u8", 6), ("a1/media.m3u8", 8), ("t1/media.m3u8", 1), ("v1/iframes.m3u8", 1)]
    {
        package.assert_named(Attribute::TargetDuration, |manifests| {
            let text = manifests.texts.get_mut(playlist).unwrap();
            let start = text.find("#EXT-X-TARGETDURATION").unwrap();
            let end = start + text[start..].find('\n').unwrap();
            text.replace_range(start..end, &format!("#EXT-X-TARGETDURATION:{target}"));
        });
    }
}

#[test]
fn times_that_are_not_those_of_the_samples_are_named() {
    let package = of_fixture("timed-text.mp4");
    let edit = |manifest: &'static str, from: &'static str, to: &'static str| {
        move |manifests: &mut vpp_tests::judge::Manifests| replace(manifests.texts.get_mut(manifest).unwrap(), from, to)
    };
    package.assert_named(Attribute::SegmentDuration, edit("v1/media.m3u8", "#EXTINF:6.000000", "#EXTINF:6.040000"));
    package.assert_named(Attribute::SegmentDuration, edit("v1/iframes.m3u8", "#EXTINF:4.000000", "#EXTINF:4.5"));
    package.assert_named(Attribute::SegmentDuration, edit(MPD, "<S d=\"51200\"/>", "<S d=\"51712\"/>"));
    package.assert_named(Attribute::SegmentStart, edit(MPD, "<S t=\"1024\" d=\"76800\"/>", "<S t=\"0\" d=\"77824\"/>"));
    package.assert_attribute(
        Attribute::SegmentStart,
        (MPD, "timescale=\"12800\"", "presentationTimeOffset"),
        Some("512"),
    );
    package.assert_named(Attribute::KeyFrameRange, |manifests| {
        replace(manifests.texts.get_mut("v1/iframes.m3u8").unwrap(), "#EXT-X-BYTERANGE:", "#EXT-X-BYTERANGE:1");
    });
}

#[test]
fn the_coded_size_in_place_of_the_display_size_is_named() {
    let Some(package) = of_edge("anamorphic_pasp.mp4", false) else { return };
    package.assert_attribute(Attribute::Resolution, (HLS, "EXT-X-STREAM-INF", "RESOLUTION"), Some("720x576"));
    package.assert_attribute(Attribute::Resolution, (HLS, "I-FRAME-STREAM-INF", "RESOLUTION"), Some("720x576"));
    package.assert_attribute(Attribute::SampleAspectRatio, (MPD, "id=\"v1\"", "sar"), Some("1:1"));
    package.assert_attribute(Attribute::PictureAspectRatio, (MPD, "<AdaptationSet id=\"0\"", "par"), None);
    let Some(package) = of_edge("stsd_0x0.mp4", false) else { return };
    package.assert_attribute(Attribute::CodedSize, (MPD, "id=\"v1\"", "width"), Some("1"));
}

#[test]
fn a_missing_frame_rate_is_named() {
    let package = of_fixture("ladder-high.mp4");
    package.assert_attribute(Attribute::FrameRate, (MPD, "id=\"v1\"", "frameRate"), None);
    package.assert_attribute(Attribute::FrameRate, (HLS, "STREAM-INF", "FRAME-RATE"), None);
    package.assert_attribute(Attribute::FrameRate, (HLS, "STREAM-INF", "FRAME-RATE"), Some("25.000"));
}

#[test]
fn a_variant_of_another_video_is_named() {
    let package = of_fixture("late-audio.mp4");
    package.assert_named(Attribute::Variant, |manifests| {
        let text = manifests.texts.get_mut(HLS).unwrap();
        let start = text.find("#EXT-X-STREAM-INF").unwrap();
        let end = start + text[start..].find("v1/media.m3u8").unwrap() + "v1/media.m3u8\n".len();
        let second = text[start..end].replace("v1/", "v2/");
        text.insert_str(end, &second);
    });
}

#[test]
fn a_default_that_the_file_does_not_enable_is_named() {
    let package = of_fixture("two-languages.mp4");
    let defaults = [("LANGUAGE=\"en\"", "NO"), ("LANGUAGE=\"fr\"", "YES")];
    for (language, value) in defaults {
        package.assert_attribute(Attribute::Default, (HLS, language, "DEFAULT"), Some(value));
    }
    package.assert_named(Attribute::Role, |manifests| {
        let text = manifests.texts.get_mut(MPD).unwrap();
        let (main, alternate) = (text.rfind("value=\"main\"").unwrap(), text.find("value=\"alternate\"").unwrap());
        text.replace_range(alternate..alternate + 17, "value=\"main\"");
        text.replace_range(main..main + 12, "value=\"alternate\"");
    });
    package.assert_attribute(Attribute::Autoselect, (HLS, "LANGUAGE=\"fr\"", "AUTOSELECT"), Some("NO"));
}

#[test]
fn languages_that_are_missing_wrong_or_long_are_named() {
    let package = of_fixture("timed-text.mp4");
    package.assert_attribute(Attribute::Language, (HLS, "LANGUAGE=\"de\"", "LANGUAGE"), Some("deu"));
    package.assert_attribute(Attribute::Language, (MPD, "lang=\"de\"", "lang"), Some("deu"));
    package.assert_attribute(Attribute::Language, (MPD, "lang=\"de\"", "lang"), None);
    package.assert_attribute(Attribute::Role, (MPD, "value=\"caption\"", "value"), Some("subtitle"));
    let package = of_fixture("two-languages.mp4");
    package.assert_attribute(Attribute::Language, (HLS, "LANGUAGE=\"fr\"", "LANGUAGE"), Some("en"));
    package.assert_attribute(Attribute::Language, (MPD, "lang=\"fr\"", "lang"), Some("fra"));
}

#[test]
fn audio_of_another_language_as_a_bit_rate_alternative_is_named() {
    let package = of_fixture("two-languages.mp4");
    // The French representation moves into the English set, with its own times.
    let planted = package.planted_attributes(|manifests| {
        let text = manifests.texts.get_mut(MPD).unwrap();
        let start = text.rfind("<Representation id=\"a2\"").unwrap();
        let end = start + text[start..].find("</Representation>").unwrap() + "</Representation>".len();
        let representation = text[start..end].to_owned();
        text.replace_range(start..end, "");
        let template = text[..start].rfind("<SegmentTemplate").unwrap();
        let template_end = template + text[template..].find("</SegmentTemplate>").unwrap() + "</SegmentTemplate>".len();
        let times = text[template..template_end].to_owned();
        let moved = representation.replace("</Representation>", &format!("{times}</Representation>"));
        let english = text.find("<Representation id=\"a1\"").unwrap();
        text.insert_str(english, &moved);
    });
    assert!(planted.contains(&Attribute::AdaptationSet), "{planted:?}");
}

#[test]
fn channels_and_rates_that_the_audio_does_not_have_are_named() {
    let Some(package) = of_edge("mp3_mono.mp4", true) else { return };
    package.assert_attribute(Attribute::ChannelConfiguration, (MPD, "<AudioChannelConfiguration", "value"), Some("2"));
    package.assert_attribute(Attribute::AudioSamplingRate, (MPD, "id=\"a1\"", "audioSamplingRate"), Some("22050"));
    let package = of_fixture("dolby.mp4");
    package.assert_attribute(Attribute::Channels, (HLS, "CHANNELS=\"6\"", "CHANNELS"), Some("2"));
}

#[test]
fn codecs_that_are_wrong_or_missing_are_named() {
    let package = of_fixture("dolby.mp4");
    package.assert_attribute(Attribute::Codecs, (MPD, "id=\"v1\"", "codecs"), Some("avc1.64000A"));
    package.assert_attribute(Attribute::Codecs, (HLS, "EXT-X-STREAM-INF", "CODECS"), Some("avc1.64000C"));
    let package = of_fixture("hevc-hdr.mp4");
    package.assert_attribute(Attribute::VideoRange, (HLS, "EXT-X-STREAM-INF", "VIDEO-RANGE"), None);
}

#[test]
fn dolby_vision_that_is_not_signalled_beside_its_base_layer_is_named() {
    let Some(package) = of_edge("dv81.mp4", false) else { return };
    for marker in ["EXT-X-STREAM-INF", "I-FRAME-STREAM-INF"] {
        let stated = (HLS, marker, "SUPPLEMENTAL-CODECS");
        package.assert_attribute(Attribute::SupplementalCodecs, stated, None);
        package.assert_attribute(Attribute::SupplementalCodecs, stated, Some("dvh1.08.01/db4h"));
    }
    for name in ["scte214:supplementalCodecs", "scte214:supplementalProfiles"] {
        package.assert_attribute(Attribute::SupplementalCodecs, (MPD, "id=\"v1\"", name), None);
    }
}

#[test]
fn interlaced_video_that_is_not_signalled_is_named() {
    let package = of_fixture("interlaced.mp4");
    package.assert_attribute(Attribute::ScanType, (MPD, "id=\"v1\"", "scanType"), None);
    package.assert_attribute(Attribute::ScanType, (MPD, "id=\"v1\"", "scanType"), Some("progressive"));
}

#[test]
fn a_missing_rate_of_frames_whose_durations_jitter_is_named() {
    let package = of_fixture("jitter.mp4");
    package.assert_attribute(Attribute::FrameRate, (MPD, "id=\"v1\"", "frameRate"), None);
    package.assert_attribute(Attribute::FrameRate, (MPD, "id=\"v1\"", "frameRate"), Some("30"));
    package.assert_attribute(Attribute::FrameRate, (HLS, "STREAM-INF", "FRAME-RATE"), Some("30.000"));
}

#[test]
fn a_rendition_that_no_group_has_is_named() {
    let package = of_fixture("two-languages.mp4");
    let planted = package.planted_attributes(|manifests| {
        let text = manifests.texts.get_mut(HLS).unwrap();
        let kept: Vec<_> = text.lines().filter(|line| !line.contains("LANGUAGE=\"fr\"")).collect();
        *text = format!("{}\n", kept.join("\n"));
    });
    assert_eq!(planted, [Attribute::Rendition]);
}

#[test]
fn files_that_no_manifest_names_are_named() {
    let package = of_fixture("video-only.mp4");
    let planted = package.planted_attributes(|_| fs::write(package.folder().join("v1/9.m4s"), "").unwrap());
    assert_eq!(planted, [Attribute::Files]);
}

#[test]
fn ranges_of_a_set_that_not_all_members_are_in_are_named() {
    let inputs = ["ladder-low.mp4", "ladder-high.mp4"].map(fixture);
    let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
    let package = Packaged::new(&inputs, &[], Request::default());
    let set = |name| (MPD, "<AdaptationSet id=\"0\"", name);
    package.assert_attribute(Attribute::MaxWidth, set("maxWidth"), Some("320"));
    package.assert_attribute(Attribute::MaxHeight, set("maxHeight"), None);
    package.assert_attribute(Attribute::MaxFrameRate, set("maxFrameRate"), Some("25"));
}

#[test]
fn languages_without_video_that_are_variants_are_named() {
    let request = Request { audio_only: true, ..Request::default() };
    let package = Packaged::new(&[&fixture("two-languages.mp4")], &[], request);
    package.assert_attribute(Attribute::Language, (HLS, "LANGUAGE=\"fr\"", "LANGUAGE"), None);
    let planted = package.planted_attributes(|manifests| {
        let text = manifests.texts.get_mut(HLS).unwrap();
        let kept: Vec<_> = text.lines().filter(|line| !line.starts_with("#EXT-X-MEDIA")).collect();
        *text = format!("{}\n", kept.join("\n"));
    });
    assert!(planted.contains(&Attribute::Rendition), "{planted:?}");
}

#[test]
fn a_brand_of_an_index_that_a_segment_lacks_is_named() {
    let package = of_fixture("video-only.mp4");
    let planted = package.planted_attributes(|_| {
        let path = package.folder().join("v1/1.m4s");
        let mut segment = fs::read(&path).unwrap();
        assert_eq!(&segment[4..8], b"styp");
        segment[16..20].copy_from_slice(b"msix");
        fs::write(&path, segment).unwrap();
    });
    assert_eq!(planted, [Attribute::SegmentBrand]);
}

#[test]
fn a_ladder_with_a_score_of_one_variant_is_named() {
    let inputs = ["ladder-low.mp4", "ladder-high.mp4"].map(fixture);
    let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
    let package = Packaged::new(&inputs, &[], Request::default());
    package.assert_named(Attribute::Score, |manifests| {
        replace(manifests.texts.get_mut(HLS).unwrap(), "#EXT-X-STREAM-INF:", "#EXT-X-STREAM-INF:SCORE=1.0,");
    });
}

#[test]
fn a_published_tail_or_a_missing_start_of_a_trimmed_movie_is_named() {
    let Some(package) = of_edge("trim_both.mp4", false) else { return };
    // All of the media from the key frame on, as of a package that ignores the end of the edit list.
    let planted = package.planted_attributes(|manifests| {
        replace(manifests.texts.get_mut(MPD).unwrap(), "<S t=\"26624\" d=\"25600\"/>", "<S t=\"26624\" d=\"51200\"/>");
        replace(manifests.texts.get_mut("v1/media.m3u8").unwrap(), "#EXTINF:2.000000", "#EXTINF:4.000000");
    });
    assert_eq!(planted, [Attribute::SegmentDuration]);
    package.assert_attribute(
        Attribute::PresentationDuration,
        (MPD, "<MPD", "mediaPresentationDuration"),
        Some("PT3.5S"),
    );
    for playlist in ["v1/media.m3u8", "a1/media.m3u8"] {
        let start = |name| (playlist, "#EXT-X-START", name);
        package.assert_attribute(Attribute::Start, start("PRECISE"), Some("NO"));
        package.assert_attribute(Attribute::Start, start("PRECISE"), None);
        package.assert_attribute(Attribute::Start, start("TIME-OFFSET"), Some("0.4"));
        package.assert_attribute(Attribute::Start, start("TIME-OFFSET"), Some("0.62"));
        package.assert_named(Attribute::Start, |manifests| {
            let text = manifests.texts.get_mut(playlist).unwrap();
            let kept: Vec<_> = text.lines().filter(|line| !line.starts_with("#EXT-X-START")).collect();
            *text = format!("{}\n", kept.join("\n"));
        });
    }
}

#[test]
fn a_caption_service_that_is_missing_is_named() {
    let package = of_fixture("captions.mp4");
    for service in ["CC1", "CC3", "SERVICE1"] {
        package.assert_named(Attribute::ClosedCaptions, |manifests| {
            let text = manifests.texts.get_mut(HLS).unwrap();
            let id = format!("INSTREAM-ID=\"{service}\"");
            assert!(text.contains(&id), "{text}");
            let kept: Vec<_> = text.lines().filter(|line| !line.contains(&id)).collect();
            *text = format!("{}\n", kept.join("\n"));
        });
    }
    for (scheme, value) in [("cea-608", "CC1=und"), ("cea-608", "CC1=und;CC2=und;CC3=und"), ("cea-708", "2=lang:und")] {
        package.assert_attribute(Attribute::ClosedCaptions, (MPD, scheme, "value"), Some(value));
    }
}

#[test]
fn channels_that_the_program_configuration_element_does_not_list_are_named() {
    let package = of_fixture("aac-channels.mp4");
    for (value, wrong) in [("0 1 3", "0 1 2"), ("11", "7"), ("0 1 2 4 5 8 9 10", "0 1 2 4 5 8 9")] {
        let value = format!("value=\"{value}\"");
        package.assert_attribute(Attribute::ChannelConfiguration, (MPD, &value, "value"), Some(wrong));
    }
    package.assert_attribute(Attribute::Channels, (HLS, "CHANNELS=\"3\"", "CHANNELS"), Some("2"));
}

#[test]
fn macintosh_languages_that_are_not_stated_are_named() {
    let package = of_fixture("quicktime-languages.mov");
    for (language, wrong) in [("fr", None), ("ja", Some("ko")), ("ar", None), ("en", Some("und"))] {
        let marker = format!("LANGUAGE=\"{language}\"");
        package.assert_attribute(Attribute::Language, (HLS, &marker, "LANGUAGE"), wrong);
        let marker = format!("lang=\"{language}\"");
        package.assert_attribute(Attribute::Language, (MPD, &marker, "lang"), wrong);
    }
}

#[test]
fn chapters_that_are_missing_or_wrong_are_named() {
    let package = of_fixture("chapters.mp4");
    package.assert_silent();
    let planted = package.planted_attributes(|manifests| {
        let text = manifests.texts.get_mut(HLS).unwrap();
        let kept: Vec<_> = text.lines().filter(|line| !line.contains("com.apple.hls.chapters")).collect();
        *text = format!("{}\n", kept.join("\n"));
    });
    assert_eq!(planted, [Attribute::Chapters, Attribute::Files]);
    let chapters = package.folder().join("chapters.json");
    let text = fs::read_to_string(&chapters).unwrap();
    for (from, to) in [("Anfang", "Beginn"), ("2.5", "2.6")] {
        assert!(text.contains(from), "{text}");
        package.assert_named(Attribute::Chapters, |_| fs::write(&chapters, text.replacen(from, to, 1)).unwrap());
    }
}

#[test]
fn a_missing_layout_of_stereo_video_is_named() {
    let package = of_fixture("spatial.mp4");
    package.assert_silent();
    for tag in ["EXT-X-STREAM-INF", "EXT-X-I-FRAME-STREAM-INF"] {
        package.assert_attribute(Attribute::VideoLayout, (HLS, tag, "REQ-VIDEO-LAYOUT"), None);
        package.assert_attribute(Attribute::VideoLayout, (HLS, tag, "REQ-VIDEO-LAYOUT"), Some("CH-MONO"));
    }
    package.assert_named(Attribute::VideoLayout, |manifests| {
        replace(manifests.texts.get_mut(HLS).unwrap(), "#EXT-X-VERSION:12", "#EXT-X-VERSION:7");
    });
}

#[test]
fn a_trick_mode_set_that_is_missing_or_of_other_media_is_named() {
    let package = of_fixture("timed-text.mp4");
    package.assert_silent();
    let change = |from: &'static str, to: &'static str| {
        move |manifests: &mut vpp_tests::judge::Manifests| {
            let text = manifests.texts.get_mut(MPD).unwrap();
            let start = text[..text.find("guidelines/trickmode").unwrap()].rfind("<AdaptationSet").unwrap();
            let mut set = text[start..].to_owned();
            replace(&mut set, from, to);
            text.replace_range(start.., &set);
        }
    };
    for (from, to) in [
        // Of a set that is not video.
        ("trickmode\" value=\"0\"", "trickmode\" value=\"1\""),
        ("media=\"v1/", "media=\"a1/"),
        ("<AdaptationSet ", "<AdaptationSet maxPlayoutRate=\"8\" "),
        ("<SubRepresentation codingDependency=\"false\"", "<SubRepresentation codingDependency=\"true\""),
        ("maxPlayoutRate=\"", "maxPlayoutRate=\"9"),
    ] {
        package.assert_named(Attribute::TrickMode, change(from, to));
    }
    assert_eq!(
        package.planted_attributes(change("media=\"v1/", "media=\"v7/")),
        [Attribute::TrickMode, Attribute::Files],
        "segments that do not exist"
    );
    package.assert_named(Attribute::Codecs, change("codecs=\"avc1.", "codecs=\"avc3."));
    package.assert_named(Attribute::Bandwidth, change("bandwidth=\"", "bandwidth=\"9"));
    package.assert_named(Attribute::SegmentDuration, change(" d=\"", " d=\"1"));
    package.assert_named(Attribute::TrickMode, |manifests| {
        let text = manifests.texts.get_mut(MPD).unwrap();
        let start = text.rfind("<AdaptationSet").unwrap();
        let end = text.rfind("</Period>").unwrap();
        assert!(text[start..end].contains("guidelines/trickmode"), "{text}");
        text.replace_range(start..end, "");
    });
}

#[test]
fn the_smaller_level_of_two_sample_entries_is_named() {
    // The second sample entry has level 3.0, in its decoder configuration record and in the sequence parameter set that follows.
    let mut movie = fs::read(fixture("two-settings.mp4")).unwrap();
    let records: Vec<_> = (0..movie.len()).filter(|at| movie[*at..].starts_with(b"avcC")).collect();
    let record = records[1] + 4;
    assert_eq!((records.len(), movie[record + 3], movie[record + 11]), (2, 0x0c, 0x0c));
    movie[record + 3] = 0x1e;
    movie[record + 11] = 0x1e;
    let scratch = TempDir::new().unwrap();
    let copy = scratch.path().join("two-levels.mp4");
    fs::write(&copy, movie).unwrap();
    let package = Packaged::new(&[&copy], &[], Request::default());
    package.assert_silent();
    package.assert_attribute(Attribute::Codecs, (MPD, "id=\"v1\"", "codecs"), Some("avc1.64000C"));
    package.assert_attribute(Attribute::Codecs, (HLS, "EXT-X-STREAM-INF", "CODECS"), Some("avc1.64000C"));
}
