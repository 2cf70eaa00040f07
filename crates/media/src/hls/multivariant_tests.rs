//! Tests of the multivariant playlist.

use super::*;
use crate::cmaf::{FrameRate, Layout, RepresentationId, SapType, SegmentSize, SegmentTime, StreamAccessPoint};
use crate::codec::{AudioInfo, ChannelConfiguration, VideoInfo};
use crate::time::Timescale;
use crate::track::{Role, TrackLabels};

const STEREO: AudioInfo = AudioInfo {
    sample_rate: 48_000,
    channels: 2,
    channel_configuration: Some(ChannelConfiguration::Cicp(2)),
    joc_complexity: None,
    is_virtualized: false,
};

fn track(id: &str, kind: TrackKind, codecs: &str, language: Option<&str>) -> Representation {
    let id: RepresentationId = id.parse().unwrap();
    let sap = Some(StreamAccessPoint { sap_type: SapType::One, delay: 0 });
    Representation {
        id,
        track_id: 1,
        switching_set: id.to_string().bytes().map(u16::from).sum(),
        kind,
        timescale: Timescale::new(1000).unwrap(),
        codecs: codecs.to_owned(),
        language: language.map(str::to_owned),
        labels: TrackLabels::default(),
        is_enabled: true,
        is_alternative: false,
        is_quarter_turned: false,
        video: (kind == TrackKind::Video).then_some(VideoInfo {
            width: 640,
            height: 360,
            sample_aspect_ratio: None,
            colour: None,
            captions: Vec::new(),
            is_interlaced: false,
            is_stereoscopic: false,
            supplemental_codecs: None,
        }),
        audio: (kind == TrackKind::Audio).then_some(STEREO),
        encryption: None,
        presentation_time_offset: 0,
        first_decode_time: 0,
        frame_rate: FrameRate::new(25, 1).filter(|_| kind == TrackKind::Video),
        segments: vec![SegmentTime { start: 0, duration: 6000, sap }, SegmentTime { start: 6000, duration: 2000, sap }],
        planned_sizes: vec![],
        init: vec![],
    }
}

fn written(representations: Vec<Representation>) -> String {
    const SIZES: [SegmentSize; 2] = [
        SegmentSize { bytes: 750_000, first_sample_end: 30_000 },
        SegmentSize { bytes: 500_000, first_sample_end: 30_000 },
    ];
    let (sidecars, layout) = (Vec::new(), Layout::Segments);
    let presentation =
        Presentation { representations, sidecars, chapters: None, work_units: 1, protection: None, layout };
    let sized = |representation| SizedRepresentation { representation, sizes: &SIZES };
    let tracks: Vec<_> = presentation.representations.iter().map(sized).collect();
    write(&presentation, &tracks, 6, &HlsOptions::default()).unwrap()
}

#[test]
fn a_variant_pairs_the_video_with_each_group_of_audio() {
    let text = written(vec![
        track("v1", TrackKind::Video, "avc1.64001F", None),
        track("a1", TrackKind::Audio, "mp4a.40.2", Some("eng")),
        track("a2", TrackKind::Audio, "mp4a.40.2", Some("fra")),
        track("a3", TrackKind::Audio, "ec-3", Some("eng")),
    ]);
    let streams: Vec<_> = text.lines().filter(|line| line.starts_with("#EXT-X-STREAM-INF")).collect();
    assert_eq!(
        streams,
        [
            "#EXT-X-STREAM-INF:BANDWIDTH=2500000,AVERAGE-BANDWIDTH=2500000,CODECS=\"avc1.64001F,mp4a.40.2\",\
             RESOLUTION=640x360,FRAME-RATE=25.000,AUDIO=\"audio1\"",
            "#EXT-X-STREAM-INF:BANDWIDTH=2500000,AVERAGE-BANDWIDTH=2500000,CODECS=\"avc1.64001F,ec-3\",\
             RESOLUTION=640x360,FRAME-RATE=25.000,AUDIO=\"audio2\"",
        ]
    );
    let defaults = text.lines().filter(|line| line.contains("DEFAULT=YES")).count();
    assert_eq!(defaults, 2, "one in each group");
}

#[test]
fn renditions_are_told_apart_by_names_that_people_can_read() {
    let described = TrackLabels { label: Some("The \"real\" one".into()), roles: vec![Role::Description] };
    let variable = TrackLabels { label: Some("Part {$one}".into()), roles: vec![] };
    let reordered = TrackLabels { label: Some("a\u{202e}b".into()), roles: vec![] };
    let text = written(vec![
        track("v1", TrackKind::Video, "avc1.64001F", None),
        track("a1", TrackKind::Audio, "mp4a.40.2", Some("de")),
        track("a2", TrackKind::Audio, "mp4a.40.2", Some("en")),
        track("a3", TrackKind::Audio, "mp4a.40.2", Some("en")),
        Representation { labels: described, ..track("a4", TrackKind::Audio, "mp4a.40.2", Some("en")) },
        track("a5", TrackKind::Audio, "mp4a.40.2", None),
        Representation { labels: variable, ..track("a6", TrackKind::Audio, "mp4a.40.2", Some("fr")) },
        Representation { labels: reordered, ..track("a7", TrackKind::Audio, "mp4a.40.2", Some("pt")) },
    ]);
    let names: Vec<_> = text.split("NAME=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(names, ["Deutsch", "English (a2)", "English (a3)", "The 'real' one", "a5", "Part { $one}", "português"]);
    assert_eq!(text.matches("CHARACTERISTICS=\"public.accessibility.describes-video\"").count(), 1);
}

#[test]
fn the_main_audio_track_is_the_default_at_any_position() {
    let main = TrackLabels { label: None, roles: vec![Role::Main] };
    let text = written(vec![
        track("v1", TrackKind::Video, "avc1.64001F", None),
        track("a1", TrackKind::Audio, "mp4a.40.2", Some("de")),
        Representation { labels: main, ..track("a2", TrackKind::Audio, "mp4a.40.2", Some("en")) },
    ]);
    let default: Vec<_> = text.lines().filter(|line| line.contains("DEFAULT=YES")).collect();
    assert!(matches!(default.as_slice(), [line] if line.contains("\"en\"")), "{text}");
}

#[test]
fn subtitles_are_one_group_of_every_variant() {
    let forced = TrackLabels { label: None, roles: vec![Role::ForcedSubtitle] };
    let text = written(vec![
        track("v1", TrackKind::Video, "avc1.64001F", None),
        track("a1", TrackKind::Audio, "mp4a.40.2", None),
        track("t1", TrackKind::Text, "wvtt", Some("en")),
        Representation { labels: forced, ..track("t2", TrackKind::Text, "stpp.ttml.im1t", Some("fr")) },
    ]);
    assert!(text.contains(
        "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subtitles\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=NO,\
         AUTOSELECT=YES,URI=\"t1/media.m3u8\"\n"
    ));
    assert!(text.contains("AUTOSELECT=YES,FORCED=YES,URI=\"t2/media.m3u8\"\n"), "{text}");
    let streams: Vec<_> = text.lines().filter(|line| line.starts_with("#EXT-X-STREAM-INF")).collect();
    assert!(
        matches!(streams.as_slice(), [line] if line.contains("CODECS=\"avc1.64001F,mp4a.40.2,stpp.ttml.im1t\"")
        && line.ends_with(",AUDIO=\"audio1\",SUBTITLES=\"subtitles\"")),
        "{text}"
    );
}

#[test]
fn rates_of_one_audio_track_are_groups_with_the_same_names() {
    let [low, high] = ["a1", "a2"].map(|id| track(id, TrackKind::Audio, "mp4a.40.2", Some("tlh")));
    let switching_set = low.switching_set;
    let text = written(vec![
        track("v1", TrackKind::Video, "avc1.64001F", None),
        low,
        Representation { switching_set, ..high },
    ]);
    assert_eq!(text.lines().filter(|line| line.contains("NAME=\"tlh\"")).count(), 2, "{text}");
    let streams = text.lines().filter(|line| line.starts_with("#EXT-X-STREAM-INF"));
    assert!(streams.map(|line| line.rsplit_once("AUDIO=").unwrap().1).eq(["\"audio1\"", "\"audio2\""]), "{text}");
}

/// Each group of a type has the same members, with equal attributes but for `URI` and `CHANNELS` (4.4.6.1.1).
#[test]
fn codecs_of_one_content_are_groups_with_the_same_names_and_default() {
    let disabled = track("a1", TrackKind::Audio, "mp4a.40.2", Some("en"));
    let commentary = || TrackLabels { label: None, roles: vec![Role::Commentary] };
    let text = written(vec![
        track("v1", TrackKind::Video, "avc1.64001F", None),
        Representation { is_enabled: false, ..disabled },
        track("a2", TrackKind::Audio, "mp4a.40.2", Some("fr")),
        Representation { labels: commentary(), ..track("a3", TrackKind::Audio, "mp4a.40.2", Some("en")) },
        track("a4", TrackKind::Audio, "mp4a.40.2", None),
        track("a5", TrackKind::Audio, "mp4a.40.2", None),
        // The same in another order, and with another one enabled.
        track("a6", TrackKind::Audio, "ec-3", None),
        track("a7", TrackKind::Audio, "ec-3", None),
        Representation { labels: commentary(), ..track("a8", TrackKind::Audio, "ec-3", Some("en")) },
        track("a9", TrackKind::Audio, "ec-3", Some("en")),
        track("a10", TrackKind::Audio, "ec-3", Some("fr")),
    ]);
    let members = |group: &str| {
        let group = format!("GROUP-ID=\"{group}\",");
        let lines = text.lines().filter_map(|line| line.strip_prefix("#EXT-X-MEDIA:TYPE=AUDIO,")?.strip_prefix(&group));
        let mut lines: Vec<_> = lines.map(|line| line.split_once(",URI=").unwrap().0).collect();
        lines.sort_unstable();
        lines
    };
    assert_eq!(members("audio1").len(), 5, "{text}");
    assert_eq!(members("audio1"), members("audio2"), "{text}");
    assert!(text.contains("NAME=\"a5\""), "{text}");
}

#[test]
fn audio_alone_is_a_variant_by_itself() {
    let text = written(vec![track("a1", TrackKind::Audio, "mp4a.40.2", None)]);
    assert!(text.contains("CODECS=\"mp4a.40.2\"\na1/media.m3u8\n"), "{text}");
    assert!(!text.contains("#EXT-X-MEDIA"));
}

#[test]
fn languages_without_video_are_one_variant_of_the_default_track() {
    let disabled = track("a1", TrackKind::Audio, "mp4a.40.2", Some("en"));
    let text = written(vec![
        Representation { is_enabled: false, ..disabled },
        track("a2", TrackKind::Audio, "mp4a.40.2", Some("fr")),
    ]);
    assert!(text.contains("LANGUAGE=\"en\",DEFAULT=NO"), "{text}");
    assert!(text.contains("LANGUAGE=\"fr\",DEFAULT=YES"), "{text}");
    assert!(text.ends_with("CODECS=\"mp4a.40.2\",AUDIO=\"audio1\"\na2/media.m3u8\n"), "{text}");
    assert_eq!(text.matches("#EXT-X-STREAM-INF").count(), 1);
}

#[test]
fn alternative_videos_are_no_variants() {
    let alternative = track("v2", TrackKind::Video, "avc1.64001F", None);
    let text = written(vec![
        track("v1", TrackKind::Video, "avc1.64001F", None),
        Representation { is_alternative: true, ..alternative },
    ]);
    assert!(text.contains("v1/media.m3u8") && text.contains("v1/iframes.m3u8") && !text.contains("v2/"), "{text}");
}
