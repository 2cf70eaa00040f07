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
    pub(super) members: Vec<Member<'p>>,
    /// The track that players select unless the viewer selects another.
    pub(super) default_track: Option<&'p Representation>,
    pub(super) rate: Rate,
}

/// A member of a group.
pub(super) struct Member<'p> {
    /// Its number. Members of several groups with one number are the same; a number is at most once in a group.
    pub(super) number: usize,
    pub(super) track: &'p Representation,
}

impl<'p> AudioGroup<'p> {
    /// Returns the tracks of the members.
    pub(super) fn tracks(&self) -> impl Iterator<Item = &'p Representation> {
        self.members.iter().map(|member| member.track)
    }

    /// Returns whether a track has something to be selected by: a language, name or role.
    pub(super) fn is_described(&self) -> bool {
        self.tracks().any(|track| track.language.is_some() || track.labels != TrackLabels::default())
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
            group.rung == rung && group.tracks().next().is_some_and(|first| first.codecs == representation.codecs)
        };
        // Members are numbered when all groups are known.
        let member = Member { number: 0, track: representation };
        if let Some(group) = groups.iter_mut().find(is_group) {
            group.members.push(member);
            group.rate = group.rate.max(rate);
        } else {
            let id = format!("audio{}", groups.len().saturating_add(1));
            groups.push(AudioGroup { id, rung, members: vec![member], default_track: None, rate });
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
/// which a group has several in the same order as others. Then chooses the default track of each group: the one member that is the
/// default, if the group has it.
fn number_members(groups: &mut [AudioGroup<'_>]) {
    let mut numbers = 0_usize;
    let mut of_set: BTreeMap<u16, usize> = BTreeMap::new();
    let mut of_description: BTreeMap<Description<'_>, Vec<usize>> = BTreeMap::new();
    for group in &mut *groups {
        let mut used: BTreeSet<usize> = BTreeSet::new();
        for Member { number: of_member, track } in &mut group.members {
            let known = of_description.entry(description(track)).or_default();
            let of_other_codec = || known.iter().copied().find(|number| !used.contains(number));
            let number = of_set.get(&track.switching_set).copied().or_else(of_other_codec).unwrap_or(numbers);
            if number == numbers {
                known.push(number);
                numbers = numbers.saturating_add(1);
            }
            of_set.insert(track.switching_set, number);
            used.insert(number);
            *of_member = number;
        }
    }
    let default = default_audio(groups.iter().flat_map(AudioGroup::tracks));
    let default = default.and_then(|track| of_set.get(&track.switching_set).copied());
    for group in groups {
        let of_default = group.members.iter().find(|member| Some(member.number) == default);
        group.default_track = of_default.map(|member| member.track).or_else(|| default_audio(group.tracks()));
    }
}
