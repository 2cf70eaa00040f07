//! Audio: manifests state the language, sampling rate and channels that ffmpeg reads from the source.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use vpp_tests::decrypt::{self, KEY};
use vpp_tests::package::{Package, Representation, Segment};
use vpp_tests::{boxes, ffmpeg, fixtures, shaka, vpp};

/// The scheme that lists `OutputChannelPosition`s (ISO/IEC 23009-1 5.8.5.4).
const POSITIONS: &str = "urn:mpeg:dash:outputChannelPositionList:2012";
const CICP: &str = "urn:mpeg:mpegB:cicp:ChannelConfiguration";

/// An audio stream as ffmpeg describes it.
#[derive(Debug, PartialEq, Eq)]
struct Stream {
    language: String,
    sample_rate: String,
    /// The name of its channel layout.
    layout: String,
}

/// Lists the audio streams of a file by ffmpeg.
fn streams(file: &Path) -> Vec<Stream> {
    // ffmpeg prints the streams of its inputs and, without an output, ends with an error.
    let output = ffmpeg::ffmpeg().args(["-loglevel", "info", "-i"]).arg(file).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let audio = text.lines().filter_map(|line| line.trim().strip_prefix("Stream #0:")?.split_once(": Audio: "));
    let stream = |(head, properties): (&str, &str)| {
        let fields: Vec<_> = properties.split(", ").collect();
        let language = head.split_once('(').map_or("", |(_, language)| language.trim_end_matches(')'));
        let rate = fields.iter().position(|field| field.ends_with(" Hz")).unwrap();
        Stream {
            language: language.to_owned(),
            sample_rate: fields[rate].trim_end_matches(" Hz").to_owned(),
            layout: fields[rate + 1].to_owned(),
        }
    };
    audio.map(stream).collect()
}

/// Returns the channels of a layout by ffmpeg, such as `FL` and `FR`.
fn channels(layout: &str) -> Vec<String> {
    let output = ffmpeg::ffmpeg().arg("-layouts").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let found = rows.into_iter().find_map(|row| (row.len() == 2 && row[0] == layout).then(|| row[1].to_owned()));
    found.unwrap_or_else(|| panic!("a layout {layout}")).split('+').map(str::to_owned).collect()
}

/// A package, in a folder that is deleted with it.
struct Packaged {
    package: Package,
    multivariant: String,
    _scratch: TempDir,
}

fn packaged(movie: &Path, arguments: &[&str]) -> Packaged {
    let scratch = TempDir::new().unwrap();
    let directory = scratch.path().join("package");
    let output = vpp::package(movie, &directory, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let multivariant = fs::read_to_string(directory.join("stream.m3u8")).unwrap();
    Packaged { package: Package::open(&directory), multivariant, _scratch: scratch }
}

impl Packaged {
    fn audio(&self) -> Vec<&Representation> {
        self.package.representations.iter().filter(|track| track.content_type == "audio").collect()
    }

    /// Returns the audio sampling rate of each audio representation, and the scheme and value of its channel configuration.
    fn properties(&self) -> Vec<(String, Vec<(String, String)>)> {
        let sets = self.package.mpd.periods.iter().flat_map(|period| &period.adaptations);
        let audio = sets.filter(|set| set.contentType.as_deref() == Some("audio"));
        let properties = audio.flat_map(|set| &set.representations).map(|representation| {
            let configurations = representation.AudioChannelConfiguration.iter();
            let configurations =
                configurations.map(|found| (found.schemeIdUri.clone(), found.value.clone().unwrap_or_default()));
            (representation.audioSamplingRate.clone().unwrap_or_default(), configurations.collect())
        });
        properties.collect()
    }

    /// Returns an attribute of every audio rendition of the multivariant playlist.
    fn renditions(&self, attribute: &str) -> Vec<String> {
        let lines = self.multivariant.lines().filter(|line| line.starts_with("#EXT-X-MEDIA:TYPE=AUDIO"));
        let value = |line: &str| {
            line.split_once(&format!(",{attribute}=\""))
                .map_or("", |(_, rest)| rest.split('"').next().unwrap())
                .to_owned()
        };
        lines.map(value).collect()
    }
}

#[test]
fn macintosh_languages_of_quicktime_are_stated() {
    let movie = fixtures::fixture("quicktime-languages.mov");
    let expected = streams(&movie).into_iter().map(|stream| match stream.language.as_str() {
        "fre" | "fra" => "fr",
        "jpn" => "ja",
        "ara" => "ar",
        "eng" => "en",
        other => panic!("{other}"),
    });
    let expected: Vec<_> = expected.collect();
    assert_eq!(expected, ["fr", "ja", "ar", "en"]);
    // ffmpeg writes Macintosh codes: the field is below 0x400.
    let file = fs::read(&movie).unwrap();
    let codes =
        boxes::all(&file, "moov/trak/mdia/mdhd").into_iter().map(|mdhd| u16::from_be_bytes([mdhd[20], mdhd[21]]));
    assert_eq!(codes.skip(1).collect::<Vec<_>>(), [1, 11, 12, 0]);
    let packaged = packaged(&movie, &[]);
    let languages: Vec<_> = packaged.audio().iter().map(|track| track.language.clone().unwrap()).collect();
    assert_eq!(languages, expected);
    assert_eq!(packaged.renditions("LANGUAGE"), expected);
}

#[test]
fn languages_of_subtitle_files_are_as_short_as_those_of_tracks() {
    let scratch = TempDir::new().unwrap();
    let file = scratch.path().join("subtitles.vtt");
    fs::write(&file, "WEBVTT\n\n00:00.500 --> 00:01.000\nText\n").unwrap();
    let argument = |language: &str| format!("{language}={}", file.display());
    let arguments = ["eng", "ger-AT", "pt-BR"].map(argument);
    let mut options = vec![];
    arguments.iter().for_each(|argument| options.extend(["--subtitles", argument.as_str()]));
    let directory = scratch.path().join("package");
    let output = vpp::package(&fixtures::fixture("two-languages.mp4"), &directory, &options);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
    let (mpd, multivariant) = (text("stream.mpd"), text("stream.m3u8"));
    let line = |language: &str| {
        let mut lines = multivariant.lines().filter(|line| line.contains("TYPE=SUBTITLES"));
        lines.any(|line| line.contains(&format!(",LANGUAGE=\"{language}\"")))
    };
    for language in ["en", "de-AT", "pt-BR"] {
        assert!(line(language), "{language}: {multivariant}");
        assert!(mpd.contains(&format!("contentType=\"text\" mimeType=\"text/vtt\" lang=\"{language}\"")), "{mpd}");
    }
}

/// Asserts that a package of mono MP3 has the rate and the one channel that ffmpeg reads from the frames.
fn assert_mono(movie: &Path, arguments: &[&str]) {
    let [stream] = &streams(movie)[..] else { panic!("{} has one audio track", movie.display()) };
    assert_eq!(stream.layout, "mono");
    let packaged = packaged(movie, arguments);
    let one = (CICP.to_owned(), "1".to_owned());
    assert_eq!(packaged.properties(), [(stream.sample_rate.clone(), vec![one])], "{}", movie.display());
    assert!(packaged.renditions("CHANNELS").iter().all(|channels| channels == "1"), "{}", packaged.multivariant);
    // The sample entry is true as well: channelcount, samplerate.
    let init = packaged.audio()[0].init_bytes();
    let entry = &boxes::one(&init, "moov/trak/mdia/minf/stbl/stsd")[16..];
    assert_eq!(u16::from_be_bytes([entry[16], entry[17]]), 1);
    assert_eq!(u16::from_be_bytes([entry[24], entry[25]]).to_string(), stream.sample_rate);
}

#[test]
fn mono_mp3_has_one_channel_whatever_its_sample_entry_states() {
    let movie = fixtures::fixture("mp3-mono.mp4");
    assert_mono(&movie, &[]);
    if let Some(real) = fixtures::corpus("edge/mp3_mono.mp4") {
        assert_mono(&real, &["--audio-only"]);
    }
    // In a fragmented file, the first frame is in a fragment.
    let scratch = TempDir::new().unwrap();
    let fragmented = scratch.path().join("fragmented.mp4");
    let mut command = ffmpeg::ffmpeg();
    command.arg("-i").arg(&movie).args(["-c", "copy", "-movflags", "+frag_keyframe+empty_moov+default_base_moof"]);
    assert!(command.arg(&fragmented).status().unwrap().success());
    let mut file = fs::read(&fragmented).unwrap();
    let entry = file.windows(4).position(|kind| kind == b"mp4a").unwrap() + 4;
    file[entry + 16..entry + 18].copy_from_slice(&[0, 2]);
    fs::write(&fragmented, file).unwrap();
    assert_mono(&fragmented, &[]);
}

#[test]
fn listed_channels_of_aac_are_stated() {
    let movie = fixtures::fixture("aac-channels.mp4");
    let streams = streams(&movie);
    let layouts: Vec<_> = streams.iter().map(|stream| stream.layout.as_str()).collect();
    assert_eq!(layouts, ["2.1", "6.1(back)", "7.0", "octagonal", "7.1"]);
    let packaged = packaged(&movie, &[]);
    let counts: Vec<_> = layouts.iter().map(|layout| channels(layout).len().to_string()).collect();
    assert_eq!(packaged.renditions("CHANNELS"), counts);
    // ISO/IEC 23091-3: 11 is 3/3.1, 12 is 3/4.1. The others have no number, and their positions are listed.
    let expected = [
        (POSITIONS, "0 1 3"),
        (CICP, "11"),
        (POSITIONS, "0 1 2 4 5 8 9"),
        (POSITIONS, "0 1 2 4 5 8 9 10"),
        (CICP, "12"),
    ];
    for ((found, (scheme, value)), stream) in packaged.properties().iter().zip(expected).zip(&streams) {
        assert_eq!(found.0, stream.sample_rate);
        assert_eq!(found.1, [(scheme.to_owned(), value.to_owned())], "{}", stream.layout);
    }
}

#[test]
fn stored_streams_have_no_number_of_their_own() {
    // ISO/IEC 14496-14 3.1.2: ES_ID is 0 in stored files. ffmpeg writes the number of the track.
    let es_id = |init: &[u8]| {
        let stsd = boxes::one(init, "moov/trak/mdia/minf/stbl/stsd");
        let at = stsd.windows(4).position(|kind| kind == b"esds").unwrap() + 8;
        assert_eq!(stsd[at], 3, "an ES_Descriptor");
        let length = stsd[at + 1..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        u16::from_be_bytes([stsd[at + 1 + length], stsd[at + 2 + length]])
    };
    for movie in ["two-languages.mp4", "quicktime.mov", "mp3.mp4"].map(fixtures::fixture) {
        let packaged = packaged(&movie, &[]);
        let ids: Vec<_> = packaged.audio().iter().map(|track| es_id(&track.init_bytes())).collect();
        assert!(!ids.is_empty() && ids.iter().all(|id| *id == 0), "{}: {ids:?}", movie.display());
    }
}

/// A fixture of a codec that ffmpeg does not decode, or that Shaka Packager supports, and what its manifests state.
struct Codec {
    fixture: &'static str,
    sample_rate: &'static str,
    /// The scheme and value of the channel configuration, by the codec's standard.
    configuration: Option<(&'static str, &'static str)>,
    channels: &'static str,
    /// Whether Shaka Packager reads the codec string. It does not read the samples of `mhm1`, nor the profile without them.
    shaka_knows: bool,
}

const CODECS: [Codec; 6] = [
    Codec {
        fixture: "alac.mp4",
        sample_rate: "48000",
        configuration: Some((CICP, "2")),
        channels: "2",
        shaka_knows: true,
    },
    // ETSI TS 103 190-2 table G.1: 5.1 is 6.
    Codec {
        fixture: "ac-4.mp4",
        sample_rate: "48000",
        configuration: Some((CICP, "6")),
        channels: "6",
        shaka_knows: true,
    },
    // ISO/IEC 23091-3: 7.1.4 is 19.
    Codec {
        fixture: "mpeg-h.mp4",
        sample_rate: "48000",
        configuration: Some((CICP, "19")),
        channels: "12",
        shaka_knows: true,
    },
    Codec {
        fixture: "mpeg-h-stream.mp4",
        sample_rate: "48000",
        configuration: Some((CICP, "19")),
        channels: "12",
        shaka_knows: false,
    },
    Codec {
        fixture: "xhe-aac.mp4",
        sample_rate: "48000",
        configuration: Some((CICP, "2")),
        channels: "2",
        shaka_knows: true,
    },
    // The number of channels is that of the player's loudspeakers.
    Codec { fixture: "iamf.mp4", sample_rate: "48000", configuration: None, channels: "", shaka_knows: true },
];

fn arguments(codec: &Codec) -> Vec<&'static str> {
    if codec.fixture == "iamf.mp4" { vec!["--audio-only"] } else { vec![] }
}

/// Returns the segments of a representation, one after the other.
fn segments(track: &Representation) -> Vec<u8> {
    track.segments.iter().flat_map(Segment::bytes).collect()
}

#[test]
fn codec_strings_and_channels_are_those_of_each_standard() {
    for codec in &CODECS {
        let movie = fixtures::fixture(codec.fixture);
        let packaged = packaged(&movie, &arguments(codec));
        let (rate, configurations) = &packaged.properties()[0];
        let expected = codec.configuration.map(|(scheme, value)| (scheme.to_owned(), value.to_owned()));
        assert_eq!(rate, codec.sample_rate, "{}", codec.fixture);
        assert_eq!(configurations, &expected.into_iter().collect::<Vec<_>>(), "{}", codec.fixture);
        if codec.fixture != "iamf.mp4" {
            assert_eq!(packaged.renditions("CHANNELS")[0], codec.channels, "{}", codec.fixture);
        }
        let codecs = &packaged.audio()[0].codecs;
        assert!(packaged.multivariant.contains(codecs), "{}", packaged.multivariant);
        let scratch = TempDir::new().unwrap();
        let (_, mpd) = shaka::package_audio(&movie, None, scratch.path());
        let theirs = mpd.split("codecs=\"").nth(1).unwrap().split('"').next().unwrap();
        // The level of MPEG-H is a hexadecimal number, whose letters may be of either case.
        let is_equal = theirs.eq_ignore_ascii_case(codecs);
        assert_eq!(is_equal, codec.shaka_knows, "{}: {codecs}, Shaka Packager has {theirs}", codec.fixture);
    }
    let level = |fixture: &str| packaged(&fixtures::fixture(fixture), &[]).audio()[0].codecs[4..].to_owned();
    assert_eq!(level("mpeg-h-stream.mp4"), level("mpeg-h.mp4"), "both have the same configuration");
}

#[test]
fn samples_of_every_codec_are_encrypted_whole_as_shaka_packager_does() {
    const IV: &str = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";
    for codec in &CODECS {
        let movie = fixtures::fixture(codec.fixture);
        let scratch = TempDir::new().unwrap();
        let media = |file: &[u8]| boxes::all(file, "mdat").concat();
        let (clear, _) = shaka::package_audio(&movie, None, scratch.path());
        let (encrypted, _) = shaka::package_audio(&movie, Some(("cbcs", IV)), scratch.path());
        let options = |scheme: &'static str| {
            let protection = ["--scheme", scheme, "--encrypt", "all", "--key", KEY.key, "--kid", KEY.kid];
            [&protection[..], &arguments(codec)[..]].concat()
        };
        let ours = packaged(&movie, &[&options("cbcs")[..], &["--iv", IV]].concat());
        assert!(media(&segments(ours.audio()[0])) == media(&encrypted), "{}", codec.fixture);
        assert!(media(&clear) != media(&encrypted));
        for scheme in ["cbcs", "cenc"] {
            let ours = packaged(&movie, &options(scheme));
            let file = decrypt::decrypted(ours.audio()[0], KEY, scratch.path());
            let decrypted = fs::read(file).unwrap();
            assert!(media(&decrypted) == media(&clear), "Bento4 decrypts {scheme} {}", codec.fixture);
        }
    }
}

#[test]
fn segments_of_dependent_audio_start_at_sync_samples() {
    // Every 24th sample is a sync sample; a segment of AAC would start at any.
    for fixture in ["ac-4.mp4", "mpeg-h.mp4", "xhe-aac.mp4"] {
        let packaged = packaged(&fixtures::fixture(fixture), &["--segment-duration", "2"]);
        let track = packaged.audio()[0];
        let samples: Vec<_> = track.segments.iter().flat_map(Segment::samples).collect();
        let expected: Vec<bool> = (0..samples.len()).map(|index| index % 24 == 0).collect();
        assert_eq!(samples.iter().map(|sample| sample.sync).collect::<Vec<_>>(), expected, "{fixture}");
        let starts: Vec<_> = track.segments.iter().map(|segment| segment.start).collect();
        assert!(starts.len() > 2, "{starts:?}");
        let sync: Vec<_> = samples.iter().filter(|sample| sample.sync).map(|sample| sample.decode_time).collect();
        assert!(starts.iter().all(|start| sync.contains(start)), "{fixture}: {starts:?}, {sync:?}");
        // The audio, the video and its trick mode.
        assert!(packaged.package.text.matches("startWithSAP=\"1\"").count() == 3, "{}", packaged.package.text);
        // The same from a fragmented file, in which sample flags mark the sync samples.
        let scratch = TempDir::new().unwrap();
        let fragmented = decrypt::join(track, scratch.path());
        let again = self::packaged(&fragmented, &["--segment-duration", "2", "--audio-only"]);
        let samples: Vec<_> = again.audio()[0].segments.iter().flat_map(Segment::samples).collect();
        assert_eq!(samples.iter().map(|sample| sample.sync).collect::<Vec<_>>(), expected, "{fixture}");
    }
}
