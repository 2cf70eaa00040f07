//! A DRM provider of the tests' own, which the private stack asks for keys: SPEKE v2.0, on this machine.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::OnceLock;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use vpp_tests::fixtures::fixture;
use vpp_tests::vpp;

use crate::platform::{ingested, key_of, output, own_package, ready, text};
use crate::stack::go_private;

const WIDEVINE: &str = "AAAAJHBzc2gAAAAA7e+LqXnWSs6jyCfc1R0h7QAAAARkYXRh";
const PLAYREADY: &str = "AAAAJHBzc2gAAAAAmgTweZhAQoarkuZb4IhflQAAAARkYXRh";

/// The provider's address; it is there from the first time that somebody wants to know.
pub(crate) fn address() -> &'static str {
    static ADDRESS: OnceLock<String> = OnceLock::new();
    ADDRESS.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/speke", listener.local_addr().unwrap());
        std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
        address
    })
}

/// The key that it has for a key id.
fn key(kid: &str) -> [u8; 16] {
    *Sha256::digest(kid).first_chunk().unwrap()
}

/// Fills in what it is asked.
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
        lines.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let length: u64 = header("content-length").unwrap().parse().unwrap();
    let mut asked = String::new();
    reader.take(length).read_to_string(&mut asked).unwrap();
    let right = header("x-speke-version").as_deref() == Some("2.0") && asked.contains("version=\"2.3\"");
    let (status, body) = if right { (200, filled(&asked)) } else { (422, "Unsupported SPEKE version".to_owned()) };
    let answered =
        format!("HTTP/1.1 {status} Said\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let _ = stream.write_all(answered.as_bytes());
}

fn filled(asked: &str) -> String {
    let (_, rest) = asked.split_once("<cpix:ContentKey kid=\"").expect("a key is asked for");
    let key = BASE64.encode(&key(rest.split('"').next().unwrap()));
    let tag = "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://provided\",KEYFORMAT=\"com.apple.streamingkeydelivery\"";
    let (before, systems) = asked.split_once("<cpix:DRMSystemList>").expect("systems");
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

#[test]
fn a_stream_has_the_key_and_the_signalling_of_the_drm_provider() {
    go_private();
    let movie = fixture("late-video.mp4");
    let content = ingested("provider/late-video.mp4", &movie);
    let id = own_package(&content);
    let package = ready(id);
    let (kid, key) = (text(&package, "kid"), HEXLOWER.encode(&key(text(&package, "kid"))));
    assert_eq!(key_of(id), key);
    let files = output(id);
    let file = |path: &str| String::from_utf8_lossy(&files[std::path::Path::new(path)]).into_owned();
    let (mpd, playlist) = (file("stream.mpd"), file("v1/media.m3u8"));
    assert!(mpd.contains(WIDEVINE) && mpd.contains(PLAYREADY), "{mpd}");
    assert!(playlist.contains("URI=\"skd://provided\"") && playlist.contains(WIDEVINE), "{playlist}");

    let scratch = TempDir::new().unwrap();
    let done = vpp::package_together(&[&movie], scratch.path(), &["--key", &key, "--kid", kid]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    for segment in ["v1/1.m4s", "a1/1.m4s"] {
        assert!(fs::read(scratch.path().join(segment)).unwrap() == files[std::path::Path::new(segment)], "{segment}");
    }
}
