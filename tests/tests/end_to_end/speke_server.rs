//! A DRM provider of the tests: a SPEKE v2.0 key server on this machine, which the private stack requests keys from.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::OnceLock;

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

/// The PSSH boxes of the document.
pub(crate) const WIDEVINE: &str = "AAAAJHBzc2gAAAAA7e+LqXnWSs6jyCfc1R0h7QAAAARkYXRh";
pub(crate) const PLAYREADY: &str = "AAAAJHBzc2gAAAAAmgTweZhAQoarkuZb4IhflQAAAARkYXRh";

/// Returns the server's URL. The first call starts the server.
pub(crate) fn address() -> &'static str {
    static ADDRESS: OnceLock<String> = OnceLock::new();
    ADDRESS.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/speke", listener.local_addr().unwrap());
        std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
        address
    })
}

/// Returns the key that the server has for a key id.
pub(crate) fn key(kid: &str) -> [u8; 16] {
    *Sha256::digest(kid).first_chunk().unwrap()
}

/// Responds to a request with the completed CPIX document.
fn answer(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or_default() == 0 {
            return;
        }
    }
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let length: u64 = header("content-length").unwrap().parse().unwrap();
    let mut request = String::new();
    reader.take(length).read_to_string(&mut request).unwrap();
    let is_version_2 = header("x-speke-version").as_deref() == Some("2.0") && request.contains("version=\"2.3\"");
    let (status, body) =
        if is_version_2 { (200, completed(&request)) } else { (422, "Unsupported SPEKE version".to_owned()) };
    let answer =
        format!("HTTP/1.1 {status} Status\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let _ = stream.write_all(answer.as_bytes());
}

/// Adds the key, the PSSH boxes and the HLS signalling to a CPIX request.
fn completed(request: &str) -> String {
    let (_, rest) = request.split_once("<cpix:ContentKey kid=\"").expect("a key is requested");
    let key = BASE64.encode(&key(rest.split('"').next().unwrap()));
    let tag = "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://provided\",KEYFORMAT=\"com.apple.streamingkeydelivery\"";
    let (before, systems) = request.split_once("<cpix:DRMSystemList>").expect("systems");
    let before = before.replace("\"/>", &format!("\"><cpix:Data><pskc:Secret><pskc:PlainValue>{key}</pskc:PlainValue></pskc:Secret></cpix:Data></cpix:ContentKey>"));
    let systems = systems
        .replacen("<cpix:PSSH/>", &format!("<cpix:PSSH>{WIDEVINE}</cpix:PSSH>"), 1)
        .replacen("<cpix:PSSH/>", &format!("<cpix:PSSH>{PLAYREADY}</cpix:PSSH>"), 1)
        .replace(
            "playlist=\"media\"/>",
            &format!("playlist=\"media\">{}</cpix:HLSSignalingData>", BASE64.encode(tag.as_bytes())),
        );
    format!("{before}<cpix:DRMSystemList>{systems}")
}
