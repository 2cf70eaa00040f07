//! The CPIX request, and the responses that are accepted and refused.

use std::time::Duration;

use data_encoding::BASE64;
use vpp_media::cenc::{Drm, KeyId, Scheme};
use vpp_media::cmaf::ProtectedTracks;
use vpp_pipeline::domain::content_key::KeyRequest;
use vpp_pipeline::domain::id::PackageId;

use super::client::{LIMITS, LONGEST_REASON, headers, reason};
use super::cpix_request::document;
use super::cpix_response::{CpixError, read};
use super::drm_system::DrmSystem;

const ALL: [DrmSystem; 3] = [DrmSystem::Widevine, DrmSystem::PlayReady, DrmSystem::FairPlay];
const WIDEVINE: &str = "AAAAJHBzc2gAAAAA7e+LqXnWSs6jyCfc1R0h7QAAAARkYXRh";
const PLAYREADY: &str = "AAAAJHBzc2gAAAAAmgTweZhAQoarkuZb4IhflQAAAARkYXRh";
const KEY: &str = "5dGAgwGuUYu4dHeHtNlxJw==";

fn package() -> PackageId {
    "abcdefghijklmnopqrstuvwxyz".parse().unwrap()
}

fn kid() -> KeyId {
    package().kid()
}

/// Returns a response with this key, and this signalling of DRM systems.
fn response(key: &str, systems: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<cpix:CPIX contentId=\"abcdefghijklmnopqrstuvwxyz\" version=\"2.3\" xmlns:cpix=\"urn:dashif:org:cpix\" \
         xmlns:pskc=\"urn:ietf:params:xml:ns:keyprov:pskc\">\n <cpix:ContentKeyList>\n  {key}\n </cpix:ContentKeyList>\n \
         <cpix:DRMSystemList>{systems}</cpix:DRMSystemList></cpix:CPIX>\n"
    )
}

fn key(attributes: &str, value: &str) -> String {
    format!(
        "<cpix:ContentKey kid=\"{}\" commonEncryptionScheme=\"cbcs\"{attributes}><cpix:Data><pskc:Secret>\n<pskc:PlainValue>{value}\
         </pskc:PlainValue></pskc:Secret></cpix:Data></cpix:ContentKey>",
        kid()
    )
}

fn system(system: DrmSystem, kid: KeyId, data: &str) -> String {
    format!(
        "<cpix:DRMSystem kid=\"{kid}\" systemId=\"{}\">{data}</cpix:DRMSystem>",
        system.system_id().to_string().to_uppercase()
    )
}

fn signalling(playlist: &str, tag: &str) -> String {
    format!("<cpix:HLSSignalingData playlist=\"{playlist}\">{}</cpix:HLSSignalingData>", BASE64.encode(tag.as_bytes()))
}

fn fairplay(tag: &str) -> String {
    let master = signalling("master", "#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI=\"skd://other\"");
    system(DrmSystem::FairPlay, kid(), &format!("{master}{}", signalling("media", tag)))
}

fn refused(text: &str, systems: &[DrmSystem]) -> CpixError {
    read(text.as_bytes(), kid(), Scheme::Cbcs, systems).map(|_| ()).expect_err(text)
}

#[test]
fn a_request_names_scheme_drm_systems_and_tracks() {
    let id = package();
    let kid = kid();
    let request = |scheme, tracks, audio_only| {
        let key_use = KeyRequest { package: &id, scheme, tracks, audio_only };
        String::from_utf8(document(&key_use, &ALL).unwrap()).unwrap()
    };
    let text = request(Scheme::Cbcs, ProtectedTracks::Video, false);
    assert_eq!(
        text,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><cpix:CPIX contentId=\"{id}\" version=\"2.3\" xmlns:cpix=\"urn:dashif:org:cpix\" \
             xmlns:pskc=\"urn:ietf:params:xml:ns:keyprov:pskc\"><cpix:ContentKeyList><cpix:ContentKey kid=\"{kid}\" \
             commonEncryptionScheme=\"cbcs\"/></cpix:ContentKeyList><cpix:DRMSystemList>\
             <cpix:DRMSystem kid=\"{kid}\" systemId=\"edef8ba9-79d6-4ace-a3c8-27dcd51d21ed\"><cpix:PSSH/></cpix:DRMSystem>\
             <cpix:DRMSystem kid=\"{kid}\" systemId=\"9a04f079-9840-4286-ab92-e65be0885f95\"><cpix:PSSH/></cpix:DRMSystem>\
             <cpix:DRMSystem kid=\"{kid}\" systemId=\"94ce86fb-07ff-4f43-adb8-93d2fa968ca2\">\
             <cpix:HLSSignalingData playlist=\"media\"/></cpix:DRMSystem></cpix:DRMSystemList><cpix:ContentKeyUsageRuleList>\
             <cpix:ContentKeyUsageRule kid=\"{kid}\" intendedTrackType=\"VIDEO\"><cpix:VideoFilter/></cpix:ContentKeyUsageRule>\
             </cpix:ContentKeyUsageRuleList></cpix:CPIX>"
        )
    );
    let text = request(Scheme::Cenc, ProtectedTracks::All, false);
    assert!(text.contains("commonEncryptionScheme=\"cenc\""), "{text}");
    assert!(!text.contains("94ce86fb"), "FairPlay supports cbcs only: {text}");
    assert!(text.contains("intendedTrackType=\"ALL\"><cpix:VideoFilter/><cpix:AudioFilter/>"), "{text}");
    let text = request(Scheme::Cenc, ProtectedTracks::Video, true);
    assert!(text.contains("intendedTrackType=\"AUDIO\"><cpix:AudioFilter/></"), "{text}");
}

#[test]
fn a_key_is_read_with_the_signalling_of_its_drm_systems() {
    let other: KeyId = "a16e402b-9056-e371-f36d-348aa62bb749".parse().unwrap();
    let pssh = |data: &str| {
        format!("<cpix:PSSH>\n{data}\n</cpix:PSSH><cpix:ContentProtectionData>AAAA</cpix:ContentProtectionData>")
    };
    let systems = [
        system(DrmSystem::Widevine, other, &pssh("another key")),
        system(DrmSystem::Widevine, kid(), &pssh(WIDEVINE)),
        system(DrmSystem::PlayReady, kid(), &pssh(PLAYREADY)),
        fairplay("#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://one\",KEYFORMAT=\"com.apple.streamingkeydelivery\""),
    ];
    let others = key("", "AAAAAAAAAAAAAAAAAAAAAA==").replace(&kid().to_string(), &other.to_string());
    let both = format!("{others}{}", key(" explicitIV=\"OFj2IjCsPJFfMAxmQxLGPw==\"", KEY));
    let read = |text: &str, systems: &[DrmSystem]| read(text.as_bytes(), kid(), Scheme::Cbcs, systems).unwrap();
    let text = response(&both, &systems.concat());
    let found = read(&text, &ALL);
    assert_eq!(BASE64.encode(found.key.expose()), KEY);
    assert_eq!(BASE64.encode(found.iv.unwrap().as_bytes()), "OFj2IjCsPJFfMAxmQxLGPw==");
    assert_eq!(found.drm.widevine.unwrap().to_string(), WIDEVINE);
    assert_eq!(found.drm.playready.unwrap().to_string(), PLAYREADY);
    assert_eq!(found.drm.fairplay.unwrap().to_string(), "skd://one");

    // Signalling that was not requested is ignored. Other prefixes and upper-case ids are accepted.
    let text =
        text.replace("cpix:", "").replace("pskc:", "x:").replace(&kid().to_string(), &kid().to_string().to_uppercase());
    let found = read(&text, &[]);
    assert_eq!((BASE64.encode(found.key.expose()), found.drm), (KEY.to_owned(), Drm::default()));
}

#[test]
fn an_invalid_response_is_refused_without_repeating_it() {
    let good = key("", KEY);
    let twice = format!("{good}{good}");
    let foreign = good.replace(&kid().to_string(), "a16e402b-9056-e371-f36d-348aa62bb749");
    for (key, expected) in [
        ("", CpixError::NoKey(kid())),
        (foreign.as_str(), CpixError::NoKey(kid())),
        (twice.as_str(), CpixError::ManyKeys(kid())),
        (&good.replace("cbcs", "cenc"), CpixError::OtherScheme("cbcs")),
        (&good.replace(KEY, ""), CpixError::NotAKey),
        (&good.replace(KEY, "AAAA"), CpixError::NotAKey),
        (&good.replace(KEY, "5dGAgwGuUYu4dHeHtNlxJ!=="), CpixError::NotAKey),
        (&good.replace("PlainValue", "EncryptedValue"), CpixError::NotAKey),
        (&good.replace(" commonE", " explicitIV=\"AAAA\" commonE"), CpixError::NotAnIv),
    ] {
        let error = refused(&response(key, ""), &[]);
        assert_eq!(error, expected, "{key}");
        assert!(!error.to_string().contains(KEY));
    }
    let of = |systems: &str| refused(&response(&good, systems), &ALL[..1]);
    let data = |data: &str| of(&system(DrmSystem::Widevine, kid(), &format!("<cpix:PSSH>{data}</cpix:PSSH>")));
    assert_eq!(of(""), CpixError::NoSignalling("Widevine"));
    assert_eq!(data(""), CpixError::NoSignalling("Widevine"));
    assert_eq!(data(PLAYREADY), CpixError::Drm("Widevine", vpp_media::cenc::ParseDrmError::OtherSystem));
    assert_eq!(data("AAAA"), CpixError::Drm("Widevine", vpp_media::cenc::ParseDrmError::NotPssh));
    for tag in ["#EXT-X-KEY:METHOD=NONE", "URI=\"skd://open", ""] {
        let text = response(&good, &fairplay(tag));
        assert!(
            [CpixError::NotHlsSignalling, CpixError::NoSignalling("FairPlay")].contains(&refused(&text, &ALL[2..])),
            "{tag}"
        );
    }
    let text = response(&good, &fairplay("URI=\"https://key\""));
    assert_eq!(refused(&text, &ALL[2..]), CpixError::Drm("FairPlay", vpp_media::cenc::ParseDrmError::Uri));
}

#[test]
fn a_malformed_document_is_refused() {
    let good = response(&key("", KEY), "");
    assert!(read(good.as_bytes(), kid(), Scheme::Cbcs, &[]).is_ok());
    let deep = format!("<CPIX>{}{}</CPIX>", "<a>".repeat(100), "</a>".repeat(100));
    let entity = good.replacen('\n', "<!DOCTYPE x [<!ENTITY k \"v\">]>", 1);
    let used = good.replace(KEY, "&amp;");
    for text in ["", "no", "<CPIX>", "<cpix:CPIX/>x<", "<html></html>", "<CPIX/><CPIX/>", &deep, &entity, &used] {
        let error = refused(text, &[]);
        assert!([CpixError::NotCpix, CpixError::NoKey(kid())].contains(&error), "{text}");
    }
    // A document that is truncated anywhere before its last tag is refused, and never panics.
    let end = good.trim_end().len();
    for length in (0..end).filter(|length| good.is_char_boundary(*length)) {
        assert_eq!(refused(&good[..length], &[]), CpixError::NotCpix, "{length}");
    }
    assert!(matches!(read(b"\xff\xfe", kid(), Scheme::Cbcs, &[]), Err(CpixError::NotCpix)));
}

#[test]
fn the_secret_holds_the_request_headers() {
    let found = headers(r#"{"Authorization": "Basic dXNlcjpwYXNz", "x-api-key": "k"}"#).unwrap();
    let names: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.is_sensitive())).collect();
    assert_eq!(names, [("authorization", true), ("x-api-key", true)]);
    for wrong in ["", "text", "[]", r#"{"a": 1}"#, r#"{"a b": "c"}"#, "{\"a\": \"c\\nd\"}"] {
        assert!(headers(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn a_reason_is_short_and_printable() {
    assert_eq!(reason(b" Missing\r\nCPIX@version\x1b[0m "), "Missing  CPIX@version [0m");
    assert_eq!(reason(&[b'x'; 1000]).len(), LONGEST_REASON);
    assert!(LIMITS.time < Duration::from_secs(29));
}
