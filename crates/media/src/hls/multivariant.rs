//! The multivariant playlist (RFC 8216bis 4.4.6).

use std::collections::BTreeMap;

use super::keys::keys;
use super::media::{self, line};
use super::rate::Rate;
use super::rendition;
use super::{HlsOptions, INDEPENDENT_SEGMENTS};
use crate::cmaf::{Presentation, Representation, SegmentSize, Sidecar};
use crate::track::TrackKind;

/// Audio tracks of one codec, for a variant's `CODECS` must be true for each of them, and of one rung of their sets, for a
/// player chooses among the tracks of a group by language and not by rate.
struct AudioGroup<'p> {
    id: String,
    /// Position of its tracks in their sets.
    rung: usize,
    tracks: Vec<&'p Representation>,
    rate: Rate,
}

pub(super) fn write(presentation: &Presentation, sizes: &[Vec<SegmentSize>], options: &HlsOptions) -> String {
    let of = |kind| presentation.representations.iter().zip(sizes).filter(move |(own, _)| own.kind == kind);
    let groups = audio_groups(of(TrackKind::Audio));
    let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:7\n");
    if presentation.representations.iter().all(Representation::has_independent_segments) {
        text.push_str(INDEPENDENT_SEGMENTS);
    }
    session_keys(&mut text, presentation, options);
    let subtitles = Subtitles::of(of(TrackKind::Text), &presentation.sidecars);
    let videos: Vec<_> = of(TrackKind::Video).collect();
    if !videos.is_empty() {
        for group in &groups {
            rendition::sound(&mut text, presentation, &group.id, &group.tracks);
        }
    }
    rendition::subtitles(&mut text, presentation, SUBTITLES, &subtitles.tracks, &presentation.sidecars);
    if videos.is_empty() {
        for (own, sizes) in of(TrackKind::Audio) {
            stream(&mut text, own, Rate::of(own, sizes), None, &subtitles);
        }
    }
    for (own, sizes) in &videos {
        let rate = Rate::of(own, sizes);
        if groups.is_empty() {
            stream(&mut text, own, rate, None, &subtitles);
        }
        for group in &groups {
            stream(&mut text, own, rate.with(group.rate), Some(group), &subtitles);
        }
    }
    for (own, sizes) in &videos {
        key_pictures(&mut text, own, sizes);
    }
    text
}

/// Id of the one group of subtitles: any may go with any variant.
const SUBTITLES: &str = "subtitles";

/// The tracks of text.
struct Subtitles<'p> {
    tracks: Vec<&'p Representation>,
    /// Whether there are any, of the movie or beside it.
    is_any: bool,
    /// The most that any of them adds to a variant; of text files, what they say in fragments, which is more.
    rate: Rate,
    /// The codecs that variants must name for them: those of segments, not of text files.
    codecs: Vec<&'p str>,
}

impl<'p> Subtitles<'p> {
    fn of(tracks: impl Iterator<Item = (&'p Representation, &'p Vec<SegmentSize>)>, sidecars: &[Sidecar]) -> Self {
        let mut all =
            Self { tracks: Vec::new(), is_any: !sidecars.is_empty(), rate: Rate::default(), codecs: Vec::new() };
        for (own, sizes) in tracks {
            all.tracks.push(own);
            all.is_any = true;
            all.rate = all.rate.or(Rate::of(own, sizes));
            if !own.has_text_files() && !all.codecs.contains(&own.codecs.as_str()) {
                all.codecs.push(&own.codecs);
            }
        }
        all
    }
}

fn audio_groups<'p>(tracks: impl Iterator<Item = (&'p Representation, &'p Vec<SegmentSize>)>) -> Vec<AudioGroup<'p>> {
    let mut groups: Vec<AudioGroup<'p>> = Vec::new();
    let mut rungs: BTreeMap<u16, usize> = BTreeMap::new();
    for (own, sizes) in tracks {
        let rate = Rate::of(own, sizes);
        let next = rungs.entry(own.set).or_default();
        let rung = *next;
        *next = next.saturating_add(1);
        let same = |group: &&mut AudioGroup<'_>| {
            group.rung == rung && group.tracks.first().is_some_and(|first| first.codecs == own.codecs)
        };
        if let Some(group) = groups.iter_mut().find(same) {
            group.tracks.push(own);
            group.rate = group.rate.or(rate);
        } else {
            let id = format!("audio{}", groups.len().saturating_add(1));
            groups.push(AudioGroup { id, rung, tracks: vec![own], rate });
        }
    }
    groups
}

/// Lets a player ask for keys before it has read a media playlist (4.4.6.5).
fn session_keys(text: &mut String, presentation: &Presentation, options: &HlsOptions) {
    let mut written: Vec<String> = Vec::new();
    for encryption in presentation.representations.iter().filter_map(|own| own.encryption.as_ref()) {
        for attributes in keys(encryption, options) {
            if !written.contains(&attributes) {
                line(text, format_args!("#EXT-X-SESSION-KEY:{attributes}"));
                written.push(attributes);
            }
        }
    }
}

/// A variant: one video with one group of audio, or one track by itself; with all subtitles there are.
fn stream(
    text: &mut String,
    own: &Representation,
    rate: Rate,
    group: Option<&AudioGroup<'_>>,
    subtitles: &Subtitles<'_>,
) {
    let audio_codecs = group.and_then(|group| group.tracks.first()).map(|first| first.codecs.as_str());
    let codecs = std::iter::once(own.codecs.as_str()).chain(audio_codecs).chain(subtitles.codecs.iter().copied());
    let codecs = codecs.collect::<Vec<_>>().join(",");
    let duration = own.sample_duration.filter(|_| own.kind == TrackKind::Video);
    let pictures = duration.map(|duration| f64::from(own.timescale.hz()) / f64::from(duration));
    let frame_rate = pictures.map(|rate| format!(",FRAME-RATE={rate:.3}")).unwrap_or_default();
    let range = video_range(own);
    let audio = group.map(|group| format!(",AUDIO=\"{}\"", group.id)).unwrap_or_default();
    let with_text = if subtitles.is_any { format!(",SUBTITLES=\"{SUBTITLES}\"") } else { String::new() };
    let (Rate { peak, average }, resolution) = (rate.with(subtitles.rate), resolution(own));
    let rates = format!("BANDWIDTH={peak},AVERAGE-BANDWIDTH={average}");
    line(
        text,
        format_args!("#EXT-X-STREAM-INF:{rates},CODECS=\"{codecs}\"{resolution}{frame_rate}{range}{audio}{with_text}"),
    );
    line(text, format_args!("{}", media::path(&own.name)));
}

/// A variant of key pictures (4.4.6.3), which has no `FRAME-RATE`.
fn key_pictures(text: &mut String, own: &Representation, sizes: &[SegmentSize]) {
    let entries: Vec<SegmentSize> =
        sizes.iter().map(|size| SegmentSize { bytes: size.entry_bytes, entry_bytes: size.entry_bytes }).collect();
    let rate = Rate::of(own, &entries);
    line(
        text,
        format_args!(
            "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\"{}{},URI=\"{}\"",
            rate.peak,
            rate.average,
            own.codecs,
            resolution(own),
            video_range(own),
            media::key_pictures_path(&own.name)
        ),
    );
}

/// `VIDEO-RANGE`, where the picture tells its colours.
fn video_range(own: &Representation) -> String {
    let colour = own.video.as_ref().and_then(|video| video.colour);
    colour.map(|colour| format!(",VIDEO-RANGE={}", colour.video_range())).unwrap_or_default()
}

fn resolution(own: &Representation) -> String {
    own.video.as_ref().map(|video| format!(",RESOLUTION={}x{}", video.width, video.height)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmaf::{EntryPoint, Layout, SapType, SegmentTime};
    use crate::codec::{AudioInfo, ChannelConfiguration, VideoInfo};
    use crate::time::Timescale;
    use crate::track::{Role, TrackLabels};

    const STEREO: AudioInfo = AudioInfo {
        sample_rate: 48_000,
        channels: 2,
        channel_configuration: Some(ChannelConfiguration::Cicp(2)),
        joc_complexity: None,
    };

    fn track(name: &str, kind: TrackKind, codecs: &str, language: Option<&str>) -> Representation {
        let entry = Some(EntryPoint { sap_type: SapType::One, delay: 0 });
        Representation {
            name: name.to_owned(),
            track_id: 1,
            set: name.bytes().map(u16::from).sum(),
            kind,
            timescale: Timescale::new(1000).unwrap(),
            codecs: codecs.to_owned(),
            language: language.map(str::to_owned),
            labels: TrackLabels::default(),
            video: (kind == TrackKind::Video).then_some(VideoInfo {
                width: 640,
                height: 360,
                sample_aspect_ratio: None,
                colour: None,
            }),
            audio: (kind == TrackKind::Audio).then_some(STEREO),
            encryption: None,
            presentation_time_offset: 0,
            sample_duration: Some(40),
            segments: vec![
                SegmentTime { start: 0, duration: 6000, entry },
                SegmentTime { start: 6000, duration: 2000, entry },
            ],
            init: vec![],
        }
    }

    fn written(representations: Vec<Representation>) -> String {
        let sizes = vec![
            vec![
                SegmentSize { bytes: 750_000, entry_bytes: 30_000 },
                SegmentSize { bytes: 500_000, entry_bytes: 30_000 }
            ];
            representations.len()
        ];
        let layout = Layout::Segments;
        write(
            &Presentation { representations, sidecars: Vec::new(), work_units: 1, protection: None, layout },
            &sizes,
            &HlsOptions::default(),
        )
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
        let text = written(vec![
            track("v1", TrackKind::Video, "avc1.64001F", None),
            track("a1", TrackKind::Audio, "mp4a.40.2", Some("de")),
            track("a2", TrackKind::Audio, "mp4a.40.2", Some("en")),
            track("a3", TrackKind::Audio, "mp4a.40.2", Some("en")),
            Representation { labels: described, ..track("a4", TrackKind::Audio, "mp4a.40.2", Some("en")) },
            track("a5", TrackKind::Audio, "mp4a.40.2", None),
        ]);
        let names: Vec<_> = text.split("NAME=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(names, ["Deutsch", "English (a2)", "English (a3)", "The 'real' one", "a5"]);
        assert_eq!(text.matches("CHARACTERISTICS=\"public.accessibility.describes-video\"").count(), 1);
    }

    #[test]
    fn the_main_sound_is_the_default_wherever_it_stands() {
        let main = TrackLabels { label: None, roles: vec![Role::Main] };
        let text = written(vec![
            track("v1", TrackKind::Video, "avc1.64001F", None),
            track("a1", TrackKind::Audio, "mp4a.40.2", Some("de")),
            Representation { labels: main, ..track("a2", TrackKind::Audio, "mp4a.40.2", Some("en")) },
        ]);
        let default: Vec<_> = text.lines().filter(|line| line.contains("DEFAULT=YES")).collect();
        assert!(matches!(default.as_slice(), [own] if own.contains("\"en\"")), "{text}");
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
            matches!(streams.as_slice(), [own] if own.contains("CODECS=\"avc1.64001F,mp4a.40.2,stpp.ttml.im1t\"")
            && own.ends_with(",AUDIO=\"audio1\",SUBTITLES=\"subtitles\"")),
            "{text}"
        );
    }

    #[test]
    fn rates_of_one_sound_are_groups_with_the_same_names() {
        let [low, high] = ["a1", "a2"].map(|name| track(name, TrackKind::Audio, "mp4a.40.2", Some("tlh")));
        let set = low.set;
        let text =
            written(vec![track("v1", TrackKind::Video, "avc1.64001F", None), low, Representation { set, ..high }]);
        assert_eq!(text.lines().filter(|line| line.contains("NAME=\"tlh\"")).count(), 2, "{text}");
        let streams = text.lines().filter(|line| line.starts_with("#EXT-X-STREAM-INF"));
        assert!(streams.map(|line| line.rsplit_once("AUDIO=").unwrap().1).eq(["\"audio1\"", "\"audio2\""]), "{text}");
    }

    #[test]
    fn audio_alone_is_a_variant_by_itself() {
        let text = written(vec![track("a1", TrackKind::Audio, "mp4a.40.2", None)]);
        assert!(text.contains("CODECS=\"mp4a.40.2\"\na1/media.m3u8\n"), "{text}");
        assert!(!text.contains("#EXT-X-MEDIA"));
    }
}
