//! Walks the boxes of an ISO base media file, including the protected sample entries that `mp4-atom` does not read.

/// Returns the payloads of every box along a path of box types, such as `moov/trak/mdia`, in file order.
///
/// Knows where the children of `stsd` and of the visual and audio sample entries start, after their own fields.
#[must_use]
pub fn all<'a>(bytes: &'a [u8], path: &str) -> Vec<&'a [u8]> {
    let (kind, rest) = path.split_once('/').unwrap_or((path, ""));
    let payloads = children(bytes).filter(|(found, _)| *found == kind.as_bytes()).map(|(_, payload)| payload);
    if rest.is_empty() {
        payloads.collect()
    } else {
        payloads.flat_map(|payload| all(child_bytes(kind, payload), rest)).collect()
    }
}

/// Returns the payload of the only box at a path.
///
/// # Panics
/// When there is no such box, or more than one.
#[must_use]
pub fn one<'a>(bytes: &'a [u8], path: &str) -> &'a [u8] {
    let found = all(bytes, path);
    assert_eq!(found.len(), 1, "boxes at {path}");
    found[0]
}

/// Iterates over consecutive boxes: type and payload.
///
/// # Panics
/// When a box is longer than the remaining bytes.
pub fn children(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let size = usize::try_from(u32::from_be_bytes(bytes[..4].try_into().unwrap())).unwrap();
        assert!((8..=bytes.len()).contains(&size), "a box of {size} bytes in {}", bytes.len());
        let (found, rest) = bytes.split_at(size);
        bytes = rest;
        Some((&found[4..8], &found[8..]))
    })
}

/// Returns the type of the only sample entry of an init segment. For a protected track it is the original format (`frma`).
///
/// # Panics
/// When there is not exactly one.
#[must_use]
pub fn sample_entry(init: &[u8]) -> &[u8] {
    let entries: Vec<_> = children(&one(init, "moov/trak/mdia/minf/stbl/stsd")[8..]).collect();
    let [(kind, payload)] = entries.as_slice() else { panic!("{} sample entries", entries.len()) };
    match *kind {
        b"encv" => one(child_bytes("encv", payload), "sinf/frma"),
        b"enca" => one(child_bytes("enca", payload), "sinf/frma"),
        clear => clear,
    }
}

/// Returns the bytes of a payload that hold child boxes.
fn child_bytes<'a>(kind: &str, payload: &'a [u8]) -> &'a [u8] {
    match kind {
        "stsd" => &payload[8..],
        "avc1" | "hvc1" | "hev1" | "dvh1" | "av01" | "vp09" | "encv" => &payload[78..],
        "mp4a" | "ac-3" | "ec-3" | "ac-4" | "Opus" | "fLaC" | "alac" | "mha1" | "mhm1" | "iamf" | "enca" => {
            match payload[8..10] {
                // A QuickTime sound description of version 1 has four more words.
                [0, 1] => &payload[44..],
                _ => &payload[28..],
            }
        }
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
