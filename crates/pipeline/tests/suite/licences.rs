//! Deleting a package revokes its licences.

use futures_executor::block_on;
use vpp_pipeline::api::licences::PlaybackError;
use vpp_pipeline::domain::package::Encryption;
use vpp_pipeline::testing::{MAX_RUN_TIME, Platform};

use crate::support::{only_package, upload_and_run};

#[test]
fn a_deletion_ends_the_licences_of_a_package_although_tokens_are_valid() {
    block_on(async {
        let platform = Platform::default();
        upload_and_run(&platform).await;
        let package = only_package(&platform);
        let token = platform.tokens().issue(&package.id, None).await.unwrap().keys.unwrap().token.to_string();
        let kids: Vec<_> = package.encryption.iter().flat_map(Encryption::keys).map(|(kid, _)| kid).collect();
        let licences = platform.licences();
        let playback = licences.authorize(&package.id, &token).await.unwrap();
        assert_eq!(licences.keys(&playback, &kids).await.unwrap().len(), 1);

        platform.clock.pass(MAX_RUN_TIME);
        platform.api().delete_package(&package.id).await.unwrap();
        assert!(
            matches!(licences.authorize(&package.id, &token).await, Err(PlaybackError::UnknownPackage)),
            "from the deletion on"
        );
        assert!(platform.tokens().issue(&package.id, None).await.is_err(), "no token is issued");
        assert!(platform.run().await.is_empty());
        assert!(
            matches!(licences.authorize(&package.id, &token).await, Err(PlaybackError::UnknownPackage)),
            "after the deletion"
        );
    });
}
