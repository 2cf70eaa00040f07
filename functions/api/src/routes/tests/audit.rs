//! The audit log of the routes.

use std::io;
use std::sync::{Arc, Mutex};

use super::*;

/// Collects the lines of the log.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a test and returns the text of the audit log.
fn audited(test: impl Future<Output = ()>) -> (String, Vec<Value>) {
    let lines = Lines::default();
    let written = lines.clone();
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || written.clone()).finish();
    tracing::subscriber::with_default(subscriber, || block_on(test));
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let entries = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let entries = entries.filter(|entry: &Value| entry["target"] == "audit").collect();
    (text, entries)
}

async fn send_with(platform: &Platform, token: &str, method: Method, path: &str) -> StatusCode {
    let bearer = format!("Bearer {token}");
    let request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, bearer);
    respond(platform, request.body(Body::empty()).unwrap()).await.status
}

#[test]
fn every_change_is_logged_with_caller_route_id_time_and_result() {
    let (mut id, mut upload) = (String::new(), String::new());
    let (_, entries) = audited(async {
        let (platform, content) = ingested(MOVIE).await;
        let package = post(&platform, &json!({"input_content_id": content, "key": KEY, "kid": KID})).await.json();
        id = package["packaged_content_id"].as_str().unwrap().to_owned();
        let path = format!("/packaged_content/{id}");
        send_with(&platform, READER, Method::DELETE, &path).await;
        send_with(&platform, "a guess that is long enough", Method::DELETE, &path).await;
        send_with(&platform, OPERATOR, Method::DELETE, &path).await;
        assert_eq!(send_with(&platform, OPERATOR, Method::GET, "/packaged_content").await, StatusCode::OK);
        let body = json!({"name": "movie.mp4", "bytes": 4}).to_string();
        upload = send(&platform, Method::POST, "/uploads", body).await.json()["upload_id"].as_str().unwrap().to_owned();
    });
    let of = |entry: &Value| {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        (text("role"), text("method"), text("path"), text("created"), entry["status"].as_u64().unwrap())
    };
    let path = format!("/packaged_content/{id}");
    let delete = |role: &str, status| (role.to_owned(), "DELETE".to_owned(), path.clone(), String::new(), status);
    let created = ("operator".to_owned(), "POST".to_owned(), "/packaged_content".to_owned(), id.clone(), 202);
    let uploaded = ("operator".to_owned(), "POST".to_owned(), "/uploads".to_owned(), upload, 201);
    let expected = [created, delete("reader", 403), delete("none", 401), delete("operator", 202), uploaded];
    assert_eq!(entries.iter().map(of).collect::<Vec<_>>(), expected, "reads are not logged");
    assert!(entries.iter().all(|entry| entry["timestamp"].as_str().is_some_and(|time| time.ends_with('Z'))));
}

#[test]
fn the_audit_log_has_no_secret_and_bounded_lines() {
    let (text, entries) = audited(async {
        let (platform, content) = ingested(MOVIE).await;
        post(&platform, &json!({"input_content_id": content, "key": KEY, "kid": KID})).await;
        let long = format!("/packaged_content/{}?token=SECRETQUERY", "x".repeat(5_000));
        send_with(&platform, OPERATOR, Method::DELETE, &long).await;
    });
    assert_eq!(entries.len(), 2);
    for secret in [KEY, KEY_BASE64, OPERATOR, READER, "SECRETQUERY"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(entries.iter().all(|entry| entry.to_string().len() < 1_000));
}
