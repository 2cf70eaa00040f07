//! `vpp request`: requests a package of uploaded contents.

use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::platform::api_request::post;
use crate::platform::args::RequestArgs;
use crate::platform::client::PlatformClient;
use crate::platform::follow::{FollowedItem, follow};
use crate::platform::package_request::{self, Subtitle};
use crate::platform::reporter::Reporter;
use crate::platform::responses::{package_line, text};

/// Runs the command.
pub(crate) fn run(args: &RequestArgs, platform: &PlatformClient, reporter: &Reporter) -> Result<(), Failure> {
    let fields = args.package_options.request_fields(&args.platform)?;
    let subtitles = args.package_options.subtitles.iter().map(|(kind, argument)| Subtitle {
        kind,
        argument: argument.clone(),
        content_id: argument.path.to_string_lossy().into_owned(),
    });
    request_package(platform, reporter, fields, &args.contents, &subtitles.collect::<Vec<_>>(), args.follow)
}

/// Requests a package of ingested contents and optionally follows it.
pub(crate) fn request_package(
    platform: &PlatformClient,
    reporter: &Reporter,
    fields: Map<String, Value>,
    content_ids: &[String],
    subtitles: &[Subtitle],
    follow_package: bool,
) -> Result<(), Failure> {
    let body = package_request::body(fields, content_ids, subtitles);
    let package = platform.send(post("/packaged_content").body(&body))?;
    if follow_package {
        follow(platform, reporter, vec![FollowedItem::package(text(&package, "packaged_content_id"))], None);
    } else {
        reporter.json_line("package", None, json!({"package": package}));
        reporter.result(&package_line(None, &package));
    }
    Ok(())
}
