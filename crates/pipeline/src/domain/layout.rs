//! Where everything lies: every object key, URL, media type and cache rule, as pure functions.

use vpp_media::cmaf::RepresentationId;

use crate::domain::id::PackageId;

/// Path of the DASH manifest inside a package.
pub const MANIFEST: &str = vpp_media::dash::MANIFEST;

/// Key of a package's plan in the work bucket.
#[must_use]
pub fn plan_key(package: &PackageId) -> String {
    format!("work/{package}/plan")
}

/// Key in the work bucket of a work unit's share in a part of a single file. These are forgotten some days after the package is
/// made, hence a prefix of their own.
#[must_use]
pub fn staged_part_key(package: &PackageId, representation: RepresentationId, part: u16, work_unit: u32) -> String {
    format!("{}{representation}/{part}-{work_unit}", staged_parts_prefix(package))
}

/// How the keys of all pieces of a package begin.
#[must_use]
pub fn staged_parts_prefix(package: &PackageId) -> String {
    format!("parts/{package}/")
}

/// Key in the output bucket of the file at `path` of a package (`v1/3.m4s`).
#[must_use]
pub fn output_key(package: &PackageId, path: &str) -> String {
    format!("{package}/{path}")
}

/// Where a player finds the package's manifest. `delivery_url` has no slash at its end.
#[must_use]
pub fn manifest_url(delivery_url: &str, package: &PackageId) -> String {
    format!("{delivery_url}/{}", output_key(package, MANIFEST))
}

/// Path of the HLS multivariant playlist inside a package.
pub const PLAYLIST: &str = vpp_media::hls::MULTIVARIANT;

/// Where a player finds the playlist that stands beside the manifest at `url`.
#[must_use]
pub fn hls_url(url: &str) -> String {
    let (folder, _) = url.rsplit_once('/').unwrap_or((url, ""));
    format!("{folder}/{PLAYLIST}")
}

/// Where a player asks for the package's keys. `api_url` has no slash at its end.
#[must_use]
pub fn licence_url(api_url: &str, package: &PackageId) -> String {
    format!("{api_url}/license/{package}")
}

/// Where an HLS player fetches a key of the package, when the key's id is added.
#[must_use]
pub fn key_url(api_url: &str, package: &PackageId) -> String {
    format!("{}/key", licence_url(api_url, package))
}

/// Media type and cache rule of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headers {
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Cache-Control`.
    pub cache_control: &'static str,
}

/// Media segments never change: their name contains everything they are a function of.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// A manifest is the one object that later features may write anew, so caches keep it for a minute only.
const SHORT: &str = "public, max-age=60";

/// The headers of the output file at `path`.
#[must_use]
pub fn output_headers(path: &str) -> Headers {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let (content_type, cache_control) = match extension {
        "mpd" => ("application/dash+xml", SHORT),
        "m3u8" => ("application/vnd.apple.mpegurl", SHORT),
        "vtt" => ("text/vtt", IMMUTABLE),
        _ if path.starts_with('a') => ("audio/mp4", IMMUTABLE),
        _ if path.starts_with('t') => ("application/mp4", IMMUTABLE),
        _ => ("video/mp4", IMMUTABLE),
    };
    Headers { content_type, cache_control }
}

/// The headers of a plan or a piece, which only the platform reads.
#[must_use]
pub fn plan_headers() -> Headers {
    Headers { content_type: "application/octet-stream", cache_control: "private" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_of_a_package_lies_under_its_id() -> Result<(), crate::domain::id::InvalidId> {
        let id: PackageId = "abcdefghijklmnopqrstuvwxyz".parse()?;
        assert_eq!(plan_key(&id), "work/abcdefghijklmnopqrstuvwxyz/plan");
        assert_eq!(output_key(&id, "v1/3.m4s"), "abcdefghijklmnopqrstuvwxyz/v1/3.m4s");
        assert_eq!(
            manifest_url("https://cdn.example", &id),
            "https://cdn.example/abcdefghijklmnopqrstuvwxyz/stream.mpd"
        );
        Ok(())
    }

    #[test]
    fn segments_are_kept_for_ever_and_manifests_are_not() {
        assert!(output_headers("v1/3.m4s").cache_control.contains("immutable"));
        assert!(!output_headers(MANIFEST).cache_control.contains("immutable"));
        assert!(!output_headers("a1/media.m3u8").cache_control.contains("immutable"));
        let types = ["v1/1.m4s", "a2/init.mp4", "t1/1.m4s", "t1/1.vtt"].map(|path| output_headers(path).content_type);
        assert_eq!(types, ["video/mp4", "audio/mp4", "application/mp4", "text/vtt"]);
    }
}
