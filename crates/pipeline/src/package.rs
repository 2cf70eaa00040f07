//! A package: one content made into one stream, and how far that is.
//!
//! How far it is, is a [`State`], with a module of its own. The [`Tally`] stands beside it and only grows.

use std::time::Duration;

use vpp_media::cenc::Scheme;
use vpp_media::cmaf::{ProtectedTracks, Protection};

use crate::content::{Content, Facts, Source};
use crate::id::{ContentId, PackageId};
use crate::ports::{Receipt, WrappedKey};
use crate::state::{Advance, State, Status, Transition, Work};
use crate::timestamp::Timestamp;

/// How a content is to be packaged. Part of the package's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Encrypted how, or clear.
    pub treatment: Treatment,
    /// Length that segments are cut near.
    pub segment_duration: Duration,
}

/// What is done to the media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// Nothing: a clear stream.
    Clear,
    /// Encryption.
    Encrypt {
        /// The protection scheme.
        scheme: Scheme,
        /// Which tracks.
        tracks: ProtectedTracks,
    },
}

impl Options {
    /// One text per set of options, to be hashed into ids. Changing it changes every id.
    #[must_use]
    pub fn canonical(&self) -> String {
        let (scheme, tracks) = self.treatment.names();
        let millis = self.segment_duration.as_millis();
        format!("v1 scheme={scheme} encrypt={tracks} segment_ms={millis}")
    }
}

impl Treatment {
    /// The names of scheme and tracks as the API and the catalog spell them; a clear package encrypts `none`.
    #[must_use]
    pub fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Clear => ("clear", "none"),
            Self::Encrypt { scheme, tracks } => (
                scheme.name(),
                match tracks {
                    ProtectedTracks::Video => "video",
                    ProtectedTracks::All => "all",
                },
            ),
        }
    }

    /// Reads the two names.
    #[must_use]
    pub fn from_names(scheme: &str, tracks: &str) -> Option<Self> {
        let scheme = match scheme {
            "clear" => return (tracks == "none").then_some(Self::Clear),
            "cbcs" => Scheme::Cbcs,
            "cenc" => Scheme::Cenc,
            _ => return None,
        };
        let tracks = match tracks {
            "video" => ProtectedTracks::Video,
            "all" => ProtectedTracks::All,
            _ => return None,
        };
        Some(Self::Encrypt { scheme, tracks })
    }
}

/// One content made into one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// `packaged_content_id`.
    pub id: PackageId,
    /// `input_content_id`.
    pub content: ContentId,
    /// The file it is made from.
    pub source: Source,
    /// Length that segments are cut near.
    pub segment_duration: Duration,
    /// How it is encrypted; none for a clear package.
    pub encryption: Option<Encryption>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The last object a stage produced, as `s3://bucket/key`.
    pub output_file_path: Option<String>,
    /// What has been done so far.
    pub tally: Tally,
    /// How far it is.
    pub state: State,
}

/// The public half of a package's encryption, and the key as only the vault can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// Scheme, tracks, kid and IV.
    pub protection: Protection,
    /// The wrapped content key.
    pub key: WrappedKey,
}

/// Counts that only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Slices whose receipts are kept.
    pub slices_done: u32,
    /// Bytes read from the source for this package, the ingest of its content included.
    pub bytes_read: u64,
    /// Bytes written to the output bucket.
    pub bytes_written: u64,
}

impl Package {
    /// A package of `content` that has just been asked for. What ingest read of the file counts as read for it.
    #[must_use]
    pub fn queued(
        id: PackageId,
        content: &Content,
        facts: &Facts,
        segment_duration: Duration,
        encryption: Option<Encryption>,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            content: content.id.clone(),
            source: content.source(facts),
            segment_duration,
            encryption,
            created_at,
            output_file_path: None,
            tally: Tally { bytes_read: content.bytes_read, ..Tally::default() },
            state: State::Queued,
        }
    }

    /// Takes a step, if the package is in a status the step starts from; else it is unchanged.
    pub fn apply(&mut self, transition: &Transition) -> Advance {
        let Some(state) = self.state.clone().step(transition) else {
            return Advance::Stale(self.status());
        };
        self.state = state;
        let Work { output, bytes_read, bytes_written } = &transition.work;
        self.tally.bytes_read += bytes_read;
        self.tally.bytes_written += bytes_written;
        if output.is_some() {
            self.output_file_path.clone_from(output);
        }
        Advance::Done
    }

    /// Adds a slice that had no receipt before.
    pub fn count(&mut self, receipt: &Receipt) {
        self.tally.slices_done += 1;
        self.tally.bytes_read += receipt.bytes_read;
        self.tally.bytes_written += receipt.bytes_written();
    }

    /// How far it is.
    #[must_use]
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// What is done to its media.
    #[must_use]
    pub fn treatment(&self) -> Treatment {
        self.encryption.as_ref().map_or(Treatment::Clear, |encryption| Treatment::Encrypt {
            scheme: encryption.protection.scheme,
            tracks: encryption.protection.tracks,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_treatment_reads_back_from_its_names() {
        for tracks in ["video", "all"] {
            let treatment = Treatment::from_names("cbcs", tracks).unwrap();
            assert_eq!(treatment.names(), ("cbcs", tracks));
        }
        assert_eq!(Treatment::from_names("clear", "none"), Some(Treatment::Clear));
        assert_eq!(Treatment::from_names("clear", "video"), None);
        assert_eq!(Treatment::from_names("cbc1", "video"), None);
    }
}
