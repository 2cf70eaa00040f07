//! Ingests an upload: reads its index, gives the verdict, starts its package.
//!
//! Only the index and the headers of a few samples are read, by ranged GET, so the cost does not depend on the media. The index is validated twice: by
//! our own bounded reader, whose errors have codes, and by the probe in a separate process. Both must accept the file.
//!
//! The verdict and the package that the upload starts are one write, before the first message is sent. A repeated event finds
//! the content, and sends the message again while the package is still Queued.

use std::time::Duration;

use vpp_media::cmaf::PlanOptions;
use vpp_media::isobmff::{Index, IndexReader};
use vpp_media::preflight::{Preflight, preflight};
use vpp_media::track::Movie;

use crate::domain::content::{Content, MediaInfo, Refusal, RequiredOptions, Verdict};
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
        let Examined { video_track_number, preflight, refusal } = examine_movie(index, self.settings.segment_duration)?;
        let chunks: Vec<FileChunk<'_>> = index.spans().collect();
        let report = self.probe.probe(index.sparse_size(), &chunks).await.map_err(of_probe)?;
        check_video_track(video_track_number, &report)?;
        let package = self.settings.options().filter(|_| refusal.is_none());
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
        let (Some(info), Some(mut options)) = (content.media_info(), self.settings.options()) else {
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
    fn options(&self) -> Option<PackageOptions> {
        let protection = self.package_on_upload?;
        Some(PackageOptions::new(protection, self.segment_duration))
    }
}

/// What our own reader finds in a movie that can be packaged, if need be with other options than the default.
struct Examined {
    video_track_number: Option<u32>,
    preflight: Preflight,
    /// Why the default options refuse it, and the options that do not.
    refusal: Option<(vpp_media::Error, Vec<RequiredOptions>)>,
}

/// Examines a movie. The whole movie is planned, so that every error that planning would find is reported now. A movie that lacks
/// video, or has a track that cannot be packaged, is planned with further options.
fn examine_movie(index: &Index, segment_duration: Duration) -> Result<Examined, Error> {
    let movie = Movie::parse(index).map_err(Error::of_media)?;
    let video_track_number = movie.video_track_number();
    let plan = |RequiredOptions { audio_only, unsupported }| {
        let options = PlanOptions { segment_duration, audio_only, unsupported, ..PlanOptions::default() };
        preflight(index, &movie, &options)
    };
    let reason = match plan(RequiredOptions::default()) {
        Ok(preflight) => return Ok(Examined { video_track_number, preflight, refusal: None }),
        Err(reason) => reason,
    };
    let (mut remedies, mut reports): (Vec<RequiredOptions>, Vec<Preflight>) = Default::default();
    let depends_on_options = !movie.refused.is_empty() || reason == vpp_media::Error::NoVideo;
    for options in RequiredOptions::ALL.into_iter().filter(|_| depends_on_options) {
        if !remedies.iter().any(|smaller| smaller.are_in(options))
            && let Ok(report) = plan(options)
        {
            remedies.push(options);
            reports.push(report);
        }
    }
    match reports.into_iter().next() {
        None => Err(Error::of_media(reason)),
        Some(preflight) => Ok(Examined { video_track_number, preflight, refusal: Some((reason, remedies)) }),
    }
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
