//! The API over TLS.

use std::fs;
use std::io::BufReader;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;
use tempfile::TempDir;

use crate::server::{BodyFault, Handler, Reply, Request, serve_connection};
use crate::{outcome, vpp};

/// A platform without packages.
struct EmptyPlatform;

impl Handler for EmptyPlatform {
    fn body_fault(&self, _: &Request) -> BodyFault {
        BodyFault::None
    }

    fn respond(&self, _: &Request) -> Reply {
        Reply::Response(200, json!({"packaged_content": [], "next_cursor": null}).to_string())
    }
}

/// Starts a server with a self-signed certificate for `localhost`; returns its address and the certificate.
fn start() -> (String, String) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key.into()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let api = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let config = Arc::new(config);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            serve_connection(&mut BufReader::new(StreamOwned::new(connection, stream)), &EmptyPlatform);
        }
    });
    let body = data_encoding::BASE64.encode(cert.der());
    (api, format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"))
}

#[test]
fn only_a_certificate_that_the_system_trusts_is_accepted() {
    let (api, certificate) = start();
    let (_, another) = start();
    let folder = TempDir::new().unwrap();
    let list = |trusted: &str| {
        let file = folder.path().join("trusted.pem");
        fs::write(&file, trusted).unwrap();
        let mut command = vpp(&api, folder.path(), ["list", "--retries", "0"]);
        outcome(&command.env("SSL_CERT_FILE", &file).output().unwrap())
    };
    let (status, _, stderr) = list(&certificate);
    assert_eq!(status, 0, "{stderr}");
    let (status, _, stderr) = list(&another);
    assert_eq!(status, 4, "{stderr}");
    assert!(stderr.contains("certificate"), "{stderr}");
}
