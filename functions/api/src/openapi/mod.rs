//! What the API is, for programs: an `OpenAPI` 3.1 document, and a page that shows it to people.
//!
//! Every operation is a row of [`OPERATIONS`]: its method and path, who may call it, what it takes and what it answers. Errors are
//! the same for all rows of a kind and follow from it: a row that takes a body may be refused for it, one that takes a credential
//! for that. The tests hold the rows to the router, and the router to the rows: schemathesis calls all of them and compares.

mod schemas;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value, json};

use self::schemas::schemas;

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Everyone,
    Readers,
    Operators,
}

/// A row: what an operation is.
struct Operation {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    says: &'static str,
    may: For,
    /// The schema of its body, and whether it may be left out.
    body: Option<(&'static str, bool)>,
    /// Status and schema of its answer.
    answer: (u16, &'static str),
    /// Codes of problems with what the path names: status and code.
    problems: &'static [(u16, &'static str)],
    /// The parameters of its query.
    query: &'static [&'static str],
}

const PACKAGE: (u16, &str) = (404, "package_not_found");
const CONTENT: (u16, &str) = (404, "content_not_found");
const UPLOAD: (u16, &str) = (404, "upload_not_found");
const GONE: (u16, &str) = (409, "upload_expired");
const DELETING: (u16, &str) = (409, "package_deleting");

const PLAIN: Operation = Operation {
    method: "get",
    path: "",
    id: "",
    says: "",
    may: For::Operators,
    body: None,
    answer: (200, ""),
    problems: &[],
    query: &[],
};

const OPERATIONS: &[Operation] = &[
    Operation {
        method: "post",
        path: "/uploads",
        id: "beginUpload",
        says: "Announce a file, and get URLs to PUT it to: one of a small file, one for each part of a large one. With an \
               Idempotency-Key, announcing it again is the same upload.",
        body: Some(("UploadRequest", false)),
        answer: (201, "Upload"),
        problems: &[(422, "idempotency_key_reused"), GONE],
        ..PLAIN
    },
    Operation {
        path: "/uploads/{id}",
        id: "uploadProgress",
        says: "Which parts have arrived, and fresh URLs for those that have not.",
        answer: (200, "Upload"),
        problems: &[UPLOAD, GONE],
        query: &["from", "url_limit"],
        ..PLAIN
    },
    Operation {
        method: "post",
        path: "/uploads/{id}/complete",
        id: "completeUpload",
        says: "Make the file of its parts, when all have arrived. It may be asked for again, and answers the same.",
        answer: (200, "CompletedUpload"),
        problems: &[UPLOAD, (409, "upload_incomplete"), GONE],
        ..PLAIN
    },
    Operation {
        method: "delete",
        path: "/uploads/{id}",
        id: "giveUpUpload",
        says: "Give a file up that is on its way.",
        answer: (200, "GivenUpUpload"),
        problems: &[UPLOAD],
        ..PLAIN
    },
    Operation {
        path: "/input_content",
        id: "listContents",
        says: "What was uploaded, newest first. With a filter a page may hold fewer than `limit`, or none, and the list go on.",
        may: For::Readers,
        answer: (200, "Contents"),
        query: &["limit", "cursor", "content_status", "origin"],
        ..PLAIN
    },
    Operation {
        path: "/input_content/{id}",
        id: "content",
        says: "One upload, the verdict on it, and what stream to expect of it.",
        may: For::Readers,
        answer: (200, "Content"),
        problems: &[CONTENT],
        ..PLAIN
    },
    Operation {
        method: "delete",
        path: "/input_content/{id}",
        id: "deleteContent",
        says: "Delete the uploaded file, this version of it. Packages that were made of it stay.",
        answer: (202, "DeletedContent"),
        problems: &[CONTENT],
        ..PLAIN
    },
    Operation {
        method: "post",
        path: "/packaged_content",
        id: "createPackage",
        says: "Package one content or several, or find it done: the same request twice is one package. Without `key` and \
               `kid`, the platform makes a key, or has its key provider make one. With an Idempotency-Key, another request under the same is refused.",
        body: Some(("PackageRequest", false)),
        answer: (202, "Package"),
        problems: &[
            CONTENT,
            (409, "content_refused"),
            (409, "not_subtitles"),
            DELETING,
            (422, "idempotency_key_reused"),
            (502, "key_provider_unreachable"),
            (502, "key_provider_refused"),
            (502, "key_provider_response_invalid"),
        ],
        ..PLAIN
    },
    Operation {
        path: "/packaged_content",
        id: "listPackages",
        says: "What was asked for, newest first. With a filter a page may hold fewer than `limit`, or none, and the list go on.",
        may: For::Readers,
        answer: (200, "Packages"),
        query: &["limit", "cursor", "package_status", "input_content_id"],
        ..PLAIN
    },
    Operation {
        path: "/packaged_content/{id}",
        id: "package",
        says: "How far a package is, where players find it, and what it has cost.",
        may: For::Readers,
        answer: (200, "Package"),
        problems: &[PACKAGE],
        ..PLAIN
    },
    Operation {
        path: "/packaged_content_id/{id}",
        id: "packageById",
        says: "The same, at the path of the original platform.",
        may: For::Readers,
        answer: (200, "Package"),
        problems: &[PACKAGE],
        ..PLAIN
    },
    Operation {
        method: "post",
        path: "/packaged_content/{id}/retry",
        id: "retryPackage",
        says: "Put a package that failed back to work, from where it stood. What is done is kept.",
        answer: (202, "Package"),
        problems: &[PACKAGE, (409, "package_ready"), DELETING],
        ..PLAIN
    },
    Operation {
        method: "delete",
        path: "/packaged_content/{id}",
        id: "deletePackage",
        says: "Delete all that was made of it, and then the package itself. When that is gone, it may be asked for again.",
        answer: (202, "Package"),
        problems: &[PACKAGE],
        ..PLAIN
    },
    Operation {
        method: "post",
        path: "/packaged_content/{id}/playback_tokens",
        id: "createPlaybackToken",
        says: "Leave for a viewer to play this package, for a while: a token for its keys, and addresses that the CDN answers.",
        may: For::Readers,
        body: Some(("PlaybackTokenRequest", true)),
        answer: (201, "PlaybackToken"),
        problems: &[PACKAGE, (409, "package_not_ready"), (409, "package_failed"), (409, "package_not_encrypted")],
        ..PLAIN
    },
    Operation {
        path: "/health",
        id: "health",
        says: "Whether anything answers.",
        may: For::Everyone,
        answer: (200, "Health"),
        ..PLAIN
    },
];

/// The routes of the document and of the page that shows it.
pub(crate) fn routes() -> Router {
    Router::new().route("/openapi.json", get(serve_document)).route("/docs", get(serve_page))
}

async fn serve_document() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, document().to_string()).into_response()
}

async fn serve_page() -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                          base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, include_str!("docs.html")).into_response()
}

/// The document.
pub(crate) fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for own in OPERATIONS {
        let path = paths.entry(own.path).or_insert_with(|| json!({}));
        path[own.method] = operation(own);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Video Packaging Platform",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Turns MP4 files into encrypted MPEG-DASH and HLS streams. Errors are problem details (RFC 9457) with a stable `code`.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {"bearer": {
                "type": "http", "scheme": "bearer",
                "description": "A token of the role operator or reader, or a JWT where the platform is set to take those.",
            }},
        },
    })
}

fn operation(own: &Operation) -> Value {
    let role = match own.may {
        For::Everyone => "Everyone may call it.",
        For::Readers => "Readers and operators may call it.",
        For::Operators => "Operators may call it.",
    };
    let (status, schema) = own.answer;
    let mut answers: Map<String, Value> = Map::new();
    answers.insert(status.to_string(), content("Done.", "application/json", schema));
    for (status, codes) in problems(own) {
        answers.insert(status.to_string(), content(&codes.join(", "), "application/problem+json", "Problem"));
    }
    let mut value = json!({
        "operationId": own.id,
        "summary": own.says.split(['.', ':']).next().unwrap_or_default(),
        "description": format!("{} {role}", own.says),
        "responses": answers,
    });
    let mut parameters: Vec<Value> = own.query.iter().map(|name| parameter(name)).collect();
    if own.path.contains("{id}") {
        let schema = json!({"$ref": "#/components/schemas/Id"});
        parameters.push(json!({"name": "id", "in": "path", "required": true, "schema": schema}));
    }
    if ["beginUpload", "createPackage"].contains(&own.id) {
        let schema = json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"});
        parameters.push(json!({"name": "Idempotency-Key", "in": "header", "required": false, "schema": schema}));
    }
    if !parameters.is_empty() {
        value["parameters"] = parameters.into();
    }
    if let Some((schema, may_be_left_out)) = own.body {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        value["requestBody"] =
            json!({"required": !may_be_left_out, "content": {"application/json": {"schema": schema}}});
    }
    if own.may == For::Everyone {
        value["security"] = json!([]);
    }
    value
}

/// The problems that an operation may answer with: status, and codes.
fn problems(own: &Operation) -> Vec<(u16, Vec<&'static str>)> {
    let mut all: Vec<(u16, &'static str)> = Vec::new();
    if own.may != For::Everyone {
        all.extend([(401, "credential_missing"), (503, "unavailable")]);
    }
    if own.may == For::Operators {
        all.push((403, "role_insufficient"));
    }
    if own.body.is_some() {
        all.extend([(400, "invalid_json"), (400, "invalid_field"), (400, "unknown_field"), (413, "body_too_large")]);
    }
    if own.body.is_some_and(|(_, may_be_left_out)| !may_be_left_out) {
        all.push((400, "missing_field"));
    }
    if !own.query.is_empty() {
        all.extend([(400, "invalid_query"), (400, "invalid_field"), (400, "unknown_field")]);
    }
    all.extend(own.problems);
    all.sort_unstable();
    all.dedup();
    let mut by_status: Vec<(u16, Vec<&'static str>)> = Vec::new();
    for (status, code) in all {
        match by_status.last_mut() {
            Some((last, codes)) if *last == status => codes.push(code),
            _ => by_status.push((status, vec![code])),
        }
    }
    by_status
}

fn content(description: &str, media_type: &str, schema: &str) -> Value {
    let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
    json!({"description": description, "content": {media_type: {"schema": schema}}})
}

/// A parameter of a query. Two of them have the same name and another meaning in different lists.
fn parameter(key: &str) -> Value {
    let number = |most: u16| json!({"type": "integer", "minimum": 1, "maximum": most});
    let names = |names: &[&str]| json!({"type": "string", "enum": names});
    let (name, says, schema) = match key {
        "limit" => ("limit", "Items on a page.", number(crate::asked::LONGEST_PAGE)),
        "cursor" => ("cursor", "`next_cursor` of the page before.", json!({"type": "string"})),
        "content_status" => ("status", "Only these.", names(&["Ingested", "Subtitles", "Refused"])),
        "package_status" => {
            ("status", "Only these.", names(&["Queued", "Fragmented", "Encrypted", "Ready", "Failed", "Deleting"]))
        }
        "origin" => ("origin", "Only files whose `s3://bucket/key` begins like this.", json!({"type": "string"})),
        "input_content_id" => {
            ("input_content_id", "Only packages of this content.", json!({"$ref": "#/components/schemas/Id"}))
        }
        "from" => ("from", "URLs of parts from this number on.", number(10_000)),
        _ => ("limit", "At most so many URLs.", number(vpp_pipeline::domain::client_upload::MAX_URLS)),
    };
    json!({"name": name, "in": "query", "required": false, "description": says, "schema": schema})
}

#[cfg(test)]
pub(crate) fn operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    OPERATIONS.iter().map(|own| (own.method, own.path))
}
