//! Ingests an upload: reads its index, gives the verdict, starts its package.
//!
//! Only the index and the headers of a few samples are read, by ranged GET, so the cost does not depend on the media. The index is validated twice: by
//! our own bounded reader, whose errors have codes, and by the probe in a separate process. Both must accept the file.
//!
//! The verdict and the package that the upload starts are one write, before the first message is sent. A repeated event finds
//! the content, and sends the message again while the package is still Queued.

use std::time::Duration;

use vpp_media::cenc::Scheme;
use vpp_media::cmaf::ProtectedTracks;
use vpp_media::isobmff::{Index, IndexReader};
use vpp_media::preflight::{Examination, Preflight, Warning, examine};
use vpp_media::track::Movie;

use crate::domain::content::{Content, MediaInfo, Refusal, Verdict};
use crate::domain::content_key::KeyRequest;
use crate::domain::id::ContentId;
use crate::domain::message::FragmentMessage;
use crate::domain::package::{Encryption, Package};
use crate::domain::package_id::package_id_of_upload;
use crate::domain::package_options::{PackageOptions, ProtectionOptions};
use crate::domain::probe_report::ProbeReport;
use crate::domain::state::Status;
use crate::domain::subtitles::SubtitleInfo;
use crate::domain::uploaded_object::UploadedObject;
use crate::domain::when::When;
use crate::error::{Error, chain};
use crate::ports::{
    Catalog, Clock, CreateOutcome, FileChunk, KeyError, KeyVault, Meter, ObjectStore, Probe, ProbeError, Queue,
};
use crate::stages::read_index::read_index;
use crate::stages::read_subtitles::read_subtitles;

/// The outcome of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ingested {
    /// The object is a folder marker, the event is a late duplicate for a deleted content, or the content's record cannot be read.
    Ignored,
    /// The content with its verdict, new or existing.
    Content(Box<Content>),
}

/// The platform's settings for uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Protection of the package that an upload starts; `None` to start none.
    pub package_on_upload: Option<ProtectionOptions>,
    /// Target duration of its segments.
    pub segment_duration: Duration,
    /// When its segments are made.
    pub when: When,
}

/// The use case and its ports.
#[derive(Debug)]
pub struct Ingest<S, C, Q, V, P, K, M> {
    /// Reads uploads.
    pub store: S,
    /// Stores contents and packages.
    pub catalog: C,
    /// The fragment stage's queue.
    pub queue: Q,
    /// Generates content keys.
    pub vault: V,
    /// The second demuxer.
    pub probe: P,
    /// The clock.
    pub clock: K,
    /// Measures resource usage.
    pub meter: M,
    /// Settings.
    pub settings: Settings,
}

impl<S, C, Q, V, P, K, M> Ingest<S, C, Q, V, P, K, M>
where
    S: ObjectStore,
    C: Catalog,
    Q: Queue<FragmentMessage>,
    V: KeyVault,
    P: Probe,
    K: Clock,
    M: Meter,
{
    /// Handles one upload.
    ///
    /// # Errors
    /// Transient errors only: a permanent error becomes the content's verdict.
    pub async fn handle(&self, upload: &UploadedObject) -> Result<Ingested, Error> {
        if upload.is_folder_marker() {
            return Ok(Ingested::Ignored);
        }
        let id = upload.content_id();
        let known = self.catalog.content(&id).await;
        let content = match known.map_err(Error::unavailable("reading the content")) {
            // A deleted content is replaced. Any other keeps the verdict, which another version can read.
            Err(error) if error.is_unreadable_record() => match self.ingest(upload, id).await {
                Err(error) if error.is_unreadable_record() => return Ok(Ingested::Ignored),
                ingested => ingested?,
            },
            Err(error) => return Err(error),
            Ok(Some(content)) if content.is_deleted() && content.version_id == upload.version_id => {
                return Ok(Ingested::Ignored);
            }
            Ok(Some(content)) if !content.is_deleted() && !content.is_provisional() => {
                self.resume(&content).await?;
                content
            }
            Ok(_) => self.ingest(upload, id).await?,
        };
        Ok(Ingested::Content(Box::new(content)))
    }

    /// Validates the upload, writes the verdict, and starts the package.
    async fn ingest(&self, upload: &UploadedObject, id: ContentId) -> Result<Content, Error> {
        let before = self.meter.reading();
        let (verdict, bytes_read) = self.validate(upload, &id).await?;
        let content = Content {
            id,
            location: upload.location.clone(),
            etag: upload.etag.clone(),
            version_id: upload.version_id.clone(),
            bytes: upload.bytes,
            bytes_read,
            usage: self.meter.reading().since(&before),
            created_at: self.clock.now(),
            verdict,
            deleted_at: None,
        };
        let package = self.package(&content).await?;
        let created = self.catalog.create_content(&content, package.as_ref()).await;
        match created.map_err(Error::unavailable("writing the content"))? {
            CreateOutcome::Created => {
                if let Some(package) = package {
                    self.start(&package).await?;
                }
                Ok(content)
            }
            CreateOutcome::Existing(content) => {
                self.resume(&content).await?;
                Ok(content)
            }
        }
    }

    /// Sends the message of the package again, if the package is still Queued.
    async fn resume(&self, content: &Content) -> Result<(), Error> {
        let Some(id) = content.media_info().and_then(|info| info.package.as_ref()) else {
            return Ok(());
        };
        match self.catalog.package(id).await.map_err(Error::unavailable("reading the package")) {
            Ok(Some(package)) if package.status() == Status::Queued => self.start(&package).await,
            Err(error) if !error.is_unreadable_record() => Err(error),
            _ => Ok(()),
        }
    }

    async fn start(&self, package: &Package) -> Result<(), Error> {
        let message = FragmentMessage::new(package.id.clone()).for_attempt(package.attempt);
        self.queue.send_all(&[message]).await.map_err(Error::unavailable("starting the package"))
    }

    /// Returns the verdict, and the number of bytes read.
    async fn validate(&self, upload: &UploadedObject, id: &ContentId) -> Result<(Verdict, u64), Error> {
        let reader = IndexReader::new(upload.bytes);
        let read = read_index(&self.store, &upload.location, &upload.etag, reader).await;
        let examined = match read.index {
            Ok(index) => self.examine(&index, id).await,
            Err(error) => Err(error),
        };
        let examined = match examined {
            Err(error) if error.code() == NOT_MP4 => match self.subtitles(upload).await {
                Ok(None) => Err(error),
                Ok(Some(info)) => return Ok((Verdict::Subtitles(info), read.bytes_read + upload.bytes)),
                Err(subtitle_error) => Err(subtitle_error),
            },
            examined => examined,
        };
        let verdict = match examined {
            Ok(verdict) => verdict,
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                tracing::warn!(code = error.code(), "content refused: {}", chain(&error));
                Verdict::Refused(Refusal {
                    code: error.code().to_owned(),
                    message: error.to_string(),
                    media_info: None,
                    remedies: Vec::new(),
                })
            }
        };
        Ok((verdict, read.bytes_read))
    }

    /// Reads the upload as a subtitle file, if it is one.
    async fn subtitles(&self, upload: &UploadedObject) -> Result<Option<SubtitleInfo>, Error> {
        let found = read_subtitles(&self.store, &upload.location, &upload.etag, upload.bytes).await?;
        Ok(found.map(|file| SubtitleInfo { format: file.format, warnings: file.warnings }))
    }

    /// Validates a complete index: by our own reader first, for its codes, then by the probe.
    async fn examine(&self, index: &Index, id: &ContentId) -> Result<Verdict, Error> {
        let movie = Movie::parse(index).map_err(Error::of_media)?;
        let video_track_number = movie.video_track_number();
        let examination = examine(index, &movie, self.settings.segment_duration).map_err(Error::of_media)?;
        let Examination { preflight, refusal, .. } = examination;
        let chunks: Vec<FileChunk<'_>> = index.spans().collect();
        let report = self.probe.probe(index.sparse_size(), &chunks).await.map_err(of_probe)?;
        check_video_track(video_track_number, &report)?;
        let package = self.settings.options(&preflight).filter(|_| refusal.is_none());
        let package = package.map(|options| package_id_of_upload(&id.clone().into(), &options));
        let index = index.moov_range();
        let info = MediaInfo { index, video_track_number, report, preflight: Some(preflight), package };
        Ok(match refusal {
            None => Verdict::Ingested(info),
            Some((reason, remedies)) => Verdict::Refused(Refusal {
                code: reason.code().to_owned(),
                message: reason.to_string(),
                media_info: Some(Box::new(info)),
                remedies,
            }),
        })
    }

    /// Returns the package that the upload starts, with a generated key.
    async fn package(&self, content: &Content) -> Result<Option<Package>, Error> {
        let Some(info) = content.media_info() else { return Ok(None) };
        let Some(mut options) = info.preflight.as_ref().and_then(|preflight| self.settings.options(preflight)) else {
            return Ok(None);
        };
        let id = package_id_of_upload(&content.id.clone().into(), &options);
        let encryption = match options.protection {
            ProtectionOptions::Clear => None,
            ProtectionOptions::Encrypt { scheme, tracks } => {
                let request = KeyRequest { package: &id, scheme, tracks, audio_only: options.audio_only };
                // An error of the key provider is not a fault of the file.
                let no_key =
                    |error: KeyError| Error::Transient { operation: "generating a content key", source: error.into() };
                let generated = self.vault.generate(&request).await.map_err(no_key)?;
                let seed = content.id.as_str().as_bytes();
                let (encryption, drm) = Encryption::with_generated_key(&request, generated, seed);
                options.drm = drm;
                Some(encryption)
            }
        };
        let package = Package::queued(id, content, info, options, encryption, self.clock.now());
        Ok(Some(package.made(self.settings.when, None)))
    }
}

impl Settings {
    /// Returns the options of the package that the upload of a movie starts: those that are set, but `cenc` in place of `cbcs`
    /// if that is not defined for a track that is encrypted. A warning of the report says so.
    fn options(&self, preflight: &Preflight) -> Option<PackageOptions> {
        let protection = match self.package_on_upload? {
            ProtectionOptions::Encrypt { scheme: Scheme::Cbcs, tracks } if is_cbcs_undefined(preflight, tracks) => {
                ProtectionOptions::Encrypt { scheme: Scheme::Cenc, tracks }
            }
            protection => protection,
        };
        Some(PackageOptions::new(protection, self.segment_duration))
    }
}

/// Returns whether `cbcs` is not defined for one of the `tracks` to encrypt.
fn is_cbcs_undefined(preflight: &Preflight, tracks: ProtectedTracks) -> bool {
    let is_video = |id: u32| preflight.tracks.iter().any(|track| track.track_id == id && track.gops.is_some());
    preflight.warnings.iter().any(|warning| match warning {
        Warning::CbcsUndefined { track_id, .. } => tracks == ProtectedTracks::All || is_video(*track_id),
        _ => false,
    })
}

/// Checks that the probe has found the same video track.
fn check_video_track(video_track_number: Option<u32>, report: &ProbeReport) -> Result<(), Error> {
    let is_reported = |id: u32| report.tracks.iter().any(|track| track.id == id && track.kind == "video");
    match video_track_number {
        Some(id) if !is_reported(id) => Err(Error::permanent(
            PROBE_FAILED,
            format!("the file looks damaged: a second reader does not see its video track {id}; export the file again"),
        )),
        _ => Ok(()),
    }
}

/// The engine's error code for a file that is not MP4. The file may be a subtitle file.
const NOT_MP4: &str = "not_mp4";
const PROBE_FAILED: &str = "probe_failed";

/// Converts an error of the probe. The error is permanent if the probe rejected the file, crashed or exceeded its time limit.
fn of_probe(error: ProbeError) -> Error {
    match error {
        ProbeError::Unavailable(source) => Error::unavailable("probing the file")(source),
        error => Error::Permanent {
            code: PROBE_FAILED,
            message: "the file looks damaged: a second reader does not accept it; export the file again".to_owned(),
            source: Some(error.into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use vpp_media::preflight::{Distribution, TrackReport};

    use super::*;

    fn report(track_id: u32, gops: Option<Distribution>) -> TrackReport {
        TrackReport {
            track_id,
            name: "a track".to_owned(),
            codecs: "a codec".to_owned(),
            start_ms: 0,
            end_ms: 0,
            average_bitrate: 0,
            peak_bitrate: 0,
            segments: Distribution::default(),
            gops,
            open_gops: None,
            constant_frame_rate: None,
            priming_samples: None,
        }
    }

    #[test]
    fn an_upload_is_packaged_with_cenc_if_cbcs_is_not_defined_for_a_track_that_is_encrypted() {
        let with_undefined = |tracks: &[u32]| Preflight {
            segment_ms: 6000,
            segments: 2,
            work_units: 1,
            max_ranges_per_work_unit: 1,
            bytes_to_read: 0,
            chapters: None,
            tracks: vec![report(1, Some(Distribution::default())), report(2, None)],
            warnings: tracks
                .iter()
                .map(|id| Warning::CbcsUndefined { track_id: *id, codecs: "vp09".to_owned() })
                .collect(),
        };
        for (undefined, tracks, expected) in [
            (&[][..], ProtectedTracks::Video, Scheme::Cbcs),
            (&[1], ProtectedTracks::Video, Scheme::Cenc),
            (&[2], ProtectedTracks::Video, Scheme::Cbcs),
            (&[2], ProtectedTracks::All, Scheme::Cenc),
        ] {
            let package_on_upload = Some(ProtectionOptions::Encrypt { scheme: Scheme::Cbcs, tracks });
            let settings =
                Settings { package_on_upload, segment_duration: Duration::from_secs(6), when: When::default() };
            let options = settings.options(&with_undefined(undefined)).map(|options| options.protection);
            assert_eq!(
                options,
                Some(ProtectionOptions::Encrypt { scheme: expected, tracks }),
                "{undefined:?} {tracks:?}"
            );
        }
        let clear = Settings {
            package_on_upload: Some(ProtectionOptions::Clear),
            segment_duration: Duration::from_secs(6),
            when: When::default(),
        };
        let options = clear.options(&with_undefined(&[1])).map(|options| options.protection);
        assert_eq!(options, Some(ProtectionOptions::Clear));
    }
}
