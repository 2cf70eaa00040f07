//! The body of `POST /packaged_content`.

use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value, json};
use vpp_media::cenc::{ContentKey, KeyId};
use zeroize::Zeroizing;

use crate::argument_types::{LeaveOutArg, SubtitleArg, SubtitleKind};
use crate::failure::Failure;
use crate::platform::args::{PackageOptions, PlatformOptions, is_stdin, read_file_or_stdin};

/// An uploaded subtitle file of a package.
#[derive(Debug)]
pub(crate) struct Subtitle {
    pub(crate) kind: SubtitleKind,
    pub(crate) argument: SubtitleArg,
    pub(crate) content_id: String,
}

impl PackageOptions {
    /// Returns whether any package option is given.
    pub(crate) fn is_any_given(&self) -> bool {
        let Self { scheme, encrypt, layout, when, segment_duration, audio_only, leave_out, kid, .. } = self;
        let drm = [&self.widevine, &self.playready, &self.fairplay];
        scheme.is_some()
            || encrypt.is_some()
            || layout.is_some()
            || when.is_some()
            || segment_duration.is_some()
            || *audio_only
            || leave_out.is_some()
            || kid.is_some()
            || drm.iter().any(|value| value.is_some())
            || self.subtitles.iter().next().is_some()
    }

    /// Returns the members of the body that do not depend on content IDs. Reads and validates the keys, so that an invalid key
    /// fails before anything is sent.
    pub(crate) fn request_fields(&self, platform: &PlatformOptions) -> Result<Map<String, Value>, Failure> {
        let key_files = [&self.key_file, &self.audio_key_file];
        let keys_from_stdin = key_files.iter().filter(|file| file.as_deref().is_some_and(is_stdin)).count();
        if keys_from_stdin + usize::from(platform.reads_stdin()) > 1 {
            return Err(Failure::usage("only one of the token and the keys can be read from standard input"));
        }
        let mut fields = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value);
            }
        };
        put("scheme", self.scheme.as_ref().map(value_name));
        put("encrypt", self.encrypt.as_ref().map(value_name));
        put("layout", self.layout.as_ref().map(value_name));
        put("when", self.when.as_ref().map(value_name));
        put("retention_days", self.retention_days.map(Value::from));
        put("segment_seconds", self.segment_duration.map(Value::from));
        put("audio_only", self.audio_only.then_some(Value::Bool(true)));
        put("unsupported", self.leave_out.map(|option| LeaveOutArg::unsupported_tracks(Some(option)).name().into()));
        if let Some(kid) = &self.kid {
            put("kid", Some(key_id(kid)?));
            put("key", Some(read_key(self.key_file.as_deref(), "VPP_KEY", "--key-file")?));
        }
        if let Some(kid) = &self.audio_kid {
            put("audio_kid", Some(key_id(kid)?));
            put("audio_key", Some(read_key(self.audio_key_file.as_deref(), "VPP_AUDIO_KEY", "--audio-key-file")?));
        }
        let systems = [("widevine", &self.widevine), ("playready", &self.playready), ("fairplay", &self.fairplay)];
        let drm: Map<_, _> =
            systems.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into()))).collect();
        put("drm", (!drm.is_empty()).then_some(Value::Object(drm)));
        Ok(fields)
    }
}

/// Returns the whole body, for contents and subtitles whose IDs are known.
pub(crate) fn body(mut fields: Map<String, Value>, content_ids: &[String], subtitles: &[Subtitle]) -> Value {
    match content_ids {
        [content_id] => fields.insert("input_content_id".to_owned(), content_id.as_str().into()),
        content_ids => fields.insert("input_content_ids".to_owned(), content_ids.into()),
    };
    if !subtitles.is_empty() {
        fields.insert("subtitles".to_owned(), subtitles.iter().map(subtitle_entry).collect());
    }
    Value::Object(fields)
}

/// Returns the entry of a subtitle file.
pub(crate) fn subtitle_entry(Subtitle { kind, argument, content_id }: &Subtitle) -> Value {
    let kind = match kind {
        SubtitleKind::Subtitles => "subtitles",
        SubtitleKind::Captions => "captions",
        SubtitleKind::Forced => "forced",
    };
    let mut entry = json!({"input_content_id": content_id, "language": argument.language, "kind": kind});
    if let Some(label) = &argument.label {
        entry["label"] = label.as_str().into();
    }
    entry
}

/// Returns the name of a value, which is the same on the command line and in the API.
fn value_name<V: ValueEnum>(value: &V) -> Value {
    value.to_possible_value().map_or(Value::Null, |possible| possible.get_name().into())
}

fn key_id(text: &str) -> Result<Value, Failure> {
    let parsed = text.parse::<KeyId>().map_err(|error| Failure::usage(format!("the key ID: {error}")));
    parsed.map(|kid| kid.to_string().into())
}

/// Reads a key from its file or from the environment. A key is never a command line argument, because every user of the machine
/// can read those.
fn read_key(file: Option<&Path>, variable: &'static str, option: &'static str) -> Result<Value, Failure> {
    let text = Zeroizing::new(match file {
        Some(file) => read_file_or_stdin(file)?,
        None => std::env::var(variable).unwrap_or_default(),
    });
    if text.trim().is_empty() {
        return Err(Failure::usage(format!(
            "a key ID requires a key: specify it in {variable}, or its file with {option}"
        )));
    }
    let parsed = text.trim().parse::<ContentKey>().map_err(|error| Failure::usage(format!("the key: {error}")));
    parsed.map(|_| text.trim().into())
}
