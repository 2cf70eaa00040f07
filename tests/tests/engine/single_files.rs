//! Single files hold every sample, and players find it through each manifest.

use std::path::Path;

use vpp_tests::decrypt::{self, KEY};
use vpp_tests::ffmpeg::{self, Edits, Packet};
use vpp_tests::movies::{self, for_every};
use vpp_tests::rules;

use crate::packaging::{
    Packaged, all_movies, assert_same_samples, is_dolby_vision, is_film, key_arguments, packaged, stream,
};

#[test]
fn a_single_file_holds_every_sample_and_keeps_the_rules() {
    for_every(&all_movies(), |movie| {
        for Packaged { package, scratch } in single_files(movie) {
            let violations = rules::violations(&package);
            assert!(violations.is_empty(), "{}", violations.join("\n"));
            for representation in package.media() {
                assert_same_samples(movie, representation, &decrypt::decrypted(representation, KEY, scratch.path()));
            }
        }
    });
}

/// Packages a movie into single files by every scheme that its codecs support.
fn single_files(movie: &Path) -> Vec<Packaged> {
    let cbcs = [&key_arguments(KEY)[..], &["--encrypt", "all"]].concat();
    let cenc = [&key_arguments(KEY)[..], &["--scheme", "cenc"]].concat();
    let all = [(true, cbcs), (false, cenc), (false, vec!["--scheme", "clear"])];
    let is_vp9 = !movies::supports_scheme(movie, "cbcs");
    let supported = all.into_iter().filter(|(is_cbcs, _)| !(is_vp9 && *is_cbcs));
    supported.map(|(_, arguments)| packaged(movie, &[&arguments[..], &["--layout", "single-file"]].concat())).collect()
}

/// ffmpeg finds every sample of the source through the manifest, through the track's playlist, and in the file itself.
#[test]
fn players_find_every_sample_of_a_single_file() {
    let movies: Vec<_> = all_movies().into_iter().filter(|movie| !is_dolby_vision(movie) && !is_film(movie)).collect();
    for_every(&movies, |movie| {
        let by_manifest = !ONE_FRAGMENT.iter().any(|name| movie.ends_with(name));
        let clear = packaged(movie, &["--scheme", "clear", "--layout", "single-file"]);
        let directory = &clear.package.directory;
        let hashes =
            |packets: Vec<Packet>| -> Vec<String> { packets.into_iter().map(|packet| packet.sha256).collect() };
        let found = |file: &Path, stream: &str| hashes(ffmpeg::packets(file, stream, Edits::Applied));
        for representation in clear.package.media() {
            let source = hashes(ffmpeg::source_packets(movie, &stream(representation), Edits::Ignored));
            // A package has no edit lists, and ffmpeg's manifest demuxers do not have the option that ignores them.
            assert_eq!(
                found(&directory.join(&representation.id).join("media.m3u8"), "0:0"),
                source,
                "{}: playlist",
                representation.id
            );
            assert_eq!(found(&representation.init, "0:0"), source, "{}: file", representation.id);
            if by_manifest {
                assert_eq!(
                    found(&directory.join("stream.mpd"), &stream(representation)),
                    source,
                    "{}: manifest",
                    representation.id
                );
            }
        }
        if by_manifest {
            // ffmpeg reads all subtitles in HLS as WebVTT.
            if clear.package.representations.iter().all(|representation| !representation.codecs.starts_with("stpp")) {
                assert_eq!(ffmpeg::warnings(&directory.join("stream.m3u8"), &[]), "");
            }
            let encrypted =
                packaged(movie, &[&key_arguments(KEY)[..], &["--scheme", "cenc", "--layout", "single-file"]].concat());
            let manifest = encrypted.package.directory.join("stream.mpd");
            assert_eq!(ffmpeg::warnings(&manifest, &["-cenc_decryption_key", KEY.key]), "");
        }
    });
}

/// Files of one fragment. ffmpeg's DASH demuxer reads the whole file to probe it, and then restarts or is at the end.
const ONE_FRAGMENT: [&str; 5] = ["av1-lossless.mp4", "s04.mp4", "s06.mp4", "s11.mp4", "s18.mp4"];
