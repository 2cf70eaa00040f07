//! Groups of audio renditions (RFC 8216bis 4.4.6.1.1).

use std::collections::{BTreeMap, BTreeSet};

use super::rate::Rate;
use crate::Result;
use crate::cmaf::{Representation, SizedRepresentation};
use crate::manifest::default_audio;
use crate::track::{Role, TrackKind, TrackLabels};

/// The audio tracks of one codec and of one rung of their switching sets.
///
/// Groups are encodings of the same content. Members of several groups with equal descriptions are the same member of each: they
/// have one name, and are the default of all groups or of none. A track that the source has in one codec only is missing from the
/// groups of other codecs.
///
/// A group has one codec, because the `CODECS` of a variant must be true for every track of its group. It has one rung, because
/// a player selects among the tracks of a group by language, not by rate.
pub(super) struct AudioGroup<'p> {
    pub(super) id: String,
    /// Position of the tracks in their switching sets.
    rung: usize,
    pub(super) tracks: Vec<&'p Representation>,
    /// The number of the member that each track is. A number is at most once in a group.
    pub(super) members: Vec<usize>,
    /// The member that is presented by default, if the group has it.
    default_member: Option<usize>,
    pub(super) rate: Rate,
}

impl<'p> AudioGroup<'p> {
    /// Returns the track that players select unless the viewer selects another.
    pub(super) fn default_track(&self) -> Option<&'p Representation> {
        let of_default =
            self.tracks.iter().zip(&self.members).find(|(_, member)| Some(**member) == self.default_member);
        of_default.map(|(track, _)| *track).or_else(|| default_audio(self.tracks.iter().copied()))
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
            let tracks = vec![representation];
            groups.push(AudioGroup { id, rung, tracks, members: Vec::new(), default_member: None, rate });
        }
    }
    number_members(&mut groups);
    Ok(groups)
}

/// What renditions of one group differ by: the language, the label and the roles. Which of them is the main one does not matter.
type Description<'p> = (Option<&'p str>, Option<&'p str>, Vec<Role>);

fn description(track: &Representation) -> Description<'_> {
    let roles = track.labels.roles.iter().copied().filter(|role| !matches!(role, Role::Main | Role::Alternate));
    (track.language.as_deref(), track.labels.label.as_deref(), roles.collect())
}

/// Numbers the members of all groups: the rungs of a switching set are one member, and so are tracks with equal descriptions, of
/// which a group has several in the same order as others.
fn number_members(groups: &mut [AudioGroup<'_>]) {
    let mut numbers = 0_usize;
    let mut of_set: BTreeMap<u16, usize> = BTreeMap::new();
    let mut of_description: BTreeMap<Description<'_>, Vec<usize>> = BTreeMap::new();
    for group in &mut *groups {
        let mut used: BTreeSet<usize> = BTreeSet::new();
        for track in &group.tracks {
            let known = of_description.entry(description(track)).or_default();
            let of_other_codec = || known.iter().copied().find(|number| !used.contains(number));
            let number = of_set.get(&track.switching_set).copied().or_else(of_other_codec).unwrap_or(numbers);
            if number == numbers {
                known.push(number);
                numbers = numbers.saturating_add(1);
            }
            of_set.insert(track.switching_set, number);
            used.insert(number);
            group.members.push(number);
        }
    }
    let tracks = groups.iter().flat_map(|group| group.tracks.iter().copied());
    let default = default_audio(tracks).and_then(|track| of_set.get(&track.switching_set).copied());
    groups.iter_mut().for_each(|group| group.default_member = default);
}
