//! `GET /` and `GET /assets/…`: the static files of the web console.
//!
//! The files are in a folder: on AWS, the folder of a layer; locally, a folder that the environment names. All of them are read
//! at the first request, into a map from path to file. A path that is not in the map does not exist, so no path leads out of
//! the folder. Browsers cache the files and revalidate them: every response has an `ETag`.
//!
//! The Content Security Policy lets the console run its own scripts only, and connect only to the API, the CDN and the uploads
//! bucket. So a flaw in the console cannot send the token of its user elsewhere. It may compile WebAssembly, which the packaging
//! engine in the page is, and which comes from its own origin too.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use vpp_http::Problem;

const INDEX: &str = "/index.html";
/// Suffix of the compressed version of a file.
const GZIP_SUFFIX: &str = ".gz";
/// Maximum number of files that are read; the console has far fewer.
const MAX_FILES: usize = 100;

/// The files of the console, and its Content Security Policy.
#[derive(Debug)]
pub(crate) struct WebConsole {
    folder: PathBuf,
    policy: HeaderValue,
    files: OnceLock<HashMap<String, File>>,
}

#[derive(Debug)]
struct File {
    media_type: &'static str,
    etag: HeaderValue,
    bytes: Bytes,
    gzip: Option<Bytes>,
}

impl WebConsole {
    /// Creates the console from the files in `folder`. The console may connect to `origins` and to its own origin.
    pub(crate) fn new(folder: PathBuf, origins: &[String]) -> Self {
        let origins = origins.join(" ");
        let policy = format!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self' {origins}; \
             media-src 'self' blob: {origins}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        );
        // If an origin cannot be part of a header, the policy allows nothing.
        let policy = policy.try_into().unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Self { folder, policy, files: OnceLock::new() }
    }

    fn files(&self) -> &HashMap<String, File> {
        self.files.get_or_init(|| {
            read(&self.folder).unwrap_or_else(|error| {
                tracing::error!("the files of the web console cannot be read: {error}");
                HashMap::new()
            })
        })
    }

    fn respond(&self, path: &str, headers: &HeaderMap) -> Response {
        let Some(file) = self.files().get(path) else {
            return Problem::no_such_route().into_response();
        };
        let common = [
            (header::ETAG, file.etag.clone()),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
            (header::CONTENT_SECURITY_POLICY, self.policy.clone()),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        ];
        if lists(headers, &header::IF_NONE_MATCH, file.etag.to_str().unwrap_or_default()) {
            return (StatusCode::NOT_MODIFIED, common).into_response();
        }
        let media_type = [(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type))];
        match &file.gzip {
            Some(gzip) if lists(headers, &header::ACCEPT_ENCODING, "gzip") => {
                let encoding = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
                (common, media_type, encoding, gzip.clone()).into_response()
            }
            _ => (common, media_type, file.bytes.clone()).into_response(),
        }
    }
}

/// Returns the routes of the console.
pub(crate) fn router(console: WebConsole) -> Router {
    Router::new().route("/", get(file)).route("/assets/{*path}", get(file)).with_state(Arc::new(console))
}

async fn file(State(console): State<Arc<WebConsole>>, uri: Uri, headers: HeaderMap) -> Response {
    console.respond(if uri.path() == "/" { INDEX } else { uri.path() }, &headers)
}

/// Returns whether the comma-separated list of a header has this member.
fn lists(headers: &HeaderMap, name: &HeaderName, member: &str) -> bool {
    let lists = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|entry| entry.split(';').next().unwrap_or_default().trim() == member)
}

/// Reads all files below a folder, by URL path.
fn read(folder: &Path) -> io::Result<HashMap<String, File>> {
    let mut bytes = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let (Some(name), true) = (url_path(folder, &path), bytes.len() < MAX_FILES) {
                bytes.insert(name, Bytes::from(fs::read(&path)?));
            }
        }
    }
    let file = |(name, content): (&String, &Bytes)| {
        let media_type = media_type(name)?;
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let etag = HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish())).ok()?;
        let gzip = bytes.get(&format!("{name}{GZIP_SUFFIX}")).cloned();
        Some((name.clone(), File { media_type, etag, bytes: content.clone(), gzip }))
    };
    Ok(bytes.iter().filter_map(file).collect())
}

/// Returns the URL path of a file in the folder: `/assets/main.js`.
fn url_path(folder: &Path, file: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = file.strip_prefix(folder).ok()?.iter().map(|part| part.to_str()).collect();
    Some(format!("/{}", parts?.join("/")))
}

fn media_type(name: &str) -> Option<&'static str> {
    match name.rsplit('.').next()? {
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "wasm" => Some("application/wasm"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
