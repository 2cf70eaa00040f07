//! The body of `POST /packaged_content`, of what was wished for.

use clap::ValueEnum;
use serde_json::{Map, Value, json};
use std::path::Path;
use vpp_media::cenc::{ContentKey, KeyId};
use zeroize::Zeroizing;

use crate::args::Given;
use crate::failure::Failure;
use crate::platform::args::{Connection, Wishes, is_stdin, read};

/// A subtitle file beside the movie: what is said of it, and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Beside {
    pub(crate) given: Given,
    kind: &'static str,
}

impl Wishes {
    /// Whether anything was wished for.
    pub(crate) fn any(&self) -> bool {
        let Self { scheme, encrypt, layout, segment_duration, audio_only, kid, .. } = self;
        let drm = [&self.widevine, &self.playready, &self.fairplay];
        scheme.is_some()
            || encrypt.is_some()
            || layout.is_some()
            || segment_duration.is_some()
            || *audio_only
            || kid.is_some()
            || drm.iter().any(|own| own.is_some())
            || self.beside().next().is_some()
    }

    /// The subtitles, in the order of their kinds.
    pub(crate) fn beside(&self) -> impl Iterator<Item = Beside> {
        let kinds = [(&self.subtitles, "subtitles"), (&self.captions, "captions"), (&self.forced_subtitles, "forced")];
        kinds.into_iter().flat_map(|(own, kind)| own.iter().map(move |given| Beside { given: given.clone(), kind }))
    }

    /// The fields of a request that are not about contents. Keys are read here, once, and are checked before anything is sent.
    pub(crate) fn fields(&self, connection: &Connection) -> Result<Map<String, Value>, Failure> {
        let files = [&self.key_file, &self.audio_key_file];
        let readers = files.iter().filter(|own| own.as_deref().is_some_and(is_stdin)).count();
        if readers + usize::from(connection.reads_stdin()) > 1 {
            return Err(Failure::usage("only one of the token and the keys can come from standard input"));
        }
        let mut fields = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value);
            }
        };
        put("scheme", self.scheme.as_ref().map(name));
        put("encrypt", self.encrypt.as_ref().map(name));
        put("layout", self.layout.as_ref().map(name));
        put("segment_seconds", self.segment_duration.map(Value::from));
        put("audio_only", self.audio_only.then_some(Value::Bool(true)));
        if let Some(kid) = &self.kid {
            put("kid", Some(key_id(kid)?));
            put("key", Some(key(self.key_file.as_deref(), "VPP_KEY", "--key-file")?));
        }
        if let Some(kid) = &self.audio_kid {
            put("audio_kid", Some(key_id(kid)?));
            put("audio_key", Some(key(self.audio_key_file.as_deref(), "VPP_AUDIO_KEY", "--audio-key-file")?));
        }
        let systems = [("widevine", &self.widevine), ("playready", &self.playready), ("fairplay", &self.fairplay)];
        let drm: Map<_, _> =
            systems.into_iter().filter_map(|(name, own)| Some((name.to_owned(), own.clone()?.into()))).collect();
        put("drm", (!drm.is_empty()).then_some(Value::Object(drm)));
        Ok(fields)
    }
}

/// The whole body: of these contents, with subtitles whose ids are known.
pub(crate) fn body(mut fields: Map<String, Value>, contents: &[String], beside: &[(Beside, String)]) -> Value {
    match contents {
        [one] => fields.insert("input_content_id".to_owned(), one.as_str().into()),
        several => fields.insert("input_content_ids".to_owned(), several.into()),
    };
    if !beside.is_empty() {
        let entry = |(own, id): &(Beside, String)| {
            let Beside { given: Given { language, label, .. }, kind } = own;
            let mut entry = json!({"input_content_id": id, "language": language, "kind": kind});
            if let Some(label) = label {
                entry["label"] = label.as_str().into();
            }
            entry
        };
        fields.insert("subtitles".to_owned(), beside.iter().map(entry).collect());
    }
    Value::Object(fields)
}

/// The name of a value, as the command line and the API spell it.
fn name<V: ValueEnum>(value: &V) -> Value {
    value.to_possible_value().map_or(Value::Null, |own| own.get_name().into())
}

fn key_id(text: &str) -> Result<Value, Failure> {
    let parsed = text.parse::<KeyId>().map_err(|error| Failure::usage(format!("the key id: {error}")));
    parsed.map(|kid| kid.to_string().into())
}

/// A key from its file or from the environment, never from the command line, where everybody on the machine may read it.
fn key(file: Option<&Path>, variable: &'static str, option: &'static str) -> Result<Value, Failure> {
    let text = Zeroizing::new(match file {
        Some(file) => read(file)?,
        None => std::env::var(variable).unwrap_or_default(),
    });
    if text.trim().is_empty() {
        return Err(Failure::usage(format!(
            "a key id takes a key: put it into {variable}, or name its file with {option}"
        )));
    }
    let parsed = text.trim().parse::<ContentKey>().map_err(|error| Failure::usage(format!("the key: {error}")));
    parsed.map(|_| text.trim().into())
}
