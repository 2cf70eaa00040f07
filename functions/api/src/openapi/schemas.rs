//! The JSON Schemas of requests and responses.

use serde_json::{Map, Value, json};
use vpp_pipeline::domain::when::RetentionDays;

/// Returns all schemas, by name.
pub(super) fn schemas() -> Value {
    let mut all: Map<String, Value> = Map::new();
    for (name, schema) in requests().into_iter().chain(responses()) {
        all.insert(name.to_owned(), schema);
    }
    all.into()
}

/// Returns a reference to a schema.
fn of(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// Returns an object with these members. A member is required unless its name ends with a question mark.
#[expect(clippy::needless_pass_by_value, reason = "callers build the list for this call only")]
fn object(description: &str, members: Vec<(&str, Value)>) -> Value {
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).filter(|name| !name.ends_with('?')).collect();
    let properties: Map<String, Value> =
        members.iter().map(|(name, schema)| (name.trim_end_matches('?').to_owned(), schema.clone())).collect();
    json!({"type": "object", "description": description, "required": required, "properties": properties})
}

/// Returns an object with these members and no others.
fn closed(description: &str, members: Vec<(&str, Value)>) -> Value {
    let mut schema = object(description, members);
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

fn nullable(schema: &Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn one_of(names: &[&str]) -> Value {
    json!({"type": "string", "enum": names})
}

fn when() -> Value {
    json!({
        "type": "string", "enum": ["ahead", "on-demand"],
        "description": "When segments are made: once the package is planned, or when viewers request them. On demand requires layout segments.",
    })
}

fn retention_days() -> Value {
    json!({
        "type": "integer", "enum": RetentionDays::ALLOWED,
        "description": "Days until a segment that was made on demand expires. It is made again when it is requested again. Without it, segments stay.",
    })
}

fn key(description: &str) -> Value {
    json!({
        "type": "string", "minLength": 22, "maxLength": 36,
        "description": format!("{description}: 16 bytes, as 32 hex digits, dashed UUID, base64 or base64url, with or without padding."),
    })
}

fn requests() -> Vec<(&'static str, Value)> {
    let subtitles = closed(
        "A WebVTT, SubRip (SRT), TTML or SCC file, uploaded like a movie.",
        vec![
            ("input_content_id", of("Id")),
            (
                "language",
                json!({"type": "string", "description": "A BCP 47 language tag.", "examples": ["en", "pt-BR"]}),
            ),
            ("label?", json!({"type": "string", "minLength": 1, "maxLength": 100})),
            ("kind?", one_of(&["subtitles", "captions", "forced"])),
        ],
    );
    let drm = closed(
        "The DRM systems to signal in the manifests.",
        vec![
            ("widevine?", json!({"type": "string", "description": "A pssh box in base64."})),
            ("playready?", json!({"type": "string", "description": "A pssh box in base64."})),
            ("fairplay?", json!({"type": "string", "pattern": "^skd://"})),
        ],
    );
    let ids = json!({"type": "array", "items": of("Id"), "minItems": 1, "maxItems": 16, "uniqueItems": true});
    let mut package = closed(
        "The contents and options of a package. The package id is derived from all of them but `when` and `retention_days`.",
        vec![
            ("input_content_id?", of("Id")),
            ("input_content_ids?", ids),
            ("key?", key("The content key")),
            ("kid?", key("The key id")),
            ("audio_key?", key("The content key of the audio")),
            ("audio_kid?", key("The key id of the audio key")),
            ("scheme?", one_of(&["cbcs", "cenc", "clear"])),
            ("encrypt?", one_of(&["video", "all"])),
            ("audio_only?", json!({"type": "boolean"})),
            ("unsupported?", one_of(&["refuse", "leave_out"])),
            ("segment_seconds?", json!({"type": "integer", "minimum": 1, "maximum": 60})),
            ("layout?", one_of(&["segments", "single-file"])),
            ("when?", when()),
            ("retention_days?", retention_days()),
            ("subtitles?", json!({"type": "array", "maxItems": 64, "items": subtitles.clone()})),
            ("drm?", drm),
        ],
    );
    package["oneOf"] = json!([{"required": ["input_content_id"]}, {"required": ["input_content_ids"]}]);
    package["dependentRequired"] =
        json!({"key": ["kid"], "kid": ["key"], "audio_key": ["audio_kid", "key"], "audio_kid": ["audio_key"]});
    let name = json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^/\\\\\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069\\ufffe\\uffff]+$"});
    let bytes =
        json!({"type": "integer", "minimum": 1, "maximum": vpp_pipeline::domain::client_upload::MAX_FILE_BYTES});
    let upload = closed("A file to upload.", vec![("name", name), ("bytes", bytes)]);
    let seconds = json!({"type": "integer", "minimum": 1, "maximum": 86_400});
    let token = closed("The lifetime of the token.", vec![("seconds?", seconds)]);
    vec![
        ("PackageRequest", package),
        ("EditRequest", edit(&subtitles)),
        ("UploadRequest", upload),
        ("PlaybackTokenRequest", token),
    ]
}

fn track_id() -> Value {
    json!({"type": "string", "pattern": "^[vat][1-9][0-9]{0,4}$"})
}

fn edit(subtitles: &Value) -> Value {
    let track = closed(
        "The description of a track. With an id only, the track has the description of its file again.",
        vec![
            ("id", track_id()),
            ("language?", json!({"type": "string", "description": "A BCP 47 language tag."})),
            ("label?", json!({"type": "string", "minLength": 1, "maxLength": 100})),
            (
                "roles?",
                json!({"type": "array", "items": text(), "description": "Roles of the scheme urn:mpeg:dash:role:2011."}),
            ),
        ],
    );
    let chapter = closed(
        "A chapter. It ends where the next one starts.",
        vec![
            ("start_seconds", json!({"type": "number", "minimum": 0, "maximum": 1_000_000})),
            ("title", json!({"type": "string", "minLength": 1, "maxLength": 200})),
        ],
    );
    let list = json!({"type": "array", "maxItems": 256, "items": chapter});
    let chapters = closed("The chapters, in order.", vec![("language?", text()), ("list", list)]);
    closed(
        "What an edit changes. `null` restores what the file states.",
        vec![
            ("tracks?", json!({"type": "array", "maxItems": 256, "items": track})),
            ("default_audio?", nullable(&track_id())),
            ("subtitles?", json!({"type": "array", "maxItems": 64, "items": subtitles})),
            ("remove_subtitles?", json!({"type": "array", "maxItems": 256, "items": track_id()})),
            ("chapters?", nullable(&chapters)),
            ("licence?", json!({"type": "boolean", "description": "Whether manifests name the licence server."})),
        ],
    )
}

fn publication_failure() -> Value {
    object("What the publication could not do.", vec![("code", text()), ("message", text())])
}

fn revision_progress() -> Value {
    object(
        "The latest revision of the manifests, and the latest that is published. Revision 0 is the package as it was planned.",
        vec![("latest", whole()), ("published", whole()), ("failure?", publication_failure())],
    )
}

fn revision_members() -> Vec<(&'static str, Value)> {
    vec![("revision", whole()), ("created_at", time()), ("restored?", whole())]
}

fn revision() -> Value {
    let track = object(
        "A track that viewers can select.",
        vec![("id", track_id()), ("language", nullable(&text())), ("label", nullable(&text())), ("roles", texts())],
    );
    let added = object("Added subtitles.", vec![("id", track_id()), ("input_content_id", of("Id"))]);
    let chapter = object("A chapter.", vec![("start_seconds", json!({"type": "number"})), ("title", text())]);
    let chapters = object(
        "Edited chapters.",
        vec![("language", nullable(&text())), ("list", json!({"type": "array", "items": chapter}))],
    );
    let mut members = vec![("packaged_content_id", of("Id"))];
    members.extend(revision_members());
    members.extend([
        ("published", json!({"type": "boolean"})),
        ("tracks", json!({"type": "array", "items": track})),
        ("default_audio", nullable(&track_id())),
        ("subtitles", json!({"type": "array", "items": added})),
        ("removed_subtitles", json!({"type": "array", "items": track_id()})),
        ("chapters", nullable(&chapters)),
        ("licence", json!({"type": "boolean"})),
    ]);
    object("A revision of the manifests of a package.", members)
}

fn revision_list() -> Value {
    let summary = object("A revision.", revision_members());
    object(
        "Revisions of a package, newest first.",
        vec![
            ("packaged_content_id", of("Id")),
            ("latest", whole()),
            ("published", whole()),
            ("failure?", publication_failure()),
            ("revisions", json!({"type": "array", "items": summary})),
        ],
    )
}

fn responses() -> Vec<(&'static str, Value)> {
    let cursor = (
        "next_cursor",
        json!({"type": ["string", "null"], "description": "The cursor of the next page; null on the last page."}),
    );
    let page = |name: &'static str, item: &str| {
        object("A page of a list.", vec![(name, json!({"type": "array", "items": of(item)})), cursor.clone()])
    };
    let urls =
        object("A part and its presigned URL, to send the part to with PUT.", vec![("part", whole()), ("url", text())]);
    let problem = object(
        "RFC 9457 problem details.",
        vec![
            ("type", text()),
            ("title", text()),
            ("status", whole()),
            ("code", json!({"type": "string", "description": "A stable identifier of the error."})),
            ("detail", json!({"type": "string", "description": "An explanation for people."})),
            ("field?", text()),
            ("missing?", json!({"type": "array", "items": whole()})),
        ],
    );
    vec![
        ("Id", json!({"type": "string", "pattern": "^[a-z2-7]{26}$"})),
        ("Problem", problem),
        ("Health", object("The API responds.", vec![("status", one_of(&["ok"]))])),
        (
            "Upload",
            object(
                "An upload in progress.",
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
                "A completed upload.",
                vec![("upload_id", of("Id")), ("input_content_id", of("Id")), ("input_content_origin", text())],
            ),
        ),
        (
            "AbortedUpload",
            object("An aborted upload.", vec![("upload_id", of("Id")), ("status", one_of(&["Aborted"]))]),
        ),
        ("ContentList", page("input_content", "ContentOrUnreadable")),
        ("PackageList", page("packaged_content", "PackageOrUnreadable")),
        ("ContentOrUnreadable", json!({"anyOf": [of("Content"), of("UnreadableContent")]})),
        ("PackageOrUnreadable", json!({"anyOf": [of("Package"), of("UnreadablePackage")]})),
        ("DeletedContentOrUnreadable", json!({"anyOf": [of("DeletedContent"), of("UnreadableContent")]})),
        ("UnreadableContent", unreadable("input_content_id", "Deleted")),
        ("UnreadablePackage", unreadable("packaged_content_id", "Deleting")),
        ("Content", content()),
        (
            "DeletedContent",
            object(
                "A deleted content.",
                vec![
                    ("input_content_id", of("Id")),
                    ("input_content_origin", text()),
                    ("status", one_of(&["Deleted"])),
                    ("deleted_at", nullable(&time())),
                ],
            ),
        ),
        ("Package", package()),
        ("Revision", revision()),
        ("RevisionList", revision_list()),
        (
            "PlaybackToken",
            object(
                "The means to play a package for a limited time: manifest URLs, and a token for the licence server if the package is encrypted.",
                vec![("token?", text()), ("expires_at", time()), ("license_url?", text()), ("urls", stream_urls())],
            ),
        ),
    ]
}

/// Returns the schema of a record that this version cannot read.
fn unreadable(id: &'static str, deleted: &str) -> Value {
    object(
        "A record that this version of the platform cannot read: another version wrote it, or it is damaged. It can be deleted.",
        vec![
            (id, text()),
            ("status", one_of(&["Unreadable", deleted])),
            ("created_at", nullable(&text())),
            ("problem", text()),
        ],
    )
}

fn stream_urls() -> Value {
    object(
        "The manifest URLs, which players can load once the package is playable.",
        vec![("dash", text()), ("hls", text())],
    )
}

fn content() -> Value {
    let required_options = closed(
        "Options of a package.",
        vec![("audio_only?", json!({"type": "boolean"})), ("unsupported?", one_of(&["leave_out"]))],
    );
    let chapter = object(
        "A chapter of the movie. It ends where the next one starts.",
        vec![("start_seconds", json!({"type": "number"})), ("title", text()), ("language?", text())],
    );
    object(
        "One version of an uploaded file, and its verdict.",
        vec![
            ("input_content_id", of("Id")),
            ("input_content_origin", text()),
            ("status", one_of(&["Ingested", "Refused"])),
            ("bytes", whole()),
            ("bytes_read", whole()),
            ("created_at", time()),
            ("verdict?", one_of(&["accepted", "accepted_with_warnings", "refused"])),
            ("warnings?", texts()),
            ("video_track_number?", nullable(&whole())),
            ("container?", container()),
            ("tracks?", json!({"type": "array", "items": track()})),
            ("packaged_content_id?", of("Id")),
            ("media?", one_of(&["subtitles"])),
            ("format?", one_of(&["webvtt", "srt", "ttml", "scc"])),
            ("code?", text()),
            ("message?", text()),
            (
                "packageable_with?",
                json!({"type": "array", "description": "Options with which a refused file can be packaged.", "items": required_options}),
            ),
            ("preflight?", preflight()),
            ("chapters?", json!({"type": "array", "items": chapter})),
        ],
    )
}

/// Returns the schema of the probe's report on a file as a whole.
fn container() -> Value {
    object(
        "The file as a whole. `duration` is in units of `timescale`.",
        vec![
            ("major_brand", nullable(&text())),
            ("timescale", whole()),
            ("duration", whole()),
            ("fragmented", json!({"type": "boolean"})),
            ("fast_start", json!({"type": "boolean"})),
        ],
    )
}

/// Returns the schema of the probe's report on a track.
fn track() -> Value {
    object(
        "A track of the file. `duration` is in units of `timescale`.",
        vec![
            ("id", whole()),
            ("type", one_of(&["video", "audio", "text", "subtitles", "hint", "system", "unknown"])),
            ("codec", text()),
            ("language", json!({"type": "string", "description": "ISO 639-2."})),
            ("timescale", whole()),
            ("duration", whole()),
            ("sample_count", whole()),
            ("width?", whole()),
            ("height?", whole()),
            ("sample_rate?", whole()),
            ("channels?", whole()),
            ("protected", json!({"type": "boolean"})),
        ],
    )
}

/// Returns the schema of the preflight report. That of a subtitle file has a verdict and warnings only.
fn preflight() -> Value {
    let warning = object(
        "What may make the stream play poorly.",
        vec![("code", text()), ("track_id?", whole()), ("message", text()), ("action", text())],
    );
    let distribution = || {
        let members = ["count", "shortest_ms", "mean_ms", "longest_ms"];
        object("Durations.", members.into_iter().map(|name| (name, whole())).collect())
    };
    let milliseconds = || json!({"type": "integer"});
    let track = object(
        "The expected stream of a track.",
        vec![
            ("track_id", whole()),
            ("name", text()),
            ("codecs", text()),
            ("start_ms", milliseconds()),
            ("end_ms", milliseconds()),
            ("average_bitrate", whole()),
            ("peak_bitrate", whole()),
            ("segments", distribution()),
            ("gops?", distribution()),
            ("open_gops?", whole()),
            ("constant_frame_rate?", json!({"type": "boolean"})),
            ("priming_samples?", whole()),
        ],
    );
    object(
        "The expected stream.",
        vec![
            ("verdict", one_of(&["accepted", "accepted_with_warnings"])),
            ("warnings", json!({"type": "array", "items": warning})),
            ("segment_ms?", whole()),
            ("segments?", whole()),
            ("work_units?", whole()),
            ("max_ranges_per_work_unit?", whole()),
            ("bytes_to_read?", whole()),
            ("chapters?", json!({"type": "object"})),
            ("tracks?", json!({"type": "array", "items": track})),
        ],
    )
}

fn package() -> Value {
    let progress = object(
        "The progress. `bytes_done` and `bytes_total` count source bytes.",
        vec![
            ("work_units_done", whole()),
            ("work_units_total", nullable(&whole())),
            ("bytes_done", whole()),
            ("bytes_total", whole()),
            ("bytes_read", whole()),
            ("bytes_written", whole()),
            ("source_bytes", whole()),
        ],
    );
    let times = object(
        "The time of each status that the package has reached.",
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
        "A subtitle file of the package.",
        vec![("input_content_id", of("Id")), ("language", text()), ("label?", text()), ("kind", text())],
    );
    let requests = || object("Requests to S3.", vec![("get", whole()), ("put", whole())]);
    let stage = || {
        let fields = vec![("requests", requests()), ("function_ms", whole()), ("peak_memory_bytes", whole())];
        object("The resource usage of a stage.", fields)
    };
    let stages = [("ingest?", stage()), ("fragment?", stage()), ("encrypt?", stage()), ("dash?", stage())];
    let receipt = object(
        "The resource usage so far: bytes, S3 requests, function time, and peak memory of functions.",
        vec![
            ("bytes_read", whole()),
            ("bytes_written", whole()),
            ("requests?", requests()),
            ("function_ms?", whole()),
            ("peak_memory_bytes?", whole()),
            ("stages?", object("The resource usage of each completed stage.", stages.into())),
        ],
    );
    let warning = object(
        "A warning about a representation of the package.",
        vec![("code", text()), ("representation", text()), ("message", text()), ("action", text())],
    );
    let drm = closed(
        "The signalling of the DRM systems, as the request specified it.",
        vec![("widevine?", text()), ("playready?", text()), ("fairplay?", text())],
    );
    let failure = object("The cause of the failure.", vec![("stage", text()), ("code", text()), ("message", text())]);
    object(
        "A package and its progress. No field holds a key.",
        vec![
            ("packaged_content_id", of("Id")),
            ("input_content_id", of("Id")),
            ("input_content_ids?", json!({"type": "array", "items": of("Id")})),
            ("status", one_of(&["Queued", "Fragmented", "Encrypted", "Ready", "Failed", "Deleting"])),
            (
                "playable",
                json!({"type": "boolean", "description": "Whether players can play it. In the segments layout, segments that are not written yet are made when they are requested."}),
            ),
            ("progress", progress),
            ("times", times),
            ("url", text()),
            ("urls", stream_urls()),
            (
                "private",
                json!({"type": "boolean", "description": "Whether the CDN requires signed paths. A playback token comes with signed URLs."}),
            ),
            ("receipt", receipt),
            ("kid", nullable(&json!({"type": "string", "format": "uuid"}))),
            ("audio_kid?", json!({"type": "string", "format": "uuid"})),
            ("scheme", one_of(&["cbcs", "cenc", "clear"])),
            ("encrypt", one_of(&["none", "video", "all"])),
            ("audio_only", json!({"type": "boolean"})),
            ("unsupported", one_of(&["refuse", "leave_out"])),
            ("segment_seconds", json!({"type": "number"})),
            ("layout", one_of(&["segments", "single-file"])),
            ("when", when()),
            ("retention_days?", retention_days()),
            (
                "segments_made",
                json!({"type": "integer", "minimum": 0, "description": "Segments made on demand. One that expired and was made again counts twice."}),
            ),
            ("subtitles?", json!({"type": "array", "items": subtitles})),
            ("revision", revision_progress()),
            ("drm?", drm),
            ("created_at", time()),
            ("fragmented_at", nullable(&time())),
            ("encrypted_at", nullable(&time())),
            ("ready_at", nullable(&time())),
            ("playable_at", nullable(&time())),
            ("failed_at?", time()),
            ("warnings?", json!({"type": "array", "items": warning})),
            ("failure?", failure),
        ],
    )
}
