//! The commands that need no more than a few requests.

use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::platform::args::{Delete, List, Listed, Named, Request, Url};
use crate::platform::follow::{Followed, Then, ended, follow, line};
use crate::platform::http::{Platform, delete, get, post};
use crate::platform::problem::Problem;
use crate::platform::show::{Show, bytes, progress, text};
use crate::platform::upload;

/// Most items on a page of the API.
const PAGE: u32 = 100;

/// `vpp request`.
pub(crate) fn request(args: &Request, platform: &Platform, show: &Show) -> Result<(), Failure> {
    let fields: Map<String, Value> = args.wishes.fields(&args.connection)?;
    let id = |own: &std::path::Path| own.to_string_lossy().into_owned();
    let beside: Vec<_> = args.wishes.beside().map(|own| (own.clone(), id(&own.given.path))).collect();
    upload::ask(platform, show, fields, &args.contents, &beside, args.follow)
}

/// `vpp list`: page by page, until there are as many as were asked for. A page of a filtered list may be empty and not the last.
pub(crate) fn list(args: &List, platform: &Platform, show: &Show) -> Result<(), Failure> {
    let (path, items, kind) = match args.what {
        Listed::Packages => ("/packaged_content", "packaged_content", "package"),
        Listed::Contents => ("/input_content", "input_content", "content"),
    };
    match args.what {
        Listed::Packages if args.origin.is_some() => return Err(Failure::usage("--origin is of contents")),
        Listed::Contents if args.of.is_some() => return Err(Failure::usage("--of is of packages")),
        _ => {}
    }
    let mut left = if args.all { u32::MAX } else { args.limit };
    let mut cursor = args.cursor.clone();
    loop {
        let limit = left.min(PAGE).to_string();
        let filters =
            [("status", &args.status), ("input_content_id", &args.of), ("origin", &args.origin), ("cursor", &cursor)];
        let mut query = vec![("limit", limit.as_str())];
        query.extend(filters.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))));
        let page = platform.ask(get(path).query(&query))?;
        for item in page[items].as_array().into_iter().flatten() {
            show.event(kind, None, json!({ kind: item }));
            show.answer(&row(args.what, item));
            left = left.saturating_sub(1);
        }
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() || left == 0 {
            show.event("page", None, json!({"next_cursor": cursor}));
            cursor.iter().for_each(|cursor| show.say(&format!("there are more: --cursor {cursor}")));
            return Ok(());
        }
    }
}

fn row(what: Listed, item: &Value) -> String {
    let at = text(item, "created_at");
    match what {
        Listed::Packages => {
            let state =
                item["failure"]["code"].as_str().map_or_else(|| progress(item), |code| format!("Failed: {code}"));
            format!("{}  {at}  {state}  {}", text(item, "packaged_content_id"), text(item, "url"))
        }
        Listed::Contents => {
            let status = text(item, "status");
            let state = item["code"].as_str().map_or_else(|| status.to_owned(), |code| format!("{status}: {code}"));
            let size = bytes(item["bytes"].as_u64().unwrap_or_default());
            format!("{}  {at}  {state}  {size}  {}", text(item, "input_content_id"), text(item, "input_content_origin"))
        }
    }
}

/// `vpp status`: of packages, and of contents.
pub(crate) fn status(args: &Named, platform: &Platform, show: &Show) {
    let mut followed = Vec::new();
    for id in &args.ids {
        match one(id, platform, show, args.follow) {
            Ok(own) => followed.extend(own),
            Err(failure) => show.failed(id, &failure),
        }
    }
    follow(platform, show, followed, None);
}

/// Shows what an id is of, or says what is to be followed.
fn one(id: &str, platform: &Platform, show: &Show, stay: bool) -> Result<Option<Followed>, Failure> {
    match platform.ask(get(&format!("/packaged_content/{id}"))) {
        Ok(_) if stay => Ok(Some(Followed::package(id))),
        Ok(package) => {
            show.event("package", None, json!({"package": package}));
            show.answer(&line(None, &package));
            show.answer(&format!("  {}", progress(&package)));
            ended(&package).map(|_| None)
        }
        Err(Failure::Platform(problem)) if problem.code == "package_not_found" => {
            let content = platform.ask(get(&format!("/input_content/{id}"))).map_err(|failure| match failure {
                Failure::Platform(other) if other.code == "content_not_found" => Failure::Platform(problem),
                failure => failure,
            })?;
            if stay {
                return Ok(Some(Followed::content(id, Then::FollowOwn)));
            }
            show.event("content", None, json!({"content": content}));
            show.answer(&row(Listed::Contents, &content));
            for warning in content["preflight"]["warnings"].as_array().into_iter().flatten() {
                show.answer(&format!("  {}: {}", text(warning, "code"), text(warning, "message")));
            }
            match text(&content, "status") {
                "Refused" => Err(Failure::refused(text(&content, "code").to_owned(), text(&content, "message"))),
                _ => Ok(None),
            }
        }
        Err(failure) => Err(failure),
    }
}

/// `vpp url`.
pub(crate) fn url(args: &Url, platform: &Platform, show: &Show) -> Result<(), Failure> {
    let package = platform.ask(get(&format!("/packaged_content/{}", args.id)))?;
    if !ended(&package)? {
        let detail = format!("the package is {}", text(&package, "status"));
        let problem = json!({"code": "package_not_ready", "detail": detail});
        return Err(Failure::Platform(Box::new(Problem::of(409, &problem))));
    }
    let urls = &package["urls"];
    let mut view = json!({"packaged_content_id": args.id, "dash": urls["dash"], "hls": urls["hls"]});
    if args.token {
        let body = args.seconds.map_or_else(|| json!({}), |seconds| json!({"seconds": seconds}));
        let token = platform.ask(post(&format!("/packaged_content/{}/playback_tokens", args.id)).body(&body))?;
        for name in ["token", "expires_at", "license_url"] {
            if !token[name].is_null() {
                view[name] = token[name].clone();
            }
        }
        // Where the CDN asks for leave, the addresses that come with a token have it in them.
        for name in ["dash", "hls"] {
            if token["urls"][name].is_string() {
                view[name] = token["urls"][name].clone();
            }
        }
    }
    if package["private"] == true && !args.token {
        show.say("the CDN asks for leave to read these: addresses that have it in them come with --token");
    }
    let fields: &[&str] = match (args.dash, args.hls) {
        (true, _) => &["dash"],
        (_, true) => &["hls"],
        _ => &["dash", "hls"],
    };
    let named = fields.len() > 1 || args.token;
    for name in fields.iter().chain(&["token", "expires_at", "license_url"]) {
        match view[*name].as_str() {
            Some(value) if named => show.answer(&format!("{name:<11}  {value}")),
            Some(value) => show.answer(value),
            None => {}
        }
    }
    show.event("urls", None, view);
    Ok(())
}

/// `vpp delete`.
pub(crate) fn remove(args: &Delete, platform: &Platform, show: &Show) {
    let kind = if args.contents { "input_content" } else { "packaged_content" };
    let mut followed = Vec::new();
    for id in &args.ids {
        let path = format!("/{kind}/{id}");
        match platform.ask(delete(&path)) {
            Ok(_) if args.follow => followed.push(Followed::gone(id, path)),
            Ok(answer) => {
                show.event("deleted", None, json!({"id": id}));
                show.answer(&format!("{id}  {}", text(&answer, "status")));
            }
            Err(failure) => show.failed(id, &failure),
        }
    }
    follow(platform, show, followed, None);
}

/// `vpp retry`.
pub(crate) fn retry(args: &Named, platform: &Platform, show: &Show) {
    let mut followed = Vec::new();
    for id in &args.ids {
        match platform.ask(post(&format!("/packaged_content/{id}/retry"))) {
            Ok(_) if args.follow => followed.push(Followed::package(id)),
            Ok(package) => {
                show.event("package", None, json!({"package": package}));
                show.answer(&line(None, &package));
            }
            Err(failure) => show.failed(id, &failure),
        }
    }
    follow(platform, show, followed, None);
}
