//! Keys for viewers: who may play a package gets a token for it, and who shows the token gets its keys.
//!
//! Two use cases, in two functions. [`PlaybackTokens`] is part of the API: its callers are known, it can sign and it cannot
//! unwrap a key. [`Licences`] serves anyone on the net: it can tell a good token from a bad one, cannot make one, and beside
//! encrypt is the only place where keys are unwrapped.
//!
//! A licence begins with [`Licences::admit`], which answers one and the same refusal to a token that is missing, damaged, over
//! or another package's, before anything is looked up. So who has no token learns nothing, not even which packages there are.

use std::time::Duration;

use vpp_media::cenc::{ContentKey, KeyId};

use crate::api::playback_token::{Claim, PlaybackToken};
use crate::api::signed_path::PathSigningSecret;
use crate::domain::id::PackageId;
use crate::domain::layout;
use crate::domain::package::{Encryption, Package};
use crate::domain::state::{State, Status};
use crate::domain::timestamp::Timestamp;
use crate::error::Error;
use crate::ports::{Catalog, Clock, KeyVault, TokenSigner, Unavailable};

/// Why there is no token or licence. `Display` is for the caller.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The token is missing, damaged, over, or another package's.
    #[error("a playback token of this package that is not over is needed: ask the API for one")]
    Token,
    /// No such package.
    #[error("there is no package with this id")]
    UnknownPackage,
    /// The package is still being made.
    #[error("this package is {0}: its keys are given out when it is Ready")]
    NotReady(Status),
    /// The package will never be Ready.
    #[error("this package failed ({code}): there is nothing to play")]
    Failed {
        /// The failure's code.
        code: String,
    },
    /// The package has no keys.
    #[error("this package is clear: it plays without keys")]
    Clear,
    /// None of the keys asked for is the package's.
    #[error("this package has no such key")]
    UnknownKey,
    /// Something of the platform did not answer; asking again may help.
    #[error("the platform could not do this just now: try again")]
    Unavailable(#[source] Error),
}

/// How tokens are given out.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a token lasts, unless the caller says otherwise.
    pub lifetime: Duration,
    /// Start of the address of licences, without a slash at its end.
    pub api_url: String,
    /// Start of the address of streams, without a slash at its end.
    pub delivery_url: String,
    /// What leave is made with, where the CDN asks for it.
    pub path_signing_secret: Option<PathSigningSecret>,
}

/// Gives out tokens.
#[derive(Debug)]
pub struct PlaybackTokens<C, S, K> {
    /// Knows the packages.
    pub catalog: C,
    /// Signs.
    pub signer: S,
    /// The time.
    pub clock: K,
    /// Settings.
    pub settings: Settings,
}

/// Leave to play that was given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Leave to fetch the keys; a clear package has none.
    pub keys: Option<KeyLeave>,
    /// When all of it is over.
    pub expires_at: Timestamp,
    /// Where the stream is, with leave to fetch it where the CDN asks for that.
    pub url: String,
}

/// Leave to fetch the keys of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLeave {
    /// The token.
    pub token: PlaybackToken,
    /// Where it is shown to get a licence.
    pub licence_url: String,
}

impl<C: Catalog, S: TokenSigner, K: Clock> PlaybackTokens<C, S, K> {
    /// Leave to play `package`, which must be Ready, and encrypted unless the CDN asks for leave.
    ///
    /// # Errors
    /// When it is not, or the platform does not answer.
    pub async fn issue(&self, package: &PackageId, lifetime: Option<Duration>) -> Result<Issued, Refused> {
        let Settings { lifetime: usual, api_url, delivery_url, path_signing_secret } = &self.settings;
        let is_encrypted = match playable(&self.catalog, package).await {
            Err(Refused::Clear) if path_signing_secret.is_some() => false,
            playable => playable.map(|_| true)?,
        };
        let claim = Claim::new(package, self.clock.now(), lifetime.unwrap_or(*usual));
        let keys = if is_encrypted {
            let mac = self.signer.sign(&claim.message()).await.map_err(unavailable("signing a token"))?;
            Some(KeyLeave { token: claim.signed(mac), licence_url: layout::licence_url(api_url, package) })
        } else {
            None
        };
        let expires_at = claim.expires_at();
        let leave = path_signing_secret.as_ref().map(|secret| secret.leave(package, expires_at));
        let start = leave.map_or_else(|| delivery_url.clone(), |leave| format!("{delivery_url}/{leave}"));
        Ok(Issued { keys, expires_at, url: layout::manifest_url(&start, package) })
    }
}

/// Gives out keys.
#[derive(Debug)]
pub struct Licences<C, V, S, K> {
    /// Knows the packages.
    pub catalog: C,
    /// Unwraps keys.
    pub vault: V,
    /// Knows tokens.
    pub signer: S,
    /// The time.
    pub clock: K,
}

/// Somebody has shown a token of this package.
#[derive(Debug)]
pub struct Admission {
    package: PackageId,
    encryption: Encryption,
}

impl<C: Catalog, V: KeyVault, S: TokenSigner, K: Clock> Licences<C, V, S, K> {
    /// Lets in who has a token of `package`.
    ///
    /// # Errors
    /// When the token is not good, or the package cannot be played, or the platform does not answer.
    pub async fn admit(&self, package: &PackageId, token: &str) -> Result<Admission, Refused> {
        let token: PlaybackToken = token.parse().map_err(|_| Refused::Token)?;
        let (claim, mac) = token.claim(package);
        let is_over = claim.is_over(self.clock.now());
        let verified = self.signer.verify(&claim.message(), mac).await.map_err(unavailable("checking a token"))?;
        if is_over || !verified {
            return Err(Refused::Token);
        }
        let encryption = playable(&self.catalog, package).await?;
        Ok(Admission { package: package.clone(), encryption })
    }

    /// Those of the keys `kids` that are the package's, each once.
    ///
    /// # Errors
    /// When none is, or the platform does not answer.
    pub async fn keys(&self, admission: &Admission, kids: &[KeyId]) -> Result<Vec<(KeyId, ContentKey)>, Refused> {
        let mut keys = Vec::new();
        for (kid, wrapped) in admission.encryption.keys().filter(|(kid, _)| kids.contains(kid)) {
            let key = self.vault.unwrap(wrapped, &admission.package).await;
            keys.push((kid, key.map_err(unavailable("unwrapping a content key"))?));
        }
        if keys.is_empty() { Err(Refused::UnknownKey) } else { Ok(keys) }
    }
}

/// The encryption of a package that has keys to give out.
async fn playable<C: Catalog>(catalog: &C, id: &PackageId) -> Result<Encryption, Refused> {
    let found = catalog.package(id).await.map_err(unavailable("reading the package"))?;
    let Package { state, encryption, .. } = found.ok_or(Refused::UnknownPackage)?;
    match state {
        State::Deleting { .. } => Err(Refused::UnknownPackage),
        State::Ready { .. } => encryption.ok_or(Refused::Clear),
        State::Failed { failure, .. } => Err(Refused::Failed { code: failure.code }),
        State::Queued | State::Fragmented(_) | State::Encrypted { .. } => Err(Refused::NotReady(state.status())),
    }
}

fn unavailable(operation: &'static str) -> impl Fn(Unavailable) -> Refused {
    move |source| Refused::Unavailable(Error::unavailable(operation)(source))
}
