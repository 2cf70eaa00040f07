//! Argument types that the local and the platform commands share.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use vpp_media::cmaf::UnsupportedTracks;
use vpp_media::plain_text::is_plain_text;
use vpp_media::track::is_language_tag;

/// The value of `--scheme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemeArg {
    Cbcs,
    Cenc,
    Clear,
}

/// The value of `--encrypt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EncryptArg {
    Video,
    All,
}

/// The value of `--layout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LayoutArg {
    Segments,
    SingleFile,
}

/// The value of `--when`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhenArg {
    /// Once the package is planned.
    Ahead,
    /// When viewers request them.
    OnDemand,
}

/// The value of `--leave-out`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LeaveOutArg {
    /// Tracks whose codec or a feature is not supported.
    Unsupported,
}

impl LeaveOutArg {
    /// Returns what a plan does about unsupported tracks.
    pub(crate) fn unsupported_tracks(option: Option<Self>) -> UnsupportedTracks {
        option.map_or(UnsupportedTracks::Refuse, |Self::Unsupported| UnsupportedTracks::LeaveOut)
    }
}

/// The options that add subtitle files to a package.
#[derive(Debug, Args)]
#[command(next_help_heading = "Subtitles")]
pub(crate) struct SubtitleArgs {
    /// Subtitles in a WebVTT, SRT, TTML or SCC file, as LANGUAGE=FILE[:LABEL]. Repeatable.
    #[arg(long, value_name = "LANGUAGE=FILE[:LABEL]")]
    subtitles: Vec<SubtitleArg>,
    /// Captions for deaf and hard-of-hearing viewers, as LANGUAGE=FILE[:LABEL]. Repeatable.
    #[arg(long, value_name = "LANGUAGE=FILE[:LABEL]")]
    captions: Vec<SubtitleArg>,
    /// Forced subtitles, shown to every viewer, as LANGUAGE=FILE[:LABEL]. Repeatable.
    #[arg(long, value_name = "LANGUAGE=FILE[:LABEL]")]
    forced_subtitles: Vec<SubtitleArg>,
}

impl SubtitleArgs {
    /// Returns every subtitle file with its kind: subtitles, then captions, then forced subtitles.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (SubtitleKind, &SubtitleArg)> {
        let kinds = [
            (SubtitleKind::Subtitles, &self.subtitles),
            (SubtitleKind::Captions, &self.captions),
            (SubtitleKind::Forced, &self.forced_subtitles),
        ];
        kinds.into_iter().flat_map(|(kind, files)| files.iter().map(move |file| (kind, file)))
    }
}

/// The option that named a subtitle file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubtitleKind {
    Subtitles,
    Captions,
    Forced,
}

/// A subtitle file with its language and label: `LANGUAGE=FILE[:LABEL]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubtitleArg {
    pub(crate) language: String,
    pub(crate) path: PathBuf,
    pub(crate) label: Option<String>,
}

impl FromStr for SubtitleArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (language, rest) = text.split_once('=').ok_or("expected LANGUAGE=FILE, as in en=english.vtt")?;
        if !is_language_tag(language) {
            return Err(format!("{language} is not a language tag, such as en or pt-BR"));
        }
        // The text after the last colon is the label, unless it is part of the path.
        let labelled = rest.rsplit_once(':').filter(|(path, label)| path.len() > 1 && !label.contains(['/', '\\']));
        let (path, label) = labelled.map_or((rest, None), |(path, label)| (path, Some(label)));
        if label.is_some_and(|label| !is_plain_text(label)) {
            return Err("a label has no control characters, line breaks or bidirectional overrides".to_owned());
        }
        let label = label.map(str::to_owned).filter(|label| !label.is_empty());
        Ok(Self { language: language.to_owned(), path: path.into(), label })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subtitle_argument_has_a_language_a_path_and_an_optional_label() {
        let parsed = |text: &str| {
            let SubtitleArg { language, path, label } = text.parse().unwrap();
            (language, path.display().to_string(), label)
        };
        let expected = |path: &str, label: Option<&str>| ("en".to_owned(), path.to_owned(), label.map(str::to_owned));
        assert_eq!(parsed("en=a.vtt"), expected("a.vtt", None));
        assert_eq!(parsed("en=a.vtt:English"), expected("a.vtt", Some("English")));
        assert_eq!(parsed("en=a.vtt:"), expected("a.vtt", None));
        assert_eq!(parsed(r"en=C:\a.vtt"), expected(r"C:\a.vtt", None));
        assert!("a.vtt".parse::<SubtitleArg>().is_err());
        assert!("not a tag=a.vtt".parse::<SubtitleArg>().is_err());
    }
}
