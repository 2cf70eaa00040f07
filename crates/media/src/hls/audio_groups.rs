//! Groups of audio renditions (RFC 8216bis 4.4.6.1.1).

use std::collections::BTreeMap;

use super::rate::Rate;
use crate::Result;
use crate::cmaf::{Representation, SizedRepresentation};
use crate::manifest::default_audio;
use crate::track::{TrackKind, TrackLabels};

/// The audio tracks of one codec and of one rung of their switching sets.
///
/// A group has one codec, because the `CODECS` of a variant must be true for every track of its group. It has one rung, because
/// a player selects among the tracks of a group by language, not by rate.
pub(super) struct AudioGroup<'p> {
    pub(super) id: String,
    /// Position of the tracks in their switching sets.
    rung: usize,
    pub(super) tracks: Vec<&'p Representation>,
    pub(super) rate: Rate,
}

impl<'p> AudioGroup<'p> {
    /// Returns the track that players select unless the viewer selects another.
    pub(super) fn default_track(&self) -> Option<&'p Representation> {
        default_audio(self.tracks.iter().copied())
    }

    /// Returns whether a track has something to be selected by: a language, name or role.
    pub(super) fn is_described(&self) -> bool {
        self.tracks.iter().any(|track| track.language.is_some() || track.labels != TrackLabels::default())
    }
}

/// Groups the audio tracks of a presentation. `target` is the target duration, in seconds.
pub(super) fn audio_groups<'p>(tracks: &[SizedRepresentation<'p>], target: u64) -> Result<Vec<AudioGroup<'p>>> {
    let mut groups: Vec<AudioGroup<'p>> = Vec::new();
    let mut rungs: BTreeMap<u16, usize> = BTreeMap::new();
    for track in tracks.iter().filter(|track| track.representation.kind == TrackKind::Audio) {
        let (representation, rate) = (track.representation, Rate::of_track(track, target)?);
        let next = rungs.entry(representation.switching_set).or_default();
        let rung = *next;
        // The count is at most the number of tracks.
        *next = next.saturating_add(1);
        let is_group = |group: &&mut AudioGroup<'_>| {
            group.rung == rung && group.tracks.first().is_some_and(|first| first.codecs == representation.codecs)
        };
        if let Some(group) = groups.iter_mut().find(is_group) {
            group.tracks.push(representation);
            group.rate = group.rate.max(rate);
        } else {
            let id = format!("audio{}", groups.len().saturating_add(1));
            groups.push(AudioGroup { id, rung, tracks: vec![representation], rate });
        }
    }
    Ok(groups)
}
