//! The domain of the streams can change, and the API can be replaced: no package breaks, and no address is stored.

use futures_executor::block_on;
use vpp_pipeline::domain::event::{Change, Changed, Event};
use vpp_pipeline::domain::outcome::Outcome;
use vpp_pipeline::domain::package::Encryption;
use vpp_pipeline::testing::Platform;

use crate::events::at;
use crate::support::{MOVIE, assert_ready, is_manifest, only_package, upload_and_run};

const BEFORE: &str = "https://cdn.example";
const AFTER: &str = "https://media.example.com";

/// Returns the manifests of the platform, as one text.
fn manifests(platform: &Platform) -> String {
    let output = platform.store.bucket("output");
    let texts = output.iter().filter(|(key, _)| is_manifest(key));
    texts.map(|(_, stored)| String::from_utf8(stored.bytes.to_vec()).unwrap()).collect()
}

#[test]
fn a_change_of_the_domain_changes_every_address_and_breaks_no_package() {
    block_on(async {
        let platform = Platform::default();
        upload_and_run(&platform).await;
        let package = only_package(&platform);
        let id = &package.id;
        let written = manifests(&platform);

        // Licences are on the domain of the streams, which does not change when the API is replaced.
        let licences = written.matches("/license/").count();
        assert!(licences >= 3, "the MPD and a playlist state licences: {written}");
        assert_eq!(written.matches(&format!("{BEFORE}/license/{id}")).count(), licences);

        let mut api = platform.api();
        let mut tokens = platform.tokens();
        assert_eq!(api.url(&package), format!("{BEFORE}/{id}/stream.mpd"));
        api.settings.delivery_url = AFTER.to_owned();
        tokens.settings.delivery_url = AFTER.to_owned();
        assert_eq!(api.url(&package), format!("{AFTER}/{id}/stream.mpd"));
        let issued = tokens.issue(id, None).await.unwrap();
        let keys = issued.keys.unwrap();
        assert_eq!((issued.url, &keys.licence_url), (api.url(&package), &format!("{AFTER}/license/{id}")));
        let change = Change { before: None, after: Some(Box::new(package.clone())), at: at(1) };
        let events = serde_json::to_value(Event::of(&Changed::Package(change), AFTER)).unwrap();
        assert_eq!(events[0]["package"]["url"], format!("{AFTER}/{id}/stream.mpd"));

        // The licence server serves the package under every name.
        let licences = platform.licences();
        let playback = licences.authorize(id, &keys.token.to_string()).await.unwrap();
        let kids: Vec<_> = package.encryption.iter().flat_map(Encryption::keys).map(|(kid, _)| kid).collect();
        assert_eq!(licences.keys(&playback, &kids).await.unwrap().len(), 1);
        assert_eq!(manifests(&platform), written, "no manifest is rewritten");
    });
}

#[test]
fn a_change_of_the_domain_between_two_runs_of_a_stage_fails_no_package() {
    block_on(async {
        let mut platform = Platform::default();
        let upload = platform.upload("my movie.mp4", MOVIE);
        platform.ingest(&upload).await.unwrap();
        let fragment = platform.fragment_queue.take().remove(0);
        platform.fragment_stage().handle(&fragment).await.unwrap();
        for message in platform.encrypt_queue.take() {
            platform.encrypt_stage().handle(&message).await.unwrap();
        }
        let message = platform.dash_queue.take().remove(0);

        // The first run ends before the catalog is written.
        let before = platform.catalog.fork();
        platform.dash_stage().handle(&message).await.unwrap();
        let written = manifests(&platform);
        platform.catalog = before;
        let mut stage = platform.dash_stage();
        stage.settings.delivery_url = AFTER.to_owned();
        assert_eq!(stage.handle(&message).await.unwrap(), Outcome::Done);
        assert_eq!(manifests(&platform), written, "the first addresses stay");
        assert_ready(&platform).await;
    });
}
