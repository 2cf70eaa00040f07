//! Creates, retries and deletes packages.
//!
//! A request is idempotent, because package ids are content-addressed: a repeated request returns the same package. When its
//! segments are made is not part of the id: a request to make them ahead applies to a package that is made on demand. A caller's
//! key exists in plaintext only here and in the encrypt stage. The stored key is wrapped, and no response contains a key.

use vpp_media::cenc::{ContentKey, KeyId};
use vpp_media::cmaf::{KeyParameters, Protection};
use vpp_media::preflight::RequiredOptions;

use crate::api::lookups;
use crate::api::package_request::{PackageRequest, RequestedProtection};
use crate::api::request_error::{RequestError, unavailable};
use crate::api::service::{Api, ApiCatalog, ApiQueue};
use crate::domain::content::{Content, MediaInfo};
use crate::domain::content_key::{KeyRequest, WrappedKey};
use crate::domain::id::PackageId;
use crate::domain::message::{DashMessage, DeletionMessage, DeletionTarget, FragmentMessage};
use crate::domain::package::{Encryption, Package};
use crate::domain::package_id::{package_id_of_request, package_id_of_upload};
use crate::domain::package_options::{PackageOptions, ProtectionOptions};
use crate::domain::state::{StageWork, State, Status, Step, Transition};
use crate::domain::when::When;
use crate::ports::{Clock, CreateOutcome, KeyError, KeyVault};

impl<C, Q, V, K> Api<C, Q, V, K>
where
    C: ApiCatalog,
    Q: ApiQueue,
    V: KeyVault,
    K: Clock,
{
    /// Starts a package, or returns the existing one.
    ///
    /// # Errors
    /// When a content is unknown or refused, or the platform is unavailable.
    pub async fn create_package(&self, request: PackageRequest) -> Result<Package, RequestError> {
        let mut contents = Vec::new();
        for id in request.inputs.iter() {
            contents.push(self.content(id).await?);
        }
        // If another content has video, a content without video contributes its audio.
        let has_video = contents.iter().any(|content| content.media_info().is_some());
        let given = RequiredOptions { audio_only: request.audio_only, unsupported: request.unsupported };
        let inputs = contents.iter().map(|content| {
            let info = content.packageable(given, has_video).map_err(|refusal| RequestError::ContentRefused {
                origin: content.location.to_string(),
                code: refusal.code,
                message: refusal.message,
            })?;
            Ok((content, info))
        });
        let inputs = inputs.collect::<Result<Vec<_>, RequestError>>()?;
        let options = self.options(&request).await?;
        let id = match &request.protection {
            RequestedProtection::Encrypt { keys: Some(keys), .. } => {
                package_id_of_request(&request.inputs, &options, keys)
            }
            RequestedProtection::Clear | RequestedProtection::Encrypt { keys: None, .. } => {
                package_id_of_upload(&request.inputs, &options)
            }
        };
        if let Some(key) = &request.idempotency_key {
            self.claim_idempotency_key(key, id.as_str()).await?;
        }
        let known = self.catalog.package(&id).await.map_err(unavailable("reading the package"))?;
        let mut package = match known {
            Some(package) => package,
            None => self.create(id, &inputs, options, &request).await?,
        };
        if package.status() == Status::Deleting {
            return Err(RequestError::Deleting);
        }
        if (request.when, package.when) == (When::Ahead, When::OnDemand) {
            package = self.write_ahead(&package.id).await?;
        }
        match package.status() {
            Status::Queued => self.send_to_stage(&package).await?,
            // The request that made it ahead may have been interrupted before it sent the message.
            Status::Fragmented if package.when == When::Ahead && package.progress.work_units_done == 0 => {
                self.send_to_stage(&package).await?;
            }
            _ => {}
        }
        Ok(package)
    }

    /// Makes all segments of a package, if it is one whose segments are made on demand. A failed package has to be retried. For a
    /// package in progress, sends the message again, so that an interrupted request can be repeated.
    ///
    /// # Errors
    /// When the package does not exist, or the platform is unavailable.
    pub async fn package_ahead(&self, id: &PackageId) -> Result<Package, RequestError> {
        let mut package = self.package(id).await?;
        if package.status() == Status::Deleting {
            return Err(RequestError::Deleting);
        }
        if package.when == When::OnDemand {
            package = self.write_ahead(id).await?;
        }
        match package.status() {
            Status::Queued | Status::Fragmented | Status::Encrypted => self.send_to_stage(&package).await?,
            Status::Ready | Status::Failed | Status::Deleting => {}
        }
        Ok(package)
    }

    /// Writes that the segments of a package are made ahead. Returns the package as it is then: a retry may have started another
    /// attempt meanwhile, which did not know of it.
    async fn write_ahead(&self, id: &PackageId) -> Result<Package, RequestError> {
        self.catalog.make_ahead(id).await.map_err(unavailable("writing when the segments are made"))?;
        self.package(id).await
    }

    /// Retries a failed package from its status before the failure, and reuses finished work. For a package in progress, sends
    /// the message again, so that an interrupted retry can be repeated.
    ///
    /// # Errors
    /// When the package does not exist or is Ready, or the platform is unavailable.
    pub async fn retry(&self, id: &PackageId) -> Result<Package, RequestError> {
        let mut package = self.package(id).await?;
        if let State::Failed { at, before, .. } = &package.state {
            let step = Step::Retried { failed_at: *at, to: before.status() };
            self.advance(&package, step, "writing the retry").await?;
            package = self.package(id).await?;
        }
        match package.status() {
            Status::Ready => Err(RequestError::NothingToRetry),
            Status::Deleting => Err(RequestError::Deleting),
            // It has failed again in the meantime.
            Status::Failed => Ok(package),
            Status::Queued | Status::Fragmented | Status::Encrypted => {
                self.send_to_stage(&package).await?;
                Ok(package)
            }
        }
    }

    /// Deletes a package: its objects, then its records.
    ///
    /// # Errors
    /// When it does not exist, or the platform is unavailable.
    pub async fn delete_package(&self, id: &PackageId) -> Result<Package, RequestError> {
        let package = self.package(id).await?;
        self.advance(&package, Step::Deleting, "writing the tombstone").await?;
        let package = self.package(id).await?;
        self.start_deletion(id, package.attempt).await?;
        Ok(package)
    }

    /// Deletes a package whose record cannot be read: its objects, then its records.
    ///
    /// # Errors
    /// When it does not exist, or the platform is unavailable.
    pub async fn delete_unreadable_package(&self, id: &PackageId) -> Result<(), RequestError> {
        let condemned = self.catalog.condemn_package(id, self.clock.now()).await;
        let attempt = condemned.map_err(unavailable("writing the tombstone"))?.ok_or(RequestError::UnknownPackage)?;
        self.start_deletion(id, attempt).await
    }

    async fn start_deletion(&self, id: &PackageId, attempt: u64) -> Result<(), RequestError> {
        let target = DeletionTarget::Package { packaged_content_id: id.clone(), attempt };
        self.queue.send_all(&[DeletionMessage::new(target)]).await.map_err(unavailable("starting the deletion"))
    }

    /// Applies a step, if the package is still in a status that the step starts from.
    async fn advance(&self, package: &Package, step: Step, operation: &'static str) -> Result<(), RequestError> {
        let transition = Transition { attempt: None, at: self.clock.now(), step, work: StageWork::default() };
        self.catalog.advance(&package.id, &transition).await.map(|_| ()).map_err(unavailable(operation))
    }

    /// Sends a package to the stage that processes its current status. The fragment stage recognises finished work units.
    async fn send_to_stage(&self, package: &Package) -> Result<(), RequestError> {
        let (id, attempt) = (package.id.clone(), package.attempt);
        let sent = match package.status() {
            Status::Encrypted => self.queue.send_all(&[DashMessage::new(id).for_attempt(attempt)]).await,
            _ => self.queue.send_all(&[FragmentMessage::new(id).for_attempt(attempt)]).await,
        };
        sent.map_err(unavailable("starting the package"))
    }

    async fn options(&self, request: &PackageRequest) -> Result<PackageOptions, RequestError> {
        let protection = match request.protection {
            RequestedProtection::Clear => ProtectionOptions::Clear,
            RequestedProtection::Encrypt { scheme, tracks, .. } => ProtectionOptions::Encrypt { scheme, tracks },
        };
        let segment_duration = request.segment_duration.unwrap_or(self.settings.segment_duration);
        Ok(PackageOptions {
            audio_only: request.audio_only,
            unsupported: request.unsupported,
            drm: request.drm.clone(),
            layout: request.layout,
            subtitles: lookups::subtitles(&self.catalog, &request.subtitles).await?,
            ..PackageOptions::new(protection, segment_duration)
        })
    }

    /// Writes a new package with its keys wrapped, or returns the one that a concurrent request has written.
    async fn create(
        &self,
        id: PackageId,
        inputs: &[(&Content, &MediaInfo)],
        mut options: PackageOptions,
        request: &PackageRequest,
    ) -> Result<Package, RequestError> {
        let seed = request.inputs.canonical();
        let encryption = match &request.protection {
            RequestedProtection::Clear => None,
            RequestedProtection::Encrypt { scheme, tracks, keys: None } => {
                let (scheme, tracks, audio_only) = (*scheme, *tracks, options.audio_only);
                let key_request = KeyRequest { package: &id, scheme, tracks, audio_only };
                let generated = self.vault.generate(&key_request).await.map_err(no_key)?;
                let (encryption, drm) = Encryption::with_generated_key(&key_request, generated, seed.as_bytes());
                options.drm = options.drm.or(drm);
                Some(encryption)
            }
            RequestedProtection::Encrypt { scheme, tracks, keys: Some(keys) } => {
                let parameters =
                    |(kid, key): &(KeyId, ContentKey)| KeyParameters::derive(*scheme, key, *kid, seed.as_bytes());
                let protection = Protection {
                    scheme: *scheme,
                    tracks: *tracks,
                    key: parameters(&keys.key),
                    audio_key: keys.audio_key.as_ref().map(parameters),
                };
                let key = self.wrap(&keys.key, &id).await?;
                let audio_key = match &keys.audio_key {
                    Some(audio_key) => Some(self.wrap(audio_key, &id).await?),
                    None => None,
                };
                Some(Encryption { protection, key, audio_key })
            }
        };
        let Some(((content, info), further)) = inputs.split_first() else { return Err(RequestError::UnknownContent) };
        let package = Package::queued(id, content, info, options, encryption, self.clock.now());
        let package = further.iter().fold(package, |package, (content, info)| package.with_input(content, info));
        let package = package.made(request.when, request.retention);
        let created = self.catalog.create_package(&package).await.map_err(unavailable("writing the package"))?;
        Ok(match created {
            CreateOutcome::Created => package,
            CreateOutcome::Existing(package) => package,
        })
    }

    async fn wrap(&self, (_, key): &(KeyId, ContentKey), package: &PackageId) -> Result<WrappedKey, RequestError> {
        self.vault.wrap(key, package).await.map_err(unavailable("wrapping a content key"))
    }
}

fn no_key(error: KeyError) -> RequestError {
    match error {
        KeyError::Unavailable(source) => unavailable("generating a content key")(source),
        KeyError::Provider { .. } => RequestError::NoKey(error),
    }
}
