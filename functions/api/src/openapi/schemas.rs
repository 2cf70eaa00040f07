//! What goes in and what comes out, as JSON Schema.

use serde_json::{Map, Value, json};

/// All schemas, by name.
pub(super) fn schemas() -> Value {
    let mut all: Map<String, Value> = Map::new();
    for (name, schema) in requests().into_iter().chain(answers()) {
        all.insert(name.to_owned(), schema);
    }
    all.into()
}

/// A reference to a schema.
fn of(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// An object that has these, all of them required unless their name ends with a question mark.
#[expect(clippy::needless_pass_by_value, reason = "lists are made where it is called, and for it alone")]
fn object(says: &str, members: Vec<(&str, Value)>) -> Value {
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).filter(|name| !name.ends_with('?')).collect();
    let properties: Map<String, Value> =
        members.iter().map(|(name, schema)| (name.trim_end_matches('?').to_owned(), schema.clone())).collect();
    json!({"type": "object", "description": says, "required": required, "properties": properties})
}

/// The same, and nothing else.
fn closed(says: &str, members: Vec<(&str, Value)>) -> Value {
    let mut schema = object(says, members);
    schema["additionalProperties"] = false.into();
    schema
}

fn text() -> Value {
    json!({"type": "string"})
}

fn texts() -> Value {
    json!({"type": "array", "items": text()})
}

fn whole() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn maybe(schema: &Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn named(names: &[&str]) -> Value {
    json!({"type": "string", "enum": names})
}

fn key(says: &str) -> Value {
    json!({
        "type": "string", "minLength": 22, "maxLength": 36,
        "description": format!("{says}: 16 bytes, as 32 hex digits, dashed UUID, base64 or base64url, padded or not."),
    })
}

fn requests() -> Vec<(&'static str, Value)> {
    let subtitles = closed(
        "A WebVTT file that was uploaded like a movie.",
        vec![
            ("input_content_id", of("Id")),
            ("language", json!({"type": "string", "description": "A BCP 47 tag.", "examples": ["en", "pt-BR"]})),
            ("label?", json!({"type": "string", "minLength": 1, "maxLength": 100})),
            ("kind?", named(&["subtitles", "captions", "forced"])),
        ],
    );
    let drm = closed(
        "The DRM systems that manifests name.",
        vec![
            ("widevine?", json!({"type": "string", "description": "A pssh box, in base64."})),
            ("playready?", json!({"type": "string", "description": "A pssh box, in base64."})),
            ("fairplay?", json!({"type": "string", "pattern": "^skd://"})),
        ],
    );
    let ids = json!({"type": "array", "items": of("Id"), "minItems": 1, "maxItems": 16, "uniqueItems": true});
    let mut package = closed(
        "What to package, and how. All of it is part of the package's id.",
        vec![
            ("input_content_id?", of("Id")),
            ("input_content_ids?", ids),
            ("key?", key("Content key")),
            ("kid?", key("Its id")),
            ("audio_key?", key("Content key of the audio")),
            ("audio_kid?", key("Its id")),
            ("scheme?", named(&["cbcs", "cenc", "clear"])),
            ("encrypt?", named(&["video", "all"])),
            ("audio_only?", json!({"type": "boolean"})),
            ("segment_seconds?", json!({"type": "integer", "minimum": 1, "maximum": 60})),
            ("layout?", named(&["segments", "single-file"])),
            ("subtitles?", json!({"type": "array", "maxItems": 64, "items": subtitles})),
            ("drm?", drm),
        ],
    );
    package["oneOf"] = json!([{"required": ["input_content_id"]}, {"required": ["input_content_ids"]}]);
    package["dependentRequired"] =
        json!({"key": ["kid"], "kid": ["key"], "audio_key": ["audio_kid", "key"], "audio_kid": ["audio_key"]});
    let name =
        json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^/\\\\\\u0000-\\u001f\\u007f]+$"});
    let bytes =
        json!({"type": "integer", "minimum": 1, "maximum": vpp_pipeline::domain::client_upload::MAX_FILE_BYTES});
    let upload = closed("A file to send.", vec![("name", name), ("bytes", bytes)]);
    let seconds = json!({"type": "integer", "minimum": 1, "maximum": 86_400});
    let token = closed("How long the token is to last.", vec![("seconds?", seconds)]);
    vec![("PackageRequest", package), ("UploadRequest", upload), ("PlaybackTokenRequest", token)]
}

fn answers() -> Vec<(&'static str, Value)> {
    let cursor = ("next_cursor", json!({"type": ["string", "null"], "description": "Where the next page starts."}));
    let page = |name: &'static str, item: &str| {
        object("A page of a list.", vec![(name, json!({"type": "array", "items": of(item)})), cursor.clone()])
    };
    let urls = object("A part, and where to PUT it.", vec![("part", whole()), ("url", text())]);
    let problem = object(
        "RFC 9457 problem details.",
        vec![
            ("type", text()),
            ("title", text()),
            ("status", whole()),
            ("code", json!({"type": "string", "description": "Stable, for programs."})),
            ("detail", json!({"type": "string", "description": "For people: what is wrong, and what to do."})),
            ("field?", text()),
            ("missing?", json!({"type": "array", "items": whole()})),
        ],
    );
    vec![
        ("Id", json!({"type": "string", "pattern": "^[a-z2-7]{26}$"})),
        ("Problem", problem),
        ("Health", object("It answers.", vec![("status", named(&["ok"]))])),
        (
            "Upload",
            object(
                "A file on its way.",
                vec![
                    ("upload_id", of("Id")),
                    ("name", text()),
                    ("bytes", whole()),
                    ("part_bytes", whole()),
                    ("parts", whole()),
                    ("arrived", json!({"type": "array", "items": whole()})),
                    ("urls", json!({"type": "array", "items": urls})),
                    ("expires_at", time()),
                ],
            ),
        ),
        (
            "CompletedUpload",
            object(
                "A file that has arrived.",
                vec![("upload_id", of("Id")), ("input_content_id", of("Id")), ("input_content_origin", text())],
            ),
        ),
        (
            "GivenUpUpload",
            object(
                "A file that is no longer expected.",
                vec![("upload_id", of("Id")), ("status", named(&["GivenUp"]))],
            ),
        ),
        ("Contents", page("input_content", "Content")),
        ("Packages", page("packaged_content", "Package")),
        ("Content", content()),
        (
            "DeletedContent",
            object(
                "A content that is gone.",
                vec![
                    ("input_content_id", of("Id")),
                    ("input_content_origin", text()),
                    ("status", named(&["Deleted"])),
                    ("deleted_at", maybe(&time())),
                ],
            ),
        ),
        ("Package", package()),
        (
            "PlaybackToken",
            object(
                "Leave to play a package for a while: addresses of the stream, and if it is encrypted a token for its licence.",
                vec![
                    ("token?", text()),
                    ("expires_at", time()),
                    ("license_url?", text()),
                    ("urls", urls_of_a_stream()),
                ],
            ),
        ),
    ]
}

fn urls_of_a_stream() -> Value {
    object("Where players find it, or will.", vec![("dash", text()), ("hls", text())])
}

fn content() -> Value {
    object(
        "One version of one uploaded file, and the verdict on it.",
        vec![
            ("input_content_id", of("Id")),
            ("input_content_origin", text()),
            ("status", named(&["Ingested", "Refused"])),
            ("bytes", whole()),
            ("bytes_read", whole()),
            ("created_at", time()),
            ("verdict?", named(&["accepted", "accepted_with_warnings", "refused"])),
            ("warnings?", texts()),
            ("video_track_number?", maybe(&whole())),
            ("container?", json!({"type": "object"})),
            ("tracks?", json!({"type": "array", "items": {"type": "object"}})),
            ("packaged_content_id?", of("Id")),
            ("media?", named(&["subtitles"])),
            ("code?", text()),
            ("message?", text()),
            ("preflight?", json!({"type": "object"})),
        ],
    )
}

fn package() -> Value {
    let progress = object(
        "How far it is, exactly. `bytes_done` and `bytes_total` are of the sources.",
        vec![
            ("work_units_done", whole()),
            ("work_units_total", maybe(&whole())),
            ("bytes_done", whole()),
            ("bytes_total", whole()),
            ("bytes_read", whole()),
            ("bytes_written", whole()),
            ("source_bytes", whole()),
        ],
    );
    let times = object(
        "When it came to which status.",
        vec![
            ("queued", time()),
            ("fragmented?", time()),
            ("encrypted?", time()),
            ("ready?", time()),
            ("failed?", time()),
            ("deleting?", time()),
        ],
    );
    let subtitles = object(
        "A subtitle file beside the movie.",
        vec![("input_content_id", of("Id")), ("language", text()), ("label?", text()), ("kind", text())],
    );
    let requests = || object("Requests to the store.", vec![("get", whole()), ("put", whole())]);
    let stage = || {
        let fields = vec![("requests", requests()), ("function_ms", whole()), ("peak_memory_bytes", whole())];
        object("What a stage has cost.", fields)
    };
    let stages = [("ingest?", stage()), ("fragment?", stage()), ("encrypt?", stage()), ("dash?", stage())];
    let receipt = object(
        "What it has cost so far: bytes, requests to the store, time and most memory of functions.",
        vec![
            ("bytes_read", whole()),
            ("bytes_written", whole()),
            ("requests?", requests()),
            ("function_ms?", whole()),
            ("peak_memory_bytes?", whole()),
            ("stages?", object("The same of each stage that is done.", stages.into())),
        ],
    );
    let failure = object("Why it failed.", vec![("stage", text()), ("code", text()), ("message", text())]);
    object(
        "A package, and how far it is. No field holds a key.",
        vec![
            ("packaged_content_id", of("Id")),
            ("input_content_id", of("Id")),
            ("input_content_ids?", json!({"type": "array", "items": of("Id")})),
            ("status", named(&["Queued", "Fragmented", "Encrypted", "Ready", "Failed", "Deleting"])),
            ("progress", progress),
            ("times", times),
            ("url", text()),
            ("urls", urls_of_a_stream()),
            (
                "private",
                json!({"type": "boolean", "description": "Whether the CDN asks for leave: a playback token has the addresses with it."}),
            ),
            ("receipt", receipt),
            ("kid", maybe(&json!({"type": "string", "format": "uuid"}))),
            ("audio_kid?", json!({"type": "string", "format": "uuid"})),
            ("scheme", named(&["cbcs", "cenc", "clear"])),
            ("encrypt", named(&["none", "video", "all"])),
            ("audio_only", json!({"type": "boolean"})),
            ("segment_seconds", json!({"type": "number"})),
            ("layout", named(&["segments", "single-file"])),
            ("subtitles?", json!({"type": "array", "items": subtitles})),
            ("drm?", json!({"type": "object"})),
            ("created_at", time()),
            ("fragmented_at", maybe(&time())),
            ("encrypted_at", maybe(&time())),
            ("ready_at", maybe(&time())),
            ("failed_at?", time()),
            ("failure?", failure),
        ],
    )
}
