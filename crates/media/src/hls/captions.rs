//! Closed captions in a video, as renditions (RFC 8216bis 4.4.6.1).

use std::collections::BTreeSet;

use super::tags::push_line;
use crate::cmaf::Presentation;
use crate::codec::CaptionService;

/// Id of the group of closed captions.
const GROUP_ID: &str = "captions";

/// The closed captions of the videos of a presentation. They are in the video, so they have no playlist.
pub(super) struct CaptionGroup(BTreeSet<CaptionService>);

impl CaptionGroup {
    pub(super) fn of(presentation: &Presentation) -> Self {
        let videos = presentation.representations.iter().filter_map(|track| track.video.as_ref());
        Self(videos.flat_map(|video| video.captions.iter().copied()).collect())
    }

    /// Writes the group. Captions do not state their language, so they are named by their service.
    pub(super) fn write(&self, text: &mut String) {
        for service in &self.0 {
            let (name, id) = match service {
                CaptionService::Cea608(channel) => (format!("CC{channel}"), format!("CC{channel}")),
                CaptionService::Cea708(number) => (format!("Service {number}"), format!("SERVICE{number}")),
            };
            push_line(
                text,
                format_args!(
                    "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"{GROUP_ID}\",NAME=\"{name}\",DEFAULT=NO,AUTOSELECT=YES,\
                     INSTREAM-ID=\"{id}\""
                ),
            );
        }
    }

    /// Returns the attribute of every variant. Without captions there is none: `NONE` would deny captions that begin after the
    /// frames that were searched.
    pub(super) fn attribute(&self) -> String {
        if self.0.is_empty() { String::new() } else { format!(",CLOSED-CAPTIONS=\"{GROUP_ID}\"") }
    }
}
