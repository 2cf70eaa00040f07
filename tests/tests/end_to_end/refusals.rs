//! Files that cannot be packaged are refused with a code and a sentence, and stay in the uploads bucket.

use vpp_tests::fixtures::fixture;

use crate::aws;
use crate::platform::{content, post, text, upload};
use crate::stack::stack;

/// Uploads a fixture that must be refused with a code and a message that contains `names`. Returns a description if it
/// is not.
fn fault(name: &str, code: &str, names: &str) -> Option<String> {
    let (movie, key) = (fixture(name), format!("refusals/{name}"));
    upload(&key, &movie);
    let content = content(&key);
    let message = content["message"].as_str().unwrap_or_default();
    let is_sentence = message.contains(' ') && !message.contains("::") && message.contains(names);
    let is_refused = content["status"] == "Refused" && content["code"] == code && is_sentence;
    let exists = aws::size(stack().output("uploads_bucket"), &key) == movie.metadata().unwrap().len();
    let request = serde_json::json!({
        "input_content_id": content["input_content_id"],
        "key": vpp_tests::decrypt::KEY.key, "kid": vpp_tests::decrypt::KEY.kid,
    });
    let answer = post(&request);
    let is_denied = answer.status == 409 && text(&answer.json(), "code") == "content_refused";
    (!(is_refused && exists && is_denied))
        .then(|| format!("{name}: {content}, exists: {exists}, answer: {}", answer.text()))
}

fn assert_refused(expected: &[(&str, &str, &str)]) {
    let faults: Vec<_> = expected.iter().filter_map(|(name, code, names)| fault(name, code, names)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_is_no_movie_is_refused() {
    assert_refused(&[
        ("empty.mp4", "empty_file", ""),
        ("text.mp4", "not_mp4", ""),
        ("picture.mp4", "not_mp4", "PNG"),
        ("sound.mp4", "not_mp4", "MP3"),
        ("transport-stream.mp4", "not_mp4", "MPEG transport stream"),
    ]);
}

#[test]
fn a_movie_that_is_not_whole_is_refused() {
    assert_refused(&[
        ("moov-cut.mp4", "truncated_index", ""),
        ("mdat-cut.mp4", "truncated_media", ""),
        ("moov-missing.mp4", "moov_missing", ""),
        ("absurd-table.mp4", "malformed", ""),
    ]);
}

#[test]
fn a_movie_that_is_not_for_this_platform_is_refused() {
    assert_refused(&[
        ("no-video.mp4", "no_video", ""),
        ("encrypted.mp4", "already_encrypted", ""),
        ("mpeg-4-part-2.mp4", "unsupported_codec", "mp4v"),
        ("vorbis.webm", "unsupported_codec", "A_VORBIS"),
        ("prores.mov", "unsupported_codec", "apcn"),
        ("pcm.mov", "unsupported_codec", "sowt"),
    ]);
}

#[test]
fn an_index_past_the_bound_is_refused_without_being_read() {
    assert_refused(&[("moov-too-large.mp4", "moov_too_large", "")]);
    let read = content("refusals/moov-too-large.mp4")["bytes_read"].as_u64().unwrap();
    assert!(read <= 64 * 1024, "{read} bytes were read");
}
