//! Playback: issues playback tokens, and delivers the keys of a package to viewers that present one.
//!
//! Two use cases, in two functions. [`PlaybackTokens`] is part of the API: its callers are authorized; it can sign tokens and
//! cannot unwrap keys. [`Licences`] serves the public: it can verify tokens and cannot sign them. Apart from the encrypt stage
//! it is the only place that unwraps keys.
//!
//! Every licence request starts with [`Licences::authorize`]. A request whose token is missing, damaged, expired or for another
//! package gets the same response, before any lookup. So a viewer without a valid token cannot find out which packages exist.

use std::time::Duration;

use vpp_media::cenc::{ContentKey, KeyId};

use crate::api::playback_token::{Claim, PlaybackToken};
use crate::api::signed_path::PathSigningSecret;
use crate::domain::id::PackageId;
use crate::domain::layout;
use crate::domain::package::Encryption;
use crate::domain::state::{State, Status};
use crate::domain::timestamp::Timestamp;
use crate::error::{Error, Unavailable};
use crate::ports::{Catalog, Clock, KeyVault, TokenSigner};

/// The reason for refusing a token or a licence. `Display` is the message for the caller.
#[derive(Debug, thiserror::Error)]
pub enum PlaybackError {
    /// The token is missing, damaged, expired, or for another package.
    #[error("a valid playback token of this package is required: request one from the API")]
    Token,
    /// The package does not exist.
    #[error("there is no package with this id")]
    UnknownPackage,
    /// The package cannot be played yet.
    #[error("this package is {0}: its keys are available once it is playable")]
    NotReady(Status),
    /// The package has failed.
    #[error("this package failed ({code}): there is nothing to play")]
    Failed {
        /// The failure's code.
        code: String,
    },
    /// The package has no keys.
    #[error("this package is clear: it plays without keys")]
    Clear,
    /// None of the requested keys belongs to the package.
    #[error("this package does not have the requested key")]
    UnknownKey,
    /// The record of the package cannot be read.
    #[error("the record of this package cannot be read: another version wrote it, or it is damaged")]
    Unreadable,
    /// A service of the platform is unavailable; a retry may succeed.
    #[error("the platform could not do this just now: try again")]
    Unavailable(#[source] Error),
}

/// Settings for playback tokens.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Lifetime of a token, unless the caller requests another.
    pub lifetime: Duration,
    /// Start of the URL of streams and licences, without a trailing slash.
    pub delivery_url: String,
    /// Signs paths, where the CDN requires signed paths.
    pub path_signing_secret: Option<PathSigningSecret>,
}

/// Issues playback tokens.
#[derive(Debug)]
pub struct PlaybackTokens<C, S, K> {
    /// Stores the packages.
    pub catalog: C,
    /// Signs tokens.
    pub signer: S,
    /// The clock.
    pub clock: K,
    /// Settings.
    pub settings: Settings,
}

/// Permission to play a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaybackAccess {
    /// Permission to fetch the keys; `None` for a clear package.
    pub keys: Option<KeyAccess>,
    /// When the permission expires.
    pub expires_at: Timestamp,
    /// URL of the manifest; its path is signed where the CDN requires it.
    pub url: String,
}

/// Permission to fetch the keys of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAccess {
    /// The playback token.
    pub token: PlaybackToken,
    /// URL of the licence server for this package.
    pub licence_url: String,
}

impl<C: Catalog, S: TokenSigner, K: Clock> PlaybackTokens<C, S, K> {
    /// Issues permission to play `package`. The package must be playable, and encrypted unless the CDN requires signed paths.
    ///
    /// # Errors
    /// When the package does not meet these conditions, or the platform is unavailable.
    pub async fn issue(
        &self,
        package: &PackageId,
        lifetime: Option<Duration>,
    ) -> Result<PlaybackAccess, PlaybackError> {
        let Settings { lifetime: default, delivery_url, path_signing_secret } = &self.settings;
        let is_encrypted = match playable(&self.catalog, package).await {
            Err(PlaybackError::Clear) if path_signing_secret.is_some() => false,
            playable => playable.map(|_| true)?,
        };
        let claim = Claim::new(package, self.clock.now(), lifetime.unwrap_or(*default));
        let keys = if is_encrypted {
            let mac = self.signer.sign(&claim.message()).await.map_err(unavailable("signing a token"))?;
            Some(KeyAccess { token: claim.signed(mac), licence_url: layout::licence_url(delivery_url, package) })
        } else {
            None
        };
        let expires_at = claim.expires_at();
        let signature = path_signing_secret.as_ref().map(|secret| secret.sign(package, expires_at));
        let base = signature.map_or_else(|| delivery_url.clone(), |signature| format!("{delivery_url}/{signature}"));
        Ok(PlaybackAccess { keys, expires_at, url: layout::manifest_url(&base, package) })
    }
}

/// Delivers keys.
#[derive(Debug)]
pub struct Licences<C, V, S, K> {
    /// Stores the packages.
    pub catalog: C,
    /// Unwraps keys.
    pub vault: V,
    /// Verifies tokens.
    pub signer: S,
    /// The clock.
    pub clock: K,
}

/// Proof that a viewer presented a valid token of a package.
#[derive(Debug)]
pub struct VerifiedPlayback {
    package: PackageId,
    encryption: Encryption,
}

impl<C: Catalog, V: KeyVault, S: TokenSigner, K: Clock> Licences<C, V, S, K> {
    /// Verifies a token of `package`.
    ///
    /// # Errors
    /// When the token is not valid, the package cannot be played, or the platform is unavailable.
    pub async fn authorize(&self, package: &PackageId, token: &str) -> Result<VerifiedPlayback, PlaybackError> {
        let token: PlaybackToken = token.parse().map_err(|_| PlaybackError::Token)?;
        let (claim, mac) = token.claim(package);
        let is_expired = claim.is_expired(self.clock.now());
        let verified = self.signer.verify(&claim.message(), mac).await.map_err(unavailable("verifying a token"))?;
        if is_expired || !verified {
            return Err(PlaybackError::Token);
        }
        let encryption = playable(&self.catalog, package).await?;
        Ok(VerifiedPlayback { package: package.clone(), encryption })
    }

    /// Returns the keys of the package with the key ids `kids`, without duplicates. Ignores ids of other keys.
    ///
    /// # Errors
    /// When no id belongs to the package, or the platform is unavailable.
    pub async fn keys(
        &self,
        playback: &VerifiedPlayback,
        kids: &[KeyId],
    ) -> Result<Vec<(KeyId, ContentKey)>, PlaybackError> {
        let mut keys = Vec::new();
        for (kid, wrapped) in playback.encryption.keys().filter(|(kid, _)| kids.contains(kid)) {
            let key = self.vault.unwrap(wrapped, &playback.package).await;
            keys.push((kid, key.map_err(unavailable("unwrapping a content key"))?));
        }
        if keys.is_empty() { Err(PlaybackError::UnknownKey) } else { Ok(keys) }
    }
}

/// Returns the encryption of a package that can be played.
async fn playable<C: Catalog>(catalog: &C, id: &PackageId) -> Result<Encryption, PlaybackError> {
    let found = catalog.package(id).await.map_err(unavailable("reading the package"))?;
    let package = found.ok_or(PlaybackError::UnknownPackage)?;
    if package.playable_at().is_some() {
        return package.encryption.ok_or(PlaybackError::Clear);
    }
    match package.state {
        State::Deleting { .. } => Err(PlaybackError::UnknownPackage),
        State::Failed { failure, .. } => Err(PlaybackError::Failed { code: failure.code }),
        state => Err(PlaybackError::NotReady(state.status())),
    }
}

fn unavailable(operation: &'static str) -> impl Fn(Unavailable) -> PlaybackError {
    move |source| match source.unreadable() {
        Some(_) => PlaybackError::Unreadable,
        None => PlaybackError::Unavailable(Error::unavailable(operation)(source)),
    }
}
