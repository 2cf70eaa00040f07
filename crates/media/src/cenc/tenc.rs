//! The boxes that signal the protection of a track in its sample entry: `sinf`, and `tenc` in it.

use super::scheme::{Mode, TrackEncryption};
use crate::isobmff::{BoxWriter, FourCc};

/// Writes the `ProtectionSchemeInfoBox` (ISO/IEC 23001-7 4.2, ISO/IEC 14496-12 8.12.1) of a track whose sample entry was
/// `original`.
pub(crate) fn sinf(w: &mut BoxWriter, original: FourCc, encryption: &TrackEncryption) {
    w.plain(b"sinf", |w| {
        w.plain(b"frma", |w| w.fourcc(original));
        w.full(b"schm", 0, 0, |w| {
            w.fourcc(encryption.scheme().fourcc());
            w.u32(0x0001_0000);
        });
        w.plain(b"schi", |w| tenc(w, encryption));
    });
}

/// Writes the `TrackEncryptionBox` (ISO/IEC 23001-7 8.2). With `cbcs` it has version 1, even for audio, because Safari rejects
/// version 0.
fn tenc(w: &mut BoxWriter, encryption: &TrackEncryption) {
    let (version, pattern, per_sample_iv_size) = match encryption.mode {
        Mode::Cbcs { pattern, .. } => (1, (pattern.crypt << 4) | pattern.skip, 0),
        Mode::Cenc { .. } => (0, 0, 8),
    };
    w.full(b"tenc", version, 0, |w| {
        w.u8(0);
        w.u8(pattern);
        w.u8(1); // default_isProtected
        w.u8(per_sample_iv_size);
        w.raw(encryption.kid.as_bytes());
        if let Mode::Cbcs { iv, .. } = encryption.mode {
            w.u8(16); // default_constant_IV_size
            w.raw(iv.as_bytes());
        }
    });
}
