//! The contracts of the key vault and the token signer.

use vpp_media::cenc::{ContentKey, Scheme};
use vpp_media::cmaf::ProtectedTracks;

use super::fixtures::package;
use crate::domain::content_key::KeyRequest;
use crate::ports::{KeyVault, TokenSigner};

/// Checks a token signer: it verifies its own MACs, and no others.
pub async fn token_signer<S: TokenSigner>(signer: &S) {
    let mac = signer.sign(b"one message").await.unwrap();
    assert_eq!(signer.sign(b"one message").await.unwrap(), mac, "the same message has the same code");
    assert!(signer.verify(b"one message", &mac).await.unwrap());
    assert!(!signer.verify(b"another message", &mac).await.unwrap());
    for byte in 0..mac.len() {
        let mut tampered = mac;
        tampered[byte] ^= 1;
        assert!(!signer.verify(b"one message", &tampered).await.unwrap(), "byte {byte}");
    }
}

/// Checks a key vault: a key that was wrapped for a package unwraps for it, and for no other.
pub async fn key_vault<V: KeyVault>(vault: &V, run: &str) {
    let (one, other) = (package(run, 1).id, package(run, 2).id);
    let key = ContentKey::new(*b"sixteen byte key");
    let wrapped = vault.wrap(&key, &one).await.unwrap();
    assert!(
        !wrapped.as_bytes().windows(16).any(|window| window == key.expose()),
        "the wrapped key does not contain the key"
    );
    assert_eq!(vault.unwrap(&wrapped, &one).await.unwrap().expose(), key.expose());
    assert!(vault.unwrap(&wrapped, &other).await.is_err(), "it is bound to its package");

    let request = KeyRequest { package: &one, scheme: Scheme::Cbcs, tracks: ProtectedTracks::Video, audio_only: false };
    let generated = vault.generate(&request).await.unwrap();
    assert_eq!(vault.unwrap(&generated.wrapped, &one).await.unwrap().expose(), generated.key.expose());
    let again = vault.generate(&request).await.unwrap();
    assert_ne!(generated.key.expose(), again.key.expose(), "every generated key is different");
}
