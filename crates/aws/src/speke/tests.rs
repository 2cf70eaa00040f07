//! What is asked, and what is made of answers.

use std::time::Duration;

use data_encoding::BASE64;
use vpp_media::cenc::{Drm, KeyId};
use vpp_media::cmaf::ProtectedTracks;

use super::answer::{Wrong, read};
use super::request::document;
use super::*;

const ALL: [System; 3] = [System::Widevine, System::PlayReady, System::FairPlay];
const WIDEVINE: &str = "AAAAJHBzc2gAAAAA7e+LqXnWSs6jyCfc1R0h7QAAAARkYXRh";
const PLAYREADY: &str = "AAAAJHBzc2gAAAAAmgTweZhAQoarkuZb4IhflQAAAARkYXRh";
const KEY: &str = "5dGAgwGuUYu4dHeHtNlxJw==";

fn package() -> PackageId {
    "abcdefghijklmnopqrstuvwxyz".parse().unwrap()
}

fn kid() -> KeyId {
    package().kid()
}

/// An answer with this key, and this said of DRM systems.
fn answered(key: &str, systems: &str) -> String {
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

fn system(own: System, kid: KeyId, data: &str) -> String {
    format!("<cpix:DRMSystem kid=\"{kid}\" systemId=\"{}\">{data}</cpix:DRMSystem>", own.id().to_uppercase())
}

fn signalling(playlist: &str, tag: &str) -> String {
    format!("<cpix:HLSSignalingData playlist=\"{playlist}\">{}</cpix:HLSSignalingData>", BASE64.encode(tag.as_bytes()))
}

fn fairplay(tag: &str) -> String {
    let master = signalling("master", "#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI=\"skd://other\"");
    system(System::FairPlay, kid(), &format!("{master}{}", signalling("media", tag)))
}

fn wrong(text: &str, systems: &[System]) -> Wrong {
    read(text.as_bytes(), kid(), Scheme::Cbcs, systems).map(|_| ()).expect_err(text)
}

#[test]
fn a_key_is_asked_for_with_its_scheme_systems_and_tracks() {
    let id = package();
    let kid = kid();
    let asked = |scheme, tracks, audio_only| {
        let asked = KeyUse { package: &id, scheme, tracks, audio_only };
        String::from_utf8(document(&asked, &ALL).unwrap()).unwrap()
    };
    let text = asked(Scheme::Cbcs, ProtectedTracks::Video, false);
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
    let text = asked(Scheme::Cenc, ProtectedTracks::All, false);
    assert!(text.contains("commonEncryptionScheme=\"cenc\""), "{text}");
    assert!(!text.contains("94ce86fb"), "FairPlay knows cbcs only: {text}");
    assert!(text.contains("intendedTrackType=\"ALL\"><cpix:VideoFilter/><cpix:AudioFilter/>"), "{text}");
    let text = asked(Scheme::Cenc, ProtectedTracks::Video, true);
    assert!(text.contains("intendedTrackType=\"AUDIO\"><cpix:AudioFilter/></"), "{text}");
}

#[test]
fn a_key_is_read_with_what_its_systems_are_told() {
    let other: KeyId = "a16e402b-9056-e371-f36d-348aa62bb749".parse().unwrap();
    let pssh = |data: &str| {
        format!("<cpix:PSSH>\n{data}\n</cpix:PSSH><cpix:ContentProtectionData>AAAA</cpix:ContentProtectionData>")
    };
    let systems = [
        system(System::Widevine, other, &pssh("not ours")),
        system(System::Widevine, kid(), &pssh(WIDEVINE)),
        system(System::PlayReady, kid(), &pssh(PLAYREADY)),
        fairplay("#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://one\",KEYFORMAT=\"com.apple.streamingkeydelivery\""),
    ];
    let others = key("", "AAAAAAAAAAAAAAAAAAAAAA==").replace(&kid().to_string(), &other.to_string());
    let both = format!("{others}{}", key(" explicitIV=\"OFj2IjCsPJFfMAxmQxLGPw==\"", KEY));
    let read = |text: &str, systems: &[System]| read(text.as_bytes(), kid(), Scheme::Cbcs, systems).unwrap();
    let text = answered(&both, &systems.concat());
    let given = read(&text, &ALL);
    assert_eq!(BASE64.encode(given.key.expose()), KEY);
    assert_eq!(BASE64.encode(given.iv.unwrap().as_bytes()), "OFj2IjCsPJFfMAxmQxLGPw==");
    assert_eq!(given.drm.widevine.unwrap().to_string(), WIDEVINE);
    assert_eq!(given.drm.playready.unwrap().to_string(), PLAYREADY);
    assert_eq!(given.drm.fairplay.unwrap().to_string(), "skd://one");

    // What was not asked is not read, and other ways to spell the same are.
    let text =
        text.replace("cpix:", "").replace("pskc:", "x:").replace(&kid().to_string(), &kid().to_string().to_uppercase());
    let given = read(&text, &[]);
    assert_eq!((BASE64.encode(given.key.expose()), given.drm), (KEY.to_owned(), Drm::default()));
}

#[test]
fn an_answer_that_cannot_be_used_is_said_without_repeating_it() {
    let good = key("", KEY);
    let twice = format!("{good}{good}");
    let foreign = good.replace(&kid().to_string(), "a16e402b-9056-e371-f36d-348aa62bb749");
    for (key, expected) in [
        ("", Wrong::NoKey(kid())),
        (foreign.as_str(), Wrong::NoKey(kid())),
        (twice.as_str(), Wrong::ManyKeys(kid())),
        (&good.replace("cbcs", "cenc"), Wrong::OtherScheme("cbcs")),
        (&good.replace(KEY, ""), Wrong::NotAKey),
        (&good.replace(KEY, "AAAA"), Wrong::NotAKey),
        (&good.replace(KEY, "5dGAgwGuUYu4dHeHtNlxJ!=="), Wrong::NotAKey),
        (&good.replace("PlainValue", "EncryptedValue"), Wrong::NotAKey),
        (&good.replace(" commonE", " explicitIV=\"AAAA\" commonE"), Wrong::NotAnIv),
    ] {
        let found = wrong(&answered(key, ""), &[]);
        assert_eq!(found, expected, "{key}");
        assert!(!found.to_string().contains(KEY));
    }
    let of = |systems: &str| wrong(&answered(&good, systems), &ALL[..1]);
    let data = |data: &str| of(&system(System::Widevine, kid(), &format!("<cpix:PSSH>{data}</cpix:PSSH>")));
    assert_eq!(of(""), Wrong::NoSystem("Widevine"));
    assert_eq!(data(""), Wrong::NoSystem("Widevine"));
    assert_eq!(data(PLAYREADY), Wrong::Drm("Widevine", vpp_media::cenc::ParseDrmError::OtherSystem));
    assert_eq!(data("AAAA"), Wrong::Drm("Widevine", vpp_media::cenc::ParseDrmError::NotPssh));
    for tag in ["#EXT-X-KEY:METHOD=NONE", "URI=\"skd://open", ""] {
        let text = answered(&good, &fairplay(tag));
        assert!([Wrong::NotSignalling, Wrong::NoSystem("FairPlay")].contains(&wrong(&text, &ALL[2..])), "{tag}");
    }
    let text = answered(&good, &fairplay("URI=\"https://key\""));
    assert_eq!(wrong(&text, &ALL[2..]), Wrong::Drm("FairPlay", vpp_media::cenc::ParseDrmError::Uri));
}

#[test]
fn what_is_no_document_is_refused() {
    let good = answered(&key("", KEY), "");
    assert!(read(good.as_bytes(), kid(), Scheme::Cbcs, &[]).is_ok());
    let deep = format!("<CPIX>{}{}</CPIX>", "<a>".repeat(100), "</a>".repeat(100));
    let entity = good.replacen('\n', "<!DOCTYPE x [<!ENTITY k \"v\">]>", 1);
    let used = good.replace(KEY, "&amp;");
    for text in ["", "no", "<CPIX>", "<cpix:CPIX/>x<", "<html></html>", "<CPIX/><CPIX/>", &deep, &entity, &used] {
        let refused = wrong(text, &[]);
        assert!([Wrong::NotCpix, Wrong::NoKey(kid())].contains(&refused), "{text}");
    }
    // Cut anywhere before its last tag, it is none; it never is a panic.
    let end = good.trim_end().len();
    for cut in (0..end).filter(|cut| good.is_char_boundary(*cut)) {
        assert_eq!(wrong(&good[..cut], &[]), Wrong::NotCpix, "{cut}");
    }
    assert!(matches!(read(b"\xff\xfe", kid(), Scheme::Cbcs, &[]), Err(Wrong::NotCpix)));
}

#[test]
fn headers_are_those_of_the_secret() {
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
    assert_eq!(reason(&[b'x'; 1000]).len(), REASON);
    assert!(BOUNDS.time < Duration::from_secs(29));
}
