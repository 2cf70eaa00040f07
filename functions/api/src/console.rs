//! `GET /` and `GET /assets/…`: the page that people use the platform from.
//!
//! Its files lie in a folder: on AWS a layer's, locally one that the emulator's environment names. They are read once, with the
//! first that is asked for, into a table of all there is: an address that is not in the table is nowhere, so none can lead out of
//! the folder. Browsers keep them and ask whether they are still good; each answer names its version (`ETag`).
//!
//! The page may run nothing but its own scripts, and may talk to nothing but the API, the CDN and the bucket of uploads. The
//! policy that says so is what stands between a flaw in it and the token that its user typed in.

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

const START: &str = "/index.html";
/// What is appended to the name of a file that lies beside, compressed.
const PACKED: &str = ".gz";
/// Files are few and small: whatever is beyond was not meant to be here.
const MAX_FILES: usize = 100;

/// The page's files, and whom it may talk to.
#[derive(Debug)]
pub(crate) struct Console {
    folder: PathBuf,
    policy: HeaderValue,
    files: OnceLock<HashMap<String, File>>,
}

#[derive(Debug)]
struct File {
    media_type: &'static str,
    version: HeaderValue,
    bytes: Bytes,
    packed: Option<Bytes>,
}

impl Console {
    /// The page whose files lie in `folder`. `origins` are those it talks to beside its own.
    pub(crate) fn new(folder: PathBuf, origins: &[String]) -> Self {
        let origins = origins.join(" ");
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' {origins}; \
             media-src 'self' blob: {origins}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        );
        // What is no header is a policy that allows nothing.
        let policy = policy.try_into().unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Self { folder, policy, files: OnceLock::new() }
    }

    fn files(&self) -> &HashMap<String, File> {
        self.files.get_or_init(|| {
            read(&self.folder).unwrap_or_else(|error| {
                tracing::error!("the page's files cannot be read: {error}");
                HashMap::new()
            })
        })
    }

    fn answer(&self, path: &str, headers: &HeaderMap) -> Response {
        let Some(file) = self.files().get(path) else {
            return Problem::no_such_route().into_response();
        };
        let common = [
            (header::ETAG, file.version.clone()),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
            (header::CONTENT_SECURITY_POLICY, self.policy.clone()),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        ];
        if names(headers, &header::IF_NONE_MATCH, file.version.to_str().unwrap_or_default()) {
            return (StatusCode::NOT_MODIFIED, common).into_response();
        }
        let media_type = [(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type))];
        match &file.packed {
            Some(packed) if names(headers, &header::ACCEPT_ENCODING, "gzip") => {
                let encoding = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
                (common, media_type, encoding, packed.clone()).into_response()
            }
            _ => (common, media_type, file.bytes.clone()).into_response(),
        }
    }
}

/// The routes of the page.
pub(crate) fn router(console: Console) -> Router {
    Router::new().route("/", get(file)).route("/assets/{*path}", get(file)).with_state(Arc::new(console))
}

async fn file(State(console): State<Arc<Console>>, uri: Uri, headers: HeaderMap) -> Response {
    console.answer(if uri.path() == "/" { START } else { uri.path() }, &headers)
}

/// Whether a list in a header has this member.
fn names(headers: &HeaderMap, name: &HeaderName, member: &str) -> bool {
    let lists = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|own| own.split(';').next().unwrap_or_default().trim() == member)
}

/// Every file below a folder, by the path that it is asked for with.
fn read(folder: &Path) -> io::Result<HashMap<String, File>> {
    let mut bytes = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let (Some(name), true) = (address(folder, &path), bytes.len() < MAX_FILES) {
                bytes.insert(name, Bytes::from(fs::read(&path)?));
            }
        }
    }
    let file = |(name, own): (&String, &Bytes)| {
        let media_type = media_type(name)?;
        let mut hasher = DefaultHasher::new();
        own.hash(&mut hasher);
        let version = HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish())).ok()?;
        let packed = bytes.get(&format!("{name}{PACKED}")).cloned();
        Some((name.clone(), File { media_type, version, bytes: own.clone(), packed }))
    };
    Ok(bytes.iter().filter_map(file).collect())
}

/// `/assets/main.js` of a file in the folder.
fn address(folder: &Path, file: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = file.strip_prefix(folder).ok()?.iter().map(|part| part.to_str()).collect();
    Some(format!("/{}", parts?.join("/")))
}

fn media_type(name: &str) -> Option<&'static str> {
    match name.rsplit('.').next()? {
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
