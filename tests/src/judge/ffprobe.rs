//! What ffprobe reads from a file: its streams, every packet of each, and the chapters.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::fixtures;

/// A packet: a sample, in decode order. Times are in units of the stream's timescale, with the edit list applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) dts: i64,
    pub(super) pts: i64,
    pub(super) duration: i64,
    pub(super) size: u64,
    /// Where it is in the file.
    pub(super) position: u64,
    pub(super) is_key: bool,
    /// Whether the edit list shows it, at least in part.
    pub(super) is_shown: bool,
}

impl Packet {
    pub(super) fn end(&self) -> i64 {
        self.pts + self.duration
    }
}

/// A stream.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) index: usize,
    /// Units per second.
    pub(super) timescale: i64,
    /// Every packet of the file, those that the edit list hides included.
    pub(super) packets: Vec<Packet>,
    /// The units that are added to the times of the sample tables.
    shift: i64,
    fields: Value,
}

/// A chapter: start and end in seconds, and title.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chapter {
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) title: Option<String>,
}

/// A file.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    pub(super) streams: Vec<Stream>,
    pub(super) chapters: Vec<Chapter>,
    /// Whether the first frames of the video have closed captions (CEA-608 or CEA-708).
    pub(super) has_captions: bool,
}

impl Stream {
    /// Returns a field of text, if the stream has it and it is known.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        known(&self.fields[name])
    }

    /// Returns a field that is a number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        let value = &self.fields[name];
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    /// Returns a tag.
    pub(super) fn tag(&self, name: &str) -> Option<&str> {
        known(&self.fields["tags"][name])
    }

    /// Shifts the packets to the times of an edit list, by the units that it adds to the times of the sample tables. ffprobe moves an
    /// edit that starts within a frame to the start of the next one.
    pub(super) fn align(&mut self, shift: i64) {
        let difference = shift - self.shift;
        let is_within_frame = self.packets.first().is_some_and(|first| difference.abs() < first.duration);
        if self.text("codec_type") == Some("video") && is_within_frame {
            for packet in &mut self.packets {
                packet.dts += difference;
                packet.pts += difference;
            }
            self.shift = shift;
        }
    }

    /// Returns whether the stream has a disposition, such as `default`.
    pub(super) fn is(&self, disposition: &str) -> bool {
        self.fields["disposition"][disposition] == 1
    }

    /// Returns a field of the stream's side data of a type.
    pub(super) fn side_data(&self, kind: &str, field: &str) -> Option<i64> {
        let list = self.fields["side_data_list"].as_array()?;
        list.iter().find(|data| data["side_data_type"] == kind)?[field].as_i64()
    }
}

fn known(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !["", "unknown", "N/A"].contains(text))
}

impl Probe {
    /// Probes a file.
    pub(super) fn of(file: &Path) -> Self {
        let parameters = run(file, &["-show_streams", "-show_chapters"]);
        // As the sample tables state them: the parsers of codecs change durations and flags.
        let packets = ["-fflags", "+nofillin+noparse", "-show_packets"];
        let edited = run(file, &packets);
        let whole = run(file, &[&["-ignore_editlist", "1"], &packets[..]].concat());
        let seconds = |chapter: &Value, name: &str| chapter[name].as_str().and_then(|time| time.parse().ok());
        let chapter = |chapter: &Value| Chapter {
            start: seconds(chapter, "start_time").expect("a start"),
            end: seconds(chapter, "end_time").expect("an end"),
            title: known(&chapter["tags"]["title"]).map(str::to_owned),
        };
        let frames = ["-select_streams", "v:0", "-read_intervals", "%+#30", "-show_frames"];
        let frames = run(file, &[&frames[..], &["-show_entries", "frame_side_data=side_data_type"]].concat());
        let captions = "ATSC A53 Part 4 Closed Captions";
        let mut side_data = list(&frames["frames"]).flat_map(|frame| list(&frame["side_data_list"]));
        Self {
            has_captions: side_data.any(|data| data["side_data_type"] == captions),
            streams: list(&parameters["streams"]).map(|fields| stream(fields, &edited, &whole)).collect(),
            chapters: list(&parameters["chapters"]).map(chapter).collect(),
        }
    }
}

impl Probe {
    /// Leaves out what a package of an interrupted recording does not have: the samples of the track whose fragment the end of the
    /// file cuts off. The media of the last movie fragment starts at or after `fragment`.
    pub(super) fn cut(&mut self, fragment: u64) {
        let end = |stream: &Stream| stream.packets.iter().map(|packet| packet.position).max();
        if let Some(last) = self.streams.iter_mut().max_by_key(|stream| end(stream)) {
            last.packets.retain(|packet| packet.position < fragment);
        }
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Reads a stream. Its packets are those of the listing without the edit list, at the times of the listing with it: the two have
/// a constant distance, since one edit of a file shows media.
fn stream(fields: &Value, edited: &Value, whole: &Value) -> Stream {
    let index = fields["index"].as_u64().expect("an index");
    let of_stream = |packet: &&Value| packet["stream_index"] == index;
    let time = |packet: &Value, name: &str| packet[name].as_i64().or_else(|| packet["dts"].as_i64());
    let edited: Vec<_> = list(&edited["packets"]).filter(of_stream).collect();
    let flag = |packet: &Value, flag: char| packet["flags"].as_str().is_some_and(|flags| flags.contains(flag));
    let whole: Vec<_> = list(&whole["packets"]).filter(of_stream).collect();
    // Packets are matched by their position in the file.
    let matched =
        edited.first().and_then(|first| whole.iter().find(|packet| packet["pos"] == first["pos"]).zip(Some(first)));
    let shift = matched.and_then(|(whole, edited)| Some(time(edited, "pts")? - time(whole, "pts")?)).unwrap_or(0);
    let shown: std::collections::HashSet<_> =
        edited.iter().filter(|packet| !flag(packet, 'D')).map(|packet| packet["pos"].as_str()).collect();
    let number = |packet: &Value, name: &str| packet[name].as_str().and_then(|number| number.parse().ok());
    let packet = |packet: &Value| Packet {
        dts: time(packet, "dts").expect("a decode time") + shift,
        pts: time(packet, "pts").expect("a presentation time") + shift,
        duration: packet["duration"].as_i64().unwrap_or(0),
        size: number(packet, "size").expect("a size"),
        position: number(packet, "pos").unwrap_or(0),
        is_key: flag(packet, 'K'),
        is_shown: shown.contains(&packet["pos"].as_str()),
    };
    let timescale = fields["time_base"].as_str().and_then(|base| base.strip_prefix("1/")?.parse().ok());
    Stream {
        index: usize::try_from(index).unwrap(),
        timescale: timescale.expect("a time base of one unit"),
        packets: whole.into_iter().map(packet).collect(),
        shift,
        fields: fields.clone(),
    }
}

fn run(file: &Path, arguments: &[&str]) -> Value {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| fixtures::make(&["--ffprobe"]).trim().into());
    let mut command = Command::new(program);
    let output =
        command.args(["-v", "error", "-of", "json"]).args(arguments).arg(file).output().expect("ffprobe starts");
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the output is JSON")
}
