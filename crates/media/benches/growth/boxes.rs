//! Changes of boxes in generated files.

/// Returns `file` with each box at `path` replaced by what `change` returns for it. The sizes of its parents are adjusted.
///
/// The boxes must follow all media, because the offsets of samples do not change.
pub fn replace(file: &[u8], path: &[&[u8; 4]], change: &dyn Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let Some((kind, inner)) = path.split_first() else { return change(file) };
    let (mut replaced, mut rest) = (Vec::new(), file);
    while rest.len() >= 8 {
        let size = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        let (whole, after) = rest.split_at(size);
        rest = after;
        if &&whole[4..8] != kind {
            replaced.extend(whole);
        } else if inner.is_empty() {
            replaced.extend(change(whole));
        } else {
            let content = replace(&whole[8..], inner, change);
            replaced.extend((content.len() as u32 + 8).to_be_bytes());
            replaced.extend(&whole[4..8]);
            replaced.extend(content);
        }
    }
    replaced
}

/// Returns the first box at `path`, with its header.
pub fn find<'f>(file: &'f [u8], path: &[&[u8; 4]]) -> &'f [u8] {
    let (kind, inner) = path.split_first().unwrap();
    let mut rest = file;
    loop {
        let size = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        if &&rest[4..8] == kind {
            return if inner.is_empty() { &rest[..size] } else { find(&rest[8..size], inner) };
        }
        rest = &rest[size..];
    }
}
