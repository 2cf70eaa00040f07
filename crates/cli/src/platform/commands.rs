//! `vpp list`, `status`, `url`, `delete`, `retry` and `ahead`.

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::platform::api_request;
use crate::platform::api_request::{get, post};
use crate::platform::args::{DeleteArgs, IdArgs, ListArgs, ListedResource, UrlArgs};
use crate::platform::client::PlatformClient;
use crate::platform::follow::{AfterIngest, FollowedItem, follow};
use crate::platform::problem::Problem;
use crate::platform::reporter::Reporter;
use crate::platform::responses::{
    format_bytes, is_complete, is_playable, package_line, package_progress, require_accepted, text,
};

/// Maximum items of a page of the API.
const MAX_PAGE_ITEMS: u32 = 100;

/// Runs `vpp list`: fetches pages until the limit is reached or no page follows. A page of a filtered list may be empty without
/// being the last.
pub(crate) fn list(args: &ListArgs, platform: &PlatformClient, reporter: &Reporter) -> Result<(), Failure> {
    let (path, items, line_type) = match args.resource {
        ListedResource::Packages => ("/packaged_content", "packaged_content", "package"),
        ListedResource::Contents => ("/input_content", "input_content", "content"),
    };
    match args.resource {
        ListedResource::Packages if args.origin.is_some() => {
            return Err(Failure::usage("--origin requires vpp list contents"));
        }
        ListedResource::Contents if args.of.is_some() => return Err(Failure::usage("--of requires vpp list packages")),
        _ => {}
    }
    let mut remaining = (!args.all).then_some(args.limit);
    let mut cursor = args.cursor.clone();
    loop {
        let limit = remaining.unwrap_or(MAX_PAGE_ITEMS).min(MAX_PAGE_ITEMS).to_string();
        let filters =
            [("status", &args.status), ("input_content_id", &args.of), ("origin", &args.origin), ("cursor", &cursor)];
        let mut query = vec![("limit", limit.as_str())];
        query.extend(filters.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))));
        let page = platform.send(get(path).query(&query))?;
        for item in page[items].as_array().into_iter().flatten() {
            reporter.json_line(line_type, None, json!({ line_type: item }));
            reporter.result(&list_row(args.resource, item));
            // A page that is longer than its limit leaves none to fetch.
            remaining = remaining.map(|count| count.saturating_sub(1));
        }
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() || remaining == Some(0) {
            reporter.json_line("page", None, json!({"next_cursor": cursor}));
            cursor.iter().for_each(|cursor| reporter.notice(&format!("to list more: --cursor {cursor}")));
            return Ok(());
        }
    }
}

fn list_row(resource: ListedResource, item: &Value) -> String {
    let created_at = text(item, "created_at");
    if text(item, "status") == "Unreadable" {
        let id = match resource {
            ListedResource::Packages => "packaged_content_id",
            ListedResource::Contents => "input_content_id",
        };
        return format!("{}  {created_at}  Unreadable: {}", text(item, id), text(item, "problem"));
    }
    match resource {
        ListedResource::Packages => {
            let failed = item["failure"]["code"].as_str().map(|code| format!("Failed: {code}"));
            let status = failed.unwrap_or_else(|| package_progress(item));
            format!("{}  {created_at}  {status}  {}", text(item, "packaged_content_id"), text(item, "url"))
        }
        ListedResource::Contents => {
            let status = text(item, "status");
            let status = item["code"].as_str().map_or_else(|| status.to_owned(), |code| format!("{status}: {code}"));
            let size = format_bytes(item["bytes"].as_u64().unwrap_or_default());
            let (id, origin) = (text(item, "input_content_id"), text(item, "input_content_origin"));
            format!("{id}  {created_at}  {status}  {size}  {origin}")
        }
    }
}

/// Runs `vpp status`, for packages and contents.
pub(crate) fn status(args: &IdArgs, platform: &PlatformClient, reporter: &Reporter) {
    let mut followed = Vec::new();
    for id in &args.ids {
        match report_status(id, platform, reporter, args.follow) {
            Ok(item) => followed.extend(item),
            Err(failure) => reporter.failure(id, &failure),
        }
    }
    follow(platform, reporter, followed, None);
}

/// Reports the status of a package or content; with `to_follow`, returns the item to follow instead.
fn report_status(
    id: &str,
    platform: &PlatformClient,
    reporter: &Reporter,
    to_follow: bool,
) -> Result<Option<FollowedItem>, Failure> {
    match platform.send(get(&format!("/packaged_content/{id}"))) {
        Ok(_) if to_follow => Ok(Some(FollowedItem::package(id))),
        Ok(package) => {
            reporter.json_line("package", None, json!({"package": package}));
            reporter.result(&package_line(None, &package));
            reporter.result(&format!("  {}", package_progress(&package)));
            is_complete(&package).map(|_| None)
        }
        Err(Failure::Platform(problem)) if problem.code == "package_not_found" => {
            let content = platform.send(get(&format!("/input_content/{id}"))).map_err(|failure| match failure {
                Failure::Platform(other) if other.code == "content_not_found" => Failure::Platform(problem),
                failure => failure,
            })?;
            if to_follow {
                return Ok(Some(FollowedItem::content(id, AfterIngest::FollowPackage)));
            }
            reporter.json_line("content", None, json!({"content": content}));
            reporter.result(&list_row(ListedResource::Contents, &content));
            for warning in content["preflight"]["warnings"].as_array().into_iter().flatten() {
                reporter.result(&format!("  {}: {}", text(warning, "code"), text(warning, "message")));
            }
            require_accepted(&content).map(|()| None)
        }
        Err(failure) => Err(failure),
    }
}

/// Runs `vpp url`.
pub(crate) fn url(args: &UrlArgs, platform: &PlatformClient, reporter: &Reporter) -> Result<(), Failure> {
    let package = platform.send(get(&format!("/packaged_content/{}", args.id)))?;
    is_complete(&package)?;
    if !is_playable(&package) {
        let detail = format!("the package is {}, and cannot be played yet", text(&package, "status"));
        let problem = json!({"code": "package_not_ready", "detail": detail});
        return Err(Failure::Platform(Box::new(Problem::from_response(409, &problem))));
    }
    let urls = &package["urls"];
    let mut result = json!({"packaged_content_id": args.id, "dash": urls["dash"], "hls": urls["hls"]});
    if args.token {
        let body = args.seconds.map_or_else(|| json!({}), |seconds| json!({"seconds": seconds}));
        let token = platform.send(post(&format!("/packaged_content/{}/playback_tokens", args.id)).body(&body))?;
        for name in ["token", "expires_at", "license_url"] {
            if !token[name].is_null() {
                result[name] = token[name].clone();
            }
        }
        // With private playback, the addresses that come with the token have a signed path.
        for name in ["dash", "hls"] {
            if token["urls"][name].is_string() {
                result[name] = token["urls"][name].clone();
            }
        }
    }
    if package["private"] == true && !args.token {
        reporter
            .notice("the CDN requires signed paths for this package: use --token to get addresses with a signed path");
    }
    let addresses: &[&str] = match (args.dash, args.hls) {
        (true, _) => &["dash"],
        (_, true) => &["hls"],
        _ => &["dash", "hls"],
    };
    let with_names = addresses.len() > 1 || args.token;
    for name in addresses.iter().chain(&["token", "expires_at", "license_url"]) {
        match result[*name].as_str() {
            Some(value) if with_names => reporter.result(&format!("{name:<11}  {value}")),
            Some(value) => reporter.result(value),
            None => {}
        }
    }
    reporter.json_line("urls", None, result);
    Ok(())
}

/// Runs `vpp delete`.
pub(crate) fn delete(args: &DeleteArgs, platform: &PlatformClient, reporter: &Reporter) {
    let collection = if args.contents { "input_content" } else { "packaged_content" };
    let mut followed = Vec::new();
    for id in &args.ids {
        let path = format!("/{collection}/{id}");
        match platform.send(api_request::delete(&path)) {
            Ok(_) if args.follow => followed.push(FollowedItem::deletion(id, path)),
            Ok(response) => {
                reporter.json_line("deleted", None, json!({"id": id}));
                reporter.result(&format!("{id}  {}", text(&response, "status")));
            }
            Err(failure) => reporter.failure(id, &failure),
        }
    }
    follow(platform, reporter, followed, None);
}

/// Runs `vpp retry`.
pub(crate) fn retry(args: &IdArgs, platform: &PlatformClient, reporter: &Reporter) {
    continue_packages("retry", args, platform, reporter);
}

/// Runs `vpp ahead`.
pub(crate) fn ahead(args: &IdArgs, platform: &PlatformClient, reporter: &Reporter) {
    continue_packages("ahead", args, platform, reporter);
}

/// Sends a request that continues each package, and follows them.
fn continue_packages(action: &str, args: &IdArgs, platform: &PlatformClient, reporter: &Reporter) {
    let mut followed = Vec::new();
    for id in &args.ids {
        match platform.send(post(&format!("/packaged_content/{id}/{action}"))) {
            Ok(_) if args.follow => followed.push(FollowedItem::package(id)),
            Ok(package) => {
                reporter.json_line("package", None, json!({"package": package}));
                reporter.result(&package_line(None, &package));
            }
            Err(failure) => reporter.failure(id, &failure),
        }
    }
    follow(platform, reporter, followed, None);
}
