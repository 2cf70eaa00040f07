//! A plain walker over boxes, for what the box parsers do not show: sample entries with their protection.

/// The payloads of every box along a path of types, given as `moov/trak/mdia`, in the order of the file.
///
/// Full boxes and sample entries are stepped into behind their own fields: `stsd`, the visual and audio sample entries.
#[must_use]
pub fn all<'a>(bytes: &'a [u8], path: &str) -> Vec<&'a [u8]> {
    let (kind, rest) = path.split_once('/').unwrap_or((path, ""));
    let own = children(bytes).filter(|(found, _)| *found == kind.as_bytes()).map(|(_, payload)| payload);
    if rest.is_empty() { own.collect() } else { own.flat_map(|payload| all(inside(kind, payload), rest)).collect() }
}

/// The payload of the one box at a path.
///
/// # Panics
/// When there is none, or more than one.
#[must_use]
pub fn one<'a>(bytes: &'a [u8], path: &str) -> &'a [u8] {
    let found = all(bytes, path);
    assert_eq!(found.len(), 1, "boxes at {path}");
    found[0]
}

/// The boxes in a row of bytes: type and payload.
///
/// # Panics
/// When a box does not fit.
pub fn children(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let size = usize::try_from(u32::from_be_bytes(bytes[..4].try_into().unwrap())).unwrap();
        assert!((8..=bytes.len()).contains(&size), "a box of {size} bytes in {}", bytes.len());
        let (own, behind) = bytes.split_at(size);
        bytes = behind;
        Some((&own[4..8], &own[8..]))
    })
}

/// The type of the one sample entry of an init segment: for a protected track, of the entry it had when it was clear.
///
/// # Panics
/// When there is not exactly one.
#[must_use]
pub fn sample_entry(init: &[u8]) -> &[u8] {
    let entries: Vec<_> = children(&one(init, "moov/trak/mdia/minf/stbl/stsd")[8..]).collect();
    let [(kind, payload)] = entries.as_slice() else { panic!("{} sample entries", entries.len()) };
    match *kind {
        b"encv" => one(inside("encv", payload), "sinf/frma"),
        b"enca" => one(inside("enca", payload), "sinf/frma"),
        clear => clear,
    }
}

/// Where the children of a box begin.
fn inside<'a>(kind: &str, payload: &'a [u8]) -> &'a [u8] {
    match kind {
        "stsd" => &payload[8..],
        "avc1" | "hvc1" | "hev1" | "dvh1" | "av01" | "vp09" | "encv" => &payload[78..],
        "mp4a" | "ac-3" | "ec-3" | "Opus" | "fLaC" | "enca" => match payload[8..10] {
            // A QuickTime sound description of version 1 has four more words.
            [0, 1] => &payload[44..],
            _ => &payload[28..],
        },
        _ => payload,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_found_along_a_path() {
        let bytes = b"\0\0\0\x1amoov\0\0\0\x09trakA\0\0\0\x09trakB\0\0\0\x08free";
        assert_eq!(all(bytes, "moov/trak"), [b"A", b"B"]);
        assert_eq!(one(bytes, "free"), b"");
        assert!(all(bytes, "moov/free").is_empty());
    }
}
