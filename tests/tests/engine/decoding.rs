//! ffmpeg decodes the same frames from the package as from the source.

use std::path::Path;

use vpp_tests::decrypt::{self, KEY};
use vpp_tests::ffmpeg::{self, Edits};
use vpp_tests::fixtures;
use vpp_tests::movies::for_every;

use crate::packaging::{Packaged, film, is_film, key_arguments, movies, packaged, stream};

#[test]
fn video_and_audio_decode_to_the_same_frames() {
    // The AC-3 of s10 is an excerpt of a stream: its first frame does not decode, not even in the source.
    let movies: Vec<_> = movies().into_iter().filter(|movie| !is_film(movie) && !movie.ends_with("s10.mp4")).collect();
    for_every(&movies, |movie| assert_same_frames(movie, &packaged(movie, &key_arguments(KEY))));
}

#[test]
fn ten_minutes_decode_to_the_same_frames() {
    assert_same_frames(&film(), &packaged(&film(), &key_arguments(KEY)));
}

fn assert_same_frames(movie: &Path, packaged: &Packaged) {
    for representation in packaged.package.media() {
        let clear = decrypt::decrypted(representation, KEY, packaged.scratch.path());
        let source = ffmpeg::frames(movie, &stream(representation), Edits::Ignored, &[]);
        let found = ffmpeg::frames(&clear, "0:0", Edits::Ignored, &[]);
        assert!(!source.is_empty());
        assert_eq!(found.len(), source.len(), "{}: number of frames", representation.id);
        let shift = found[0].pts - source[0].pts;
        // Sample tables, but not fragments, tell ffmpeg how many samples of the last audio frame to discard.
        let compared = if representation.content_type == "audio" { found.len() - 1 } else { found.len() };
        let (found, source) = (&found[..compared], &source[..compared]);
        for (index, (found, source)) in found.iter().zip(source).enumerate() {
            assert_eq!(
                (&found.sha256, found.pts - shift),
                (&source.sha256, source.pts),
                "{}: frame {index}",
                representation.id
            );
        }
    }
}

#[test]
fn ffmpeg_plays_the_encrypted_stream_with_the_key() {
    let movie = fixtures::fixture("sample.mp4");
    let packaged = packaged(&movie, &key_arguments(KEY));
    let hashes = |file: &Path, options: &[&str]| -> Vec<String> {
        ffmpeg::frames(file, "0:v:0", Edits::Applied, options).into_iter().map(|frame| frame.sha256).collect()
    };
    let played = hashes(&packaged.package.directory.join("stream.mpd"), &["-cenc_decryption_key", KEY.key]);
    assert_eq!(played, hashes(&movie, &[]));
}
