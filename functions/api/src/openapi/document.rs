//! The `OpenAPI` document, built from the operations and schemas.

use serde_json::{Map, Value, json};
use vpp_pipeline::domain::client_upload::MAX_URLS;
use vpp_pipeline::domain::multipart::MAX_PARTS;
use vpp_pipeline::domain::revision::MAX_REVISIONS;

use super::operations::{Audience, Body, OPERATIONS, Operation};
use super::schemas::schemas;
use crate::list_query::MAX_LIMIT;

/// Builds the document.
pub(crate) fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = operation_object(operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Video Packaging Platform",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Packages MP4 files into encrypted MPEG-DASH and HLS streams. Errors are problem details (RFC 9457) with a stable `code`.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {"bearer": {
                "type": "http", "scheme": "bearer",
                "description": "An API token of the role operator or reader, or a JWT if the platform is configured for JWTs.",
            }},
        },
    })
}

fn operation_object(operation: &Operation) -> Value {
    let role = match operation.audience {
        Audience::Everyone => "Requires no credential.",
        Audience::Readers => "Requires the role reader or operator.",
        Audience::Operators => "Requires the role operator.",
    };
    let (status, schema) = operation.response;
    let mut responses: Map<String, Value> = Map::new();
    responses.insert(status.to_string(), response("Success.", "application/json", schema));
    for (status, codes) in problems(operation) {
        responses.insert(status.to_string(), response(&codes.join(", "), "application/problem+json", "Problem"));
    }
    let mut value = json!({
        "operationId": operation.id,
        "summary": operation.description.split('.').next().unwrap_or_default(),
        "description": format!("{} {role}", operation.description),
        "responses": responses,
    });
    let mut parameters: Vec<Value> = operation.query.iter().map(|key| query_parameter(key)).collect();
    if operation.path.contains("{id}") {
        parameters.push(json!({"name": "id", "in": "path", "required": true, "schema": reference("Id")}));
    }
    if operation.path.contains("{number}") {
        let schema = json!({"type": "integer", "minimum": 0, "maximum": MAX_REVISIONS});
        parameters.push(json!({"name": "number", "in": "path", "required": true, "schema": schema}));
    }
    if operation.if_match {
        let schema = json!({"type": "string", "pattern": "^[!-~]+$"});
        parameters.push(json!({"name": "If-Match", "in": "header", "required": false, "schema": schema}));
    }
    if operation.idempotency_key {
        let schema = json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"});
        parameters.push(json!({"name": "Idempotency-Key", "in": "header", "required": false, "schema": schema}));
    }
    if !parameters.is_empty() {
        value["parameters"] = parameters.into();
    }
    if let Some(body) = &operation.body {
        let content = json!({"application/json": {"schema": reference(body.schema())}});
        value["requestBody"] = json!({"required": body.is_required(), "content": content});
    }
    if operation.audience == Audience::Everyone {
        value["security"] = json!([]);
    }
    value
}

/// Returns the problems that an operation may respond with: each status with its codes.
fn problems(operation: &Operation) -> Vec<(u16, Vec<&'static str>)> {
    let mut all: Vec<(u16, &'static str)> = Vec::new();
    if operation.audience != Audience::Everyone {
        all.extend([(401, "credential_missing"), (503, "unavailable")]);
    }
    if operation.audience == Audience::Operators {
        all.push((403, "role_insufficient"));
    }
    if operation.body.is_some() {
        all.extend([(400, "invalid_json"), (400, "invalid_field"), (400, "unknown_field"), (413, "body_too_large")]);
    }
    if operation.body.as_ref().is_some_and(Body::is_required) {
        all.push((400, "missing_field"));
    }
    if operation.if_match {
        all.push((412, "revision_changed"));
    }
    if operation.path.contains("{id}/") {
        // API Gateway decodes the path: with a question mark in the ID, the rest of it is a query, and the path is a shorter one.
        all.push((405, "method_not_allowed"));
    }
    if !operation.query.is_empty() {
        all.extend([(400, "invalid_query"), (400, "invalid_field"), (400, "unknown_field")]);
    }
    all.extend(operation.problems);
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

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn response(description: &str, media_type: &str, schema: &str) -> Value {
    json!({"description": description, "content": {media_type: {"schema": reference(schema)}}})
}

/// Returns a query parameter. The keys distinguish parameters that have the same name in different lists.
fn query_parameter(key: &str) -> Value {
    let number = |most: u64| json!({"type": "integer", "minimum": 1, "maximum": most});
    let names = |names: &[&str]| json!({"type": "string", "enum": names});
    let (name, description, schema) = match key {
        "limit" => ("limit", "Number of items on a page.", number(MAX_LIMIT)),
        "cursor" => ("cursor", "The `next_cursor` of the previous page.", json!({"type": "string"})),
        "content_status" => ("status", "Only contents of this status.", names(&["Ingested", "Subtitles", "Refused"])),
        "package_status" => (
            "status",
            "Only packages of this status.",
            names(&["Queued", "Fragmented", "Encrypted", "Ready", "Failed", "Deleting"]),
        ),
        "before" => ("before", "Only revisions before this one.", number(u64::from(u32::MAX))),
        "origin" => ("origin", "Only files whose `s3://bucket/key` starts with this text.", json!({"type": "string"})),
        "input_content_id" => ("input_content_id", "Only packages of this content.", reference("Id")),
        "from" => ("from", "Return URLs of parts from this number on.", number(MAX_PARTS)),
        _ => ("limit", "Most URLs to return.", number(MAX_URLS.into())),
    };
    json!({"name": name, "in": "query", "required": false, "description": description, "schema": schema})
}
