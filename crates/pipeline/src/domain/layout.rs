//! The object layout: every object key, URL, media type and cache rule, as pure functions.

use vpp_media::cmaf::RepresentationId;

use crate::domain::id::PackageId;

/// Path of the DASH manifest inside a package.
pub const MANIFEST: &str = vpp_media::dash::MANIFEST;

/// Returns the key of a package's plan in the work bucket.
#[must_use]
pub fn plan_key(package: &PackageId) -> String {
    format!("work/{package}/plan")
}

/// Returns the key of a staged part in the work bucket: one work unit's segments of a part of a single file. A lifecycle rule
/// deletes staged parts after some days, hence the separate prefix.
#[must_use]
pub fn staged_part_key(package: &PackageId, representation: RepresentationId, part: u16, work_unit: u32) -> String {
    format!("{}{representation}/{part}-{work_unit}", staged_parts_prefix(package))
}

/// Returns the key prefix of all staged parts of a package.
#[must_use]
pub fn staged_parts_prefix(package: &PackageId) -> String {
    format!("parts/{package}/")
}

/// Returns the output bucket key of a package's file at `path` (`v1/3.m4s`).
#[must_use]
pub fn output_key(package: &PackageId, path: &str) -> String {
    format!("{package}/{path}")
}

/// Returns the URL of the package's DASH manifest. `delivery_url` has no trailing slash.
#[must_use]
pub fn manifest_url(delivery_url: &str, package: &PackageId) -> String {
    format!("{delivery_url}/{}", output_key(package, MANIFEST))
}

/// Path of the HLS multivariant playlist inside a package.
pub const PLAYLIST: &str = vpp_media::hls::MULTIVARIANT;

/// Returns the URL of the HLS multivariant playlist next to the DASH manifest at `url`.
#[must_use]
pub fn hls_url(url: &str) -> String {
    let (folder, _) = url.rsplit_once('/').unwrap_or((url, ""));
    format!("{folder}/{PLAYLIST}")
}

/// Returns the URL of the licence server for a package. It is on the domain of the streams, which outlives the API: manifests
/// state it, and are not rewritten once the package is Ready. `delivery_url` has no trailing slash.
#[must_use]
pub fn licence_url(delivery_url: &str, package: &PackageId) -> String {
    format!("{delivery_url}/license/{package}")
}

/// Returns the URL from which an HLS player fetches a key of the package. The caller appends the key id.
#[must_use]
pub fn key_url(delivery_url: &str, package: &PackageId) -> String {
    format!("{}/key", licence_url(delivery_url, package))
}

/// The media type and the cache rule of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headers {
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Cache-Control`.
    pub cache_control: &'static str,
}

/// Media segments never change: their object key identifies everything that determines their bytes.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// Manifests are the only objects that are rewritten, so caches retain them for a minute.
const SHORT: &str = "public, max-age=60";

/// Returns the headers of the output file at `path`.
#[must_use]
pub fn output_headers(path: &str) -> Headers {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let (content_type, cache_control) = match extension {
        "mpd" => ("application/dash+xml", SHORT),
        "m3u8" => ("application/vnd.apple.mpegurl", SHORT),
        "json" => ("application/json", SHORT),
        "vtt" if !path.contains('/') => ("text/vtt", SHORT),
        "vtt" => ("text/vtt", IMMUTABLE),
        _ if path.starts_with('a') => ("audio/mp4", IMMUTABLE),
        _ if path.starts_with('t') => ("application/mp4", IMMUTABLE),
        _ => ("video/mp4", IMMUTABLE),
    };
    Headers { content_type, cache_control }
}

/// Returns the headers of a plan or a staged part, which only the platform reads.
#[must_use]
pub fn work_headers() -> Headers {
    Headers { content_type: "application/octet-stream", cache_control: "private" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_package_contains_its_id() -> Result<(), crate::domain::id::InvalidId> {
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
    fn caches_retain_segments_for_ever_and_manifests_for_a_minute() {
        assert!(output_headers("v1/3.m4s").cache_control.contains("immutable"));
        assert!(!output_headers(MANIFEST).cache_control.contains("immutable"));
        assert!(!output_headers("a1/media.m3u8").cache_control.contains("immutable"));
        for path in [vpp_media::chapters::CHAPTERS_JSON, vpp_media::chapters::CHAPTERS_WEBVTT] {
            assert!(
                !output_headers(path).cache_control.contains("immutable"),
                "chapters are written with the manifests"
            );
        }
        let types = ["v1/1.m4s", "a2/init.mp4", "t1/1.m4s", "t1/1.vtt"].map(|path| output_headers(path).content_type);
        assert_eq!(types, ["video/mp4", "audio/mp4", "application/mp4", "text/vtt"]);
    }
}
