//! What manifests state of videos and audio that players select from: the main video, the default audio, renditions and rates.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vpp_tests::fixtures::{self, fixture};
use vpp_tests::{rules, vpp};

/// A clear package of movies, and its manifests.
struct Packaged {
    mpd: String,
    playlist: String,
    directory: PathBuf,
    _scratch: TempDir,
}

fn packaged(inputs: &[&Path], arguments: &[&str]) -> Packaged {
    let scratch = TempDir::new().unwrap();
    let directory = scratch.path().join("package");
    let output = vpp::package_inputs(inputs, &directory, &[&["--scheme", "clear"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
    let (mpd, playlist) = (read("stream.mpd"), read("stream.m3u8"));
    assert_eq!(rules::schema_violations(&mpd), [""; 0]);
    Packaged { mpd, playlist, directory, _scratch: scratch }
}

impl Packaged {
    /// Returns the adaptation sets that contain a text, from the start tag on.
    fn sets(&self, containing: &str) -> Vec<&str> {
        self.mpd.split("<AdaptationSet ").skip(1).filter(|set| set.contains(containing)).collect()
    }

    /// Returns the lines of the multivariant playlist that start with a tag.
    fn lines(&self, tag: &str) -> Vec<&str> {
        self.playlist.lines().filter(|line| line.starts_with(tag)).collect()
    }

    /// Returns the URIs of the variants.
    fn variants(&self) -> Vec<&str> {
        let lines = self.playlist.lines().collect::<Vec<_>>();
        lines.windows(2).filter(|pair| pair[0].starts_with("#EXT-X-STREAM-INF")).map(|pair| pair[1]).collect()
    }
}

fn attribute<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let value = text.split_once(&format!("{name}=\""))?.1;
    Some(value.split_once('"').unwrap().0)
}

fn roles(set: &str) -> Vec<&str> {
    set.split("<Role ").skip(1).map(|role| attribute(role, "value").unwrap()).collect()
}

/// The movie, the size of its main video, and the duration in the manifest, by the recipe.
#[test]
fn a_second_video_is_an_alternative_and_no_variant() {
    let corpus = fixtures::corpus("edge/two_videos.mp4");
    let mut movies = vec![
        (fixture("short-video-first.mp4"), "480x270", "PT6S"),
        (fixture("second-video-enabled.mp4"), "480x270", "PT6"),
    ];
    movies.extend(corpus.map(|movie| (movie, "160x120", "PT6")));
    for (movie, size, duration) in movies {
        let package = packaged(&[&movie], &[]);
        let variants = package.lines("#EXT-X-STREAM-INF");
        assert!(matches!(variants[..], [variant] if variant.contains(&format!("RESOLUTION={size}"))), "{variants:?}");
        assert_eq!((package.variants(), package.lines("#EXT-X-I-FRAME-STREAM-INF").len()), (vec!["v1/media.m3u8"], 1));
        assert!(package.directory.join("v2/media.m3u8").exists(), "the other plays by itself");
        let sets = package.sets("contentType=\"video\"");
        assert_eq!(sets.iter().map(|set| roles(set)).collect::<Vec<_>>(), [["main"], ["alternate"]]);
        assert_eq!(attribute(sets[0], "maxWidth"), size.split('x').next());
        assert!(attribute(&package.mpd, "mediaPresentationDuration").unwrap().starts_with(duration), "{}", package.mpd);
        let output = vpp::package(&movie, &package.directory, &["--json"]);
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let representations = summary["representations"].as_array().unwrap().iter();
        let alternatives = representations.filter(|representation| representation["alternative"] == true);
        assert_eq!(alternatives.map(|video| video["name"].as_str().unwrap()).collect::<Vec<_>>(), ["v2"]);
        let text = String::from_utf8(vpp::package(&movie, &package.directory, &[]).stdout).unwrap();
        assert_eq!(text.matches("other content than the main video").count(), 1, "{text}");
        let report: serde_json::Value = serde_json::from_str(&vpp::inspect(&movie, &[])).unwrap();
        let codes = report["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap());
        assert_eq!(codes.filter(|code| *code != "no_faststart").collect::<Vec<_>>(), ["alternative_video"]);
    }
}

#[test]
fn the_default_audio_is_the_one_that_the_file_enables() {
    let corpus = fixtures::corpus("edge/default_audio_french.mp4");
    for movie in [Some(fixture("last-audio-enabled.mp4")), corpus].into_iter().flatten() {
        for arguments in [&[][..], &["--audio-only"]] {
            let package = packaged(&[&movie], arguments);
            let renditions = package.lines("#EXT-X-MEDIA:TYPE=AUDIO");
            assert_eq!(renditions.len(), 3, "{}", package.playlist);
            let default: Vec<_> = renditions.iter().filter(|line| line.contains("DEFAULT=YES")).collect();
            assert!(matches!(default[..], [line] if line.contains("LANGUAGE=\"fr\"")), "{renditions:?}");
            for set in package.sets("contentType=\"audio\"") {
                let expected = if attribute(set, "lang") == Some("fr") { "main" } else { "alternate" };
                assert_eq!(roles(set), [expected]);
            }
        }
    }
}

#[test]
fn languages_without_video_are_renditions_of_one_variant() {
    let package = packaged(&[&fixture("two-languages.mp4")], &["--audio-only"]);
    let languages = package.lines("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio1\"");
    let languages: Vec<_> = languages.iter().map(|line| attribute(line, "LANGUAGE").unwrap()).collect();
    assert_eq!(languages, ["en", "fr"]);
    let variants = package.lines("#EXT-X-STREAM-INF");
    assert!(
        matches!(variants[..], [line] if line.contains("CODECS=\"mp4a.40.2\"") && line.ends_with(",AUDIO=\"audio1\""))
    );
    assert_eq!(package.variants(), ["a1/media.m3u8"]);
}

/// Audio of another movie is another bit rate only if both are rungs and state one language.
#[test]
fn audio_of_another_movie_is_a_rendition_unless_it_is_another_rate_of_a_ladder() {
    let low = fixture("ladder-low.mp4");
    for (other, sets, groups) in
        [("ladder-audio-rate.mp4", 1, 2), ("ladder-unnamed.mp4", 2, 1), ("ladder-french.mp4", 2, 1)]
    {
        let package = packaged(&[&low, &fixture(other)], &[]);
        assert_eq!(package.sets("contentType=\"audio\"").len(), sets, "{other}");
        let renditions = package.lines("#EXT-X-MEDIA:TYPE=AUDIO");
        assert_eq!(renditions.len(), 2, "{other}");
        assert_eq!(renditions.iter().filter(|line| line.contains("\"audio1\"")).count(), 3 - groups, "{other}");
        assert_eq!(renditions.iter().filter(|line| line.contains("DEFAULT=YES")).count(), groups, "{other}");
    }
    // The first movie is the ladder's only rung: the audio of the other cannot be that of a rung, whatever its language is.
    let scratch = TempDir::new().unwrap();
    let audio = scratch.path().join("audio.mp4");
    let mut remux = vpp_tests::ffmpeg::ffmpeg();
    remux.arg("-i").arg(fixture("ladder-audio-rate.mp4")).args(["-map", "0:a", "-c", "copy"]).arg(&audio);
    assert!(remux.status().unwrap().success());
    assert_eq!(packaged(&[&low, &audio], &[]).sets("contentType=\"audio\"").len(), 2);
}

/// The sizes are those that the recipes' filters define, and `edge/anamorphic_pasp.mp4` states by `pasp`.
#[test]
fn resolutions_are_display_sizes_and_sets_state_their_ranges() {
    let corpus = fixtures::corpus("edge/anamorphic_pasp.mp4");
    for movie in [Some(fixture("anamorphic.mp4")), corpus].into_iter().flatten() {
        let package = packaged(&[&movie], &[]);
        for tag in ["#EXT-X-STREAM-INF", "#EXT-X-I-FRAME-STREAM-INF"] {
            assert!(package.lines(tag)[0].contains("RESOLUTION=1024x576"), "{}", package.playlist);
        }
        let set = package.sets("contentType=\"video\"")[0];
        let values =
            ["par", "maxWidth", "maxHeight", " width", " height", "sar"].map(|name| attribute(set, name).unwrap());
        assert_eq!(values, ["16:9", "720", "576", "720", "576", "64:45"]);
        assert!(attribute(set, "minWidth").is_none());
    }
    let turned = packaged(&[&fixture("turned.mp4")], &[]);
    assert!(turned.lines("#EXT-X-STREAM-INF")[0].contains("RESOLUTION=180x320"), "{}", turned.playlist);
    assert!(
        turned.sets("contentType=\"video\"")[0].contains("width=\"320\" height=\"180\""),
        "the matrix is not applied"
    );

    let ladder = packaged(&[&fixture("ladder-low.mp4"), &fixture("ladder-high.mp4")], &[]);
    let set = ladder.sets("contentType=\"video\"")[0];
    let names = ["par", "minWidth", "maxWidth", "minHeight", "maxHeight", "minFrameRate", "maxFrameRate"];
    let values = names.map(|name| attribute(set, name).unwrap());
    assert_eq!(values, ["16:9", "320", "640", "180", "360", "25", "50"]);
    // Without the audio, the frame rate of the first and the second differ only in the set of the video.
    assert!(ladder.sets("contentType=\"audio\"").iter().all(|set| !set.contains("maxWidth")));
}
