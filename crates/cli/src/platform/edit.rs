//! `vpp edit`: edits the manifests of a package, or brings a revision of them back.

use clap::Args;
use serde_json::{Map, Value, json};

use crate::argument_types::SubtitleArgs;
use crate::failure::Failure;
use crate::platform::api_request::{patch, post};
use crate::platform::args::{PlatformOptions, id};
use crate::platform::client::PlatformClient;
use crate::platform::package_request::{Subtitle, subtitle_entry};
use crate::platform::reporter::Reporter;

/// Arguments of `vpp edit`.
#[derive(Debug, Args)]
pub(crate) struct EditArgs {
    /// ID of the package.
    #[arg(value_name = "ID", value_parser = id)]
    pub(crate) package: String,
    #[command(flatten)]
    pub(crate) edit: EditOptions,
    /// Bring a revision back, as a new one; 0 is the package as it was planned.
    #[arg(long, value_name = "REVISION", conflicts_with = "edit")]
    pub(crate) restore: Option<u32>,
    #[command(flatten)]
    pub(crate) platform: PlatformOptions,
}

/// What an edit changes.
#[derive(Debug, Args)]
#[group(id = "edit", multiple = true)]
pub(crate) struct EditOptions {
    /// Label of a track, as TRACK=LABEL (a1=Original). Repeatable.
    #[arg(long, value_name = "TRACK=LABEL")]
    label: Vec<String>,
    /// Language of a track, as TRACK=LANGUAGE (a1=fr). Repeatable.
    #[arg(long, value_name = "TRACK=LANGUAGE")]
    language: Vec<String>,
    /// Roles of a track, as TRACK=ROLE[,ROLE] (a2=commentary). Repeatable.
    #[arg(long, value_name = "TRACK=ROLES")]
    roles: Vec<String>,
    /// The audio track that players select unless the viewer selects another.
    #[arg(long, value_name = "TRACK")]
    default_audio: Option<String>,
    /// A text track or subtitle file to remove. Repeatable.
    #[arg(long, value_name = "TRACK")]
    remove_subtitles: Vec<String>,
    /// A chapter, as SECONDS=TITLE, in order. Repeatable; replaces all chapters.
    #[arg(long, value_name = "SECONDS=TITLE", conflicts_with = "no_chapters")]
    chapter: Vec<String>,
    /// Remove the chapters.
    #[arg(long)]
    no_chapters: bool,
    /// Whether the manifests name the licence server.
    #[arg(long, value_name = "BOOL")]
    licence: Option<bool>,
    #[command(flatten)]
    subtitles: SubtitleArgs,
}

/// Runs the command.
pub(crate) fn run(args: &EditArgs, platform: &PlatformClient, reporter: &Reporter) -> Result<(), Failure> {
    let path = format!("/packaged_content/{}", args.package);
    if args.restore.is_some() && args.edit.subtitles.iter().next().is_some() {
        return Err(Failure::usage("--restore takes no other change"));
    }
    let revision = match args.restore {
        Some(number) => platform.send(post(&format!("{path}/revisions/{number}/restore")))?,
        None => platform.send(patch(&path).body(&args.edit.body()?))?,
    };
    reporter.json_line("revision", None, json!({ "revision": revision }));
    reporter.result(&format!("{}  revision {}", args.package, revision["revision"]));
    for track in revision["tracks"].as_array().into_iter().flatten() {
        let text = |name: &str| track[name].as_str().unwrap_or("-").to_owned();
        let roles: Vec<&str> = track["roles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        reporter.result(&format!("  {}  {}  {}  {}", text("id"), text("language"), roles.join(","), text("label")));
    }
    Ok(())
}

impl EditOptions {
    /// Returns the body of the request.
    fn body(&self) -> Result<Value, Failure> {
        let mut tracks: Vec<Map<String, Value>> = Vec::new();
        for (name, entries) in [("label", &self.label), ("language", &self.language), ("roles", &self.roles)] {
            for entry in entries {
                let (track, value) = pair(entry)?;
                let value = if name == "roles" { value.split(',').collect::<Value>() } else { value.into() };
                let position = tracks.iter().position(|other| other["id"] == track).unwrap_or_else(|| {
                    tracks.push(Map::from_iter([("id".to_owned(), track.into())]));
                    tracks.len() - 1
                });
                tracks[position].insert(name.to_owned(), value);
            }
        }
        let subtitles = self.subtitles.iter().map(|(kind, argument)| {
            let content_id = argument.path.to_string_lossy().into_owned();
            subtitle_entry(&Subtitle { kind, argument: argument.clone(), content_id })
        });
        let subtitles: Vec<Value> = subtitles.collect();
        let mut body = json!({"tracks": tracks, "subtitles": subtitles, "remove_subtitles": self.remove_subtitles});
        if let Some(track) = &self.default_audio {
            body["default_audio"] = track.as_str().into();
        }
        if self.no_chapters || !self.chapter.is_empty() {
            body["chapters"] =
                json!({"list": self.chapter.iter().map(|it| chapter(it)).collect::<Result<Vec<_>, _>>()?});
        }
        if let Some(licence) = self.licence {
            body["licence"] = licence.into();
        }
        Ok(body)
    }
}

fn pair(entry: &str) -> Result<(&str, &str), Failure> {
    entry.split_once('=').ok_or_else(|| Failure::usage(format!("{entry} has no =")))
}

fn chapter(entry: &str) -> Result<Value, Failure> {
    let (start, title) = pair(entry)?;
    let start: f64 = start.parse().map_err(|_| Failure::usage(format!("{start} is not a number of seconds")))?;
    Ok(json!({"start_seconds": start, "title": title}))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        options: EditOptions,
    }

    #[test]
    fn options_of_one_track_are_one_entry() {
        let arguments =
            ["edit", "--label", "a1=One = 1", "--language", "a1=fr", "--roles", "a2=dub,main", "--chapter", "7.5=Two"];
        let body = Command::parse_from(arguments).options.body().unwrap();
        let tracks =
            json!([{"id": "a1", "label": "One = 1", "language": "fr"}, {"id": "a2", "roles": ["dub", "main"]}]);
        assert_eq!(body["tracks"], tracks);
        assert_eq!(body["chapters"], json!({"list": [{"start_seconds": 7.5, "title": "Two"}]}));
        assert_eq!(body.get("licence"), None);
    }
}
