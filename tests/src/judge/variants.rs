//! The multivariant playlist: every variant, and every rendition.

use std::collections::BTreeSet;

use super::codecs;
use super::finding::{Attribute, Findings};
use super::manifests::Manifests;
use super::pair::Pair;
use super::playlist::{AttributeList, Playlist};
use super::rates::{self, Rate};
use super::timing::Shared;
use super::track::Kind;
use super::video::Video;
use super::{audio, selection, text};

const PLACE: &str = "stream.m3u8";

/// The multivariant playlist with the tracks that it refers to.
struct Context<'p> {
    pairs: &'p [Pair<'p>],
    playlist: Playlist,
    shared: Shared,
    /// The least and the highest rate that the subtitles may add.
    text_rates: [Rate; 2],
}

/// Checks the multivariant playlist.
pub(super) fn check(pairs: &[Pair<'_>], manifests: &Manifests, shared: Shared, findings: &mut Findings) {
    let playlist = manifests.multivariant();
    let text_rates = text::rates(&playlist, pairs, manifests, shared);
    let context = Context { pairs, playlist, shared, text_rates };
    context.check_renditions(findings);
    context.check_variants(findings);
    context.check_key_frames(manifests, findings);
}

impl<'p> Context<'p> {
    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &'p Pair<'p>> {
        self.pairs.iter().filter(move |pair| pair.track.kind == kind)
    }

    fn main_videos(&self) -> impl Iterator<Item = &'p Pair<'p>> {
        self.of_kind(Kind::Video).filter(|pair| !pair.track.is_alternative)
    }

    /// Returns the track whose playlist a URI names.
    fn named(&self, uri: &str) -> Option<&'p Pair<'p>> {
        let (id, _) = uri.split_once('/')?;
        self.pairs.iter().find(|pair| pair.track.id == id)
    }

    /// Returns whether a variant names the playlist of a track.
    fn is_variant(&self, pair: &Pair<'_>) -> bool {
        self.playlist.variants.iter().any(|(_, uri)| *uri == format!("{}/media.m3u8", pair.track.id))
    }

    /// Lists the tracks of a group of renditions.
    fn group(&self, kind: &str, id: &str) -> Vec<&'p Pair<'p>> {
        let is_member = |rendition: &&AttributeList| rendition["TYPE"] == kind && rendition["GROUP-ID"] == id;
        let members = self.playlist.media.iter().filter(is_member);
        members.filter_map(|rendition| self.named(rendition.get("URI")?)).collect()
    }

    fn check_renditions(&self, findings: &mut Findings) {
        let has_video = self.of_kind(Kind::Video).next().is_some();
        for (kind, name) in [(Kind::Audio, "AUDIO"), (Kind::Text, "SUBTITLES")] {
            let renditions = || self.playlist.media.iter().filter(|rendition| rendition["TYPE"] == name);
            let tracks: Vec<_> = self.of_kind(kind).collect();
            let is_named = |pair: &Pair<'_>| {
                renditions().any(|rendition| rendition.get("URI") == Some(&format!("{}/media.m3u8", pair.track.id)))
            };
            // Without video, audio that has no language and no other track of its codec is a variant by itself.
            let codec = |pair: &Pair<'_>| pair.track.stream.text("codec_name").map(str::to_owned);
            let is_variant = |pair: &Pair<'_>| {
                let alone = tracks.iter().filter(|other| codec(other) == codec(pair)).count() == 1;
                alone && selection::language(pair.track).is_none() && self.is_variant(pair)
            };
            let is_required = |pair: &Pair<'_>| kind == Kind::Text || has_video || !is_variant(pair);
            for pair in tracks.iter().filter(|pair| is_required(pair) && !is_named(pair)) {
                findings.require(
                    false,
                    PLACE,
                    Attribute::Rendition,
                    &format!("a rendition of {}", pair.track.id),
                    "none",
                );
            }
            for rendition in renditions() {
                let Some(pair) = rendition.get("URI").and_then(|uri| self.named(uri)) else { continue };
                let group = self.group(name, &rendition["GROUP-ID"]);
                let default = selection::default(&group, self.pairs).map(|pair| &pair.track.id);
                let is_default = kind == Kind::Audio && default == Some(&pair.track.id);
                selection::check_rendition(pair, rendition, is_default, findings);
                if kind == Kind::Audio && audio::is_known(pair) {
                    let place = format!("{PLACE} EXT-X-MEDIA {} {}", rendition["GROUP-ID"], pair.track.id);
                    let found = rendition.get("CHANNELS");
                    findings.compare(&place, Attribute::Channels, audio::channels(pair), found);
                }
            }
        }
    }

    fn check_variants(&self, findings: &mut Findings) {
        // Variants present the same content (6.2.4): the main videos, or the audio of a package without video.
        let main: Vec<_> = match self.of_kind(Kind::Video).next() {
            Some(_) => self.main_videos().collect(),
            None => self.of_kind(Kind::Audio).collect(),
        };
        let uris: BTreeSet<_> = self.playlist.variants.iter().map(|(_, uri)| uri.clone()).collect();
        for pair in main.iter().filter(|pair| pair.track.kind == Kind::Video) {
            let uri = format!("{}/media.m3u8", pair.track.id);
            findings.require(uris.contains(&uri), PLACE, Attribute::Variant, &uri, "none");
        }
        findings.require(!uris.is_empty(), PLACE, Attribute::Variant, "a variant", "none");
        for (attributes, uri) in &self.playlist.variants {
            match self.named(uri).filter(|pair| main.iter().any(|main| main.track.id == pair.track.id)) {
                Some(pair) => self.check_variant(pair, attributes, findings),
                None => findings.require(false, PLACE, Attribute::Variant, "a track of the content", uri),
            }
        }
        let scored = self.playlist.variants.iter().filter(|(variant, _)| variant.contains_key("SCORE")).count();
        let count = self.playlist.variants.len();
        // A score is of all variants or of none (4.4.6.2).
        findings.require([0, count].contains(&scored), PLACE, Attribute::Score, "of every variant", scored);
    }

    fn check_variant(&self, pair: &Pair<'_>, attributes: &AttributeList, findings: &mut Findings) {
        let get = |name: &str| attributes.get(name).map(String::as_str);
        let place = format!("{PLACE} EXT-X-STREAM-INF {}", pair.track.id);
        let audio = get("AUDIO").map(|id| self.group("AUDIO", id)).unwrap_or_default();
        let audio: Vec<_> = audio.into_iter().filter(|member| member.track.id != pair.track.id).collect();
        let has_audio =
            pair.track.kind == Kind::Audio || !audio.is_empty() || self.of_kind(Kind::Audio).next().is_none();
        findings.require(has_audio, &place, Attribute::Rendition, "AUDIO", "none");
        let has_text = self.of_kind(Kind::Text).next().is_none() || get("SUBTITLES").is_some();
        findings.require(has_text, &place, Attribute::Rendition, "SUBTITLES", "none");

        let rates = audio.iter().map(|member| Rate::of_pair(member, self.shared.target));
        let with_audio = |rate: Rate| match pair.track.kind {
            Kind::Video => rate.plus(rates.fold(Rate::default(), Rate::max)),
            _ => rates.fold(rate, Rate::max),
        };
        let rate = with_audio(Rate::of_pair(pair, self.shared.target));
        let [least, highest] = self.text_rates.map(|text| rate.plus(text));
        let names = [(Attribute::Bandwidth, "BANDWIDTH"), (Attribute::AverageBandwidth, "AVERAGE-BANDWIDTH")];
        for (attribute, name) in names {
            let value = |rate: Rate| if name == "BANDWIDTH" { rate.peak } else { rate.average };
            let range = value(least)..=value(highest);
            let found: Option<u64> = get(name).and_then(|rate| rate.parse().ok());
            let holds = found.is_some_and(|found| range.contains(&found));
            findings.require(holds, &place, attribute, &format!("{range:?}"), get(name).unwrap_or("absent"));
        }

        let codecs = |list: &str| list.to_lowercase().split(',').map(str::to_owned).collect::<BTreeSet<_>>();
        let text = self.of_kind(Kind::Text).filter(|text| text.track.stream.text("codec_name") == Some("ttml"));
        let members = std::iter::once(pair).chain(audio.iter().copied()).chain(text);
        let expected: Option<BTreeSet<_>> = members.map(|member| codecs::reference(member.track)).collect();
        if let Some(expected) = expected {
            let found = format!("{:?}", codecs(get("CODECS").unwrap_or_default()));
            findings.compare(&place, Attribute::Codecs, Some(format!("{expected:?}")), Some(found));
        }
        if pair.track.kind == Kind::Video {
            let video = Video::of(pair);
            findings.compare(&place, Attribute::FrameRate, video.decimal_frame_rate(), get("FRAME-RATE"));
        }
        check_video(pair, attributes, &place, findings);
    }

    fn check_key_frames(&self, manifests: &Manifests, findings: &mut Findings) {
        for pair in self.main_videos() {
            let uri = format!("{}/iframes.m3u8", pair.track.id);
            let variant = self.playlist.key_frames.iter().find(|variant| variant.get("URI") == Some(&uri));
            let rate = rates::check_key_frames(pair, manifests, findings);
            findings.require(variant.is_some() && rate.is_some(), PLACE, Attribute::Variant, &uri, "none");
            let Some((variant, rate)) = variant.zip(rate) else { continue };
            let get = |name: &str| variant.get(name).map(String::as_str);
            let place = format!("{PLACE} EXT-X-I-FRAME-STREAM-INF {}", pair.track.id);
            findings.compare(&place, Attribute::Bandwidth, Some(rate.peak), get("BANDWIDTH"));
            findings.compare(&place, Attribute::AverageBandwidth, Some(rate.average), get("AVERAGE-BANDWIDTH"));
            if let Some(expected) = codecs::reference(pair.track) {
                let found = get("CODECS").map(str::to_lowercase);
                findings.compare(&place, Attribute::Codecs, Some(expected), found);
            }
            check_video(pair, variant, &place, findings);
        }
        // Attributes whose names start with REQ- need version 12 (8).
        let version = if self.main_videos().any(|pair| Video::of(pair).is_stereoscopic) { "12" } else { "7" };
        let stated = manifests.texts["stream.m3u8"].lines().find_map(|line| line.strip_prefix("#EXT-X-VERSION:"));
        findings.compare(PLACE, Attribute::VideoLayout, Some(version), stated);
        let count = self.main_videos().count();
        let found = self.playlist.key_frames.len();
        findings.require(count == found, PLACE, Attribute::Variant, &format!("{count} of key frames"), found);
    }
}

/// Checks what a variant and its key frames state of the video alike.
fn check_video(pair: &Pair<'_>, attributes: &AttributeList, place: &str, findings: &mut Findings) {
    let get = |name: &str| attributes.get(name).map(String::as_str);
    if pair.track.kind != Kind::Video {
        findings.compare(place, Attribute::Resolution, None::<String>, get("RESOLUTION"));
        return;
    }
    let video = Video::of(pair);
    findings.compare(place, Attribute::Resolution, Some(video.resolution()), get("RESOLUTION"));
    // Without the attribute, the range is unknown, or standard (4.4.6.2).
    let range = get("VIDEO-RANGE").unwrap_or("SDR");
    findings.compare(place, Attribute::VideoRange, Some(video.range), Some(range));
    // Players that do not show two views must not choose the variant (4.4.6.2).
    let layout = video.is_stereoscopic.then_some("CH-STEREO");
    findings.compare(place, Attribute::VideoLayout, layout, get("REQ-VIDEO-LAYOUT"));
    let supplemental = codecs::supplemental(pair.track);
    findings.compare(place, Attribute::SupplementalCodecs, supplemental, get("SUPPLEMENTAL-CODECS"));
}
