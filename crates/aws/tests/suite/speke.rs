//! Keys from a DRM key provider: a small local SPEKE server.

use vpp_aws::speke::{DrmSystem, KeyProvider};
use vpp_aws::{Aws, SpekeKeyVault};
use vpp_media::cenc::Scheme;
use vpp_media::cmaf::ProtectedTracks;
use vpp_pipeline::domain::content_key::{GeneratedKey, KeyRequest};
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::error::chain;
use vpp_pipeline::ports::{KeyError, KeyVault};

use crate::emulator::{Emulator, Implementation};
use crate::server::{Request, Server};

const PACKAGE: &str = "abcdefghijklmnopqrstuvwxyz";
const KEY: &str = "5dGAgwGuUYu4dHeHtNlxJw==";
const WIDEVINE: &str = "AAAAJHBzc2gAAAAA7e+LqXnWSs6jyCfc1R0h7QAAAARkYXRh";

fn package() -> PackageId {
    PACKAGE.parse().unwrap()
}

/// Returns the response of a provider: the request document with the key and the Widevine data filled in.
fn response() -> String {
    let kid = package().kid();
    format!(
        "<cpix:CPIX contentId=\"{PACKAGE}\" version=\"2.3\" xmlns:cpix=\"urn:dashif:org:cpix\" \
         xmlns:pskc=\"urn:ietf:params:xml:ns:keyprov:pskc\"><cpix:ContentKeyList><cpix:ContentKey kid=\"{kid}\" \
         commonEncryptionScheme=\"cbcs\"><cpix:Data><pskc:Secret><pskc:PlainValue>{KEY}</pskc:PlainValue></pskc:Secret></cpix:Data>\
         </cpix:ContentKey></cpix:ContentKeyList><cpix:DRMSystemList><cpix:DRMSystem kid=\"{kid}\" \
         systemId=\"edef8ba9-79d6-4ace-a3c8-27dcd51d21ed\"><cpix:PSSH>{WIDEVINE}</cpix:PSSH></cpix:DRMSystem></cpix:DRMSystemList>\
         </cpix:CPIX>"
    )
}

/// Requests a key from the provider at `url`. The local AWS stores the request headers and wraps the key.
async fn request_key(
    emulator: &Emulator,
    url: &str,
    signing_region: Option<&str>,
) -> (Result<GeneratedKey, KeyError>, SpekeKeyVault) {
    let config = emulator.config().await;
    let kms = aws_sdk_kms::Client::new(&config);
    let key = kms.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
    let secrets = aws_sdk_secretsmanager::Client::new(&config);
    let secret = r#"{"Authorization": "Basic dXNlcjpwYXNz", "X-Customer": "one"}"#;
    let name = "provider-headers";
    let _ = secrets.create_secret().name(name).secret_string(secret).send().await;
    let provider = KeyProvider {
        url: url.to_owned(),
        systems: vec![DrmSystem::Widevine],
        headers: signing_region.is_none().then(|| name.to_owned()),
        signing_region: signing_region.map(str::to_owned),
    };
    let vault = Aws::new(config).speke_key_vault(key, Some(provider));
    let id = package();
    let key_use = KeyRequest { package: &id, scheme: Scheme::Cbcs, tracks: ProtectedTracks::Video, audio_only: false };
    (vault.generate(&key_use).await, vault)
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn a_provider_generates_the_key_and_kms_wraps_it() {
    let emulator = Emulator::start(&Implementation::MiniStack);
    let server = Server::start([(200, response())]);
    let url = format!("{}/speke?tenant=1", server.address);
    block_on(async {
        let (generated, vault) = request_key(&emulator, &url, None).await;
        let generated = generated.unwrap();
        assert_eq!(data_encoding::BASE64.encode(generated.key.expose()), KEY);
        assert_eq!(generated.drm.widevine.as_ref().unwrap().to_string(), WIDEVINE);
        assert_eq!(vault.unwrap(&generated.wrapped, &package()).await.unwrap().expose(), generated.key.expose());
    });
    let request: Request = server.requests().remove(0);
    assert!(request.head.starts_with("POST /speke?tenant=1 HTTP/1.1\r\n"), "{}", request.head);
    let headers = ["content-type", "x-speke-version", "authorization", "x-customer"].map(|name| request.header(name));
    assert_eq!(headers, [Some("application/xml"), Some("2.0"), Some("Basic dXNlcjpwYXNz"), Some("one")]);
    assert!(request.body.contains(&format!("<cpix:ContentKey kid=\"{}\"", package().kid())), "{}", request.body);
}

#[test]
fn a_request_to_a_provider_behind_an_api_gateway_is_signed() {
    let emulator = Emulator::start(&Implementation::MiniStack);
    let server = Server::start([(200, response())]);
    let url = server.address.clone();
    block_on(async { request_key(&emulator, &url, Some("eu-west-1")).await.0.unwrap() });
    let request = server.requests().remove(0);
    let signature = request.header("authorization").unwrap();
    assert!(
        signature.starts_with("AWS4-HMAC-SHA256 ") && signature.contains("/eu-west-1/execute-api/aws4_request"),
        "{signature}"
    );
}

#[test]
fn each_error_of_a_provider_has_its_code() {
    let emulator = Emulator::start(&Implementation::MiniStack);
    let foreign = response().replace(&package().kid().to_string(), "a16e402b-9056-e371-f36d-348aa62bb749");
    for (status, body, code, detail) in [
        (422, "Unsupported SPEKE version", "key_provider_refused", "422: Unsupported SPEKE version"),
        (403, "", "key_provider_refused", "403"),
        (302, "", "key_provider_refused", "302"),
        (500, "", "key_provider_unreachable", "try again"),
        (429, "", "key_provider_unreachable", "try again"),
        (200, "<html/>", "key_provider_response_invalid", "not a CPIX document"),
        (200, &foreign, "key_provider_response_invalid", "no key for the requested key id"),
    ] {
        let server = Server::start([(status, body.to_owned())]);
        let url = server.address.clone();
        let (result, _) = block_on(request_key(&emulator, &url, None));
        let Err(KeyError::Provider { code: found, message, .. }) = result else { panic!("{status} {body}") };
        assert_eq!(found, code, "{status} {body}");
        assert!(message.contains(detail) && !message.contains(KEY), "{message}");
    }
    let stopped = Server::start([]);
    let url = stopped.address.clone();
    stopped.requests();
    let (result, _) = block_on(request_key(&emulator, &url, None));
    let error = result.map(|_| ()).unwrap_err();
    assert!(matches!(&error, KeyError::Provider { code: "key_provider_unreachable", .. }), "{}", chain(&error));
}
