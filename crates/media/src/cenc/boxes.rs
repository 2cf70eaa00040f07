//! The boxes of common encryption.

use super::{KeyId, Subsample, TrackEncryption};
use crate::isobmff::{BoxWriter, FourCc};

/// The "common" system of W3C EME's `cenc` initialisation data format: ClearKey understands it.
const COMMON_SYSTEM_ID: [u8; 16] = *b"\x10\x77\xef\xec\xc0\xb2\x4d\x02\xac\xe3\x3c\x1e\x52\xe2\xfb\x4b";

/// Flag of `senc`: subsample entries are listed.
const SENC_USES_SUBSAMPLES: u32 = 2;

/// `ProtectionSchemeInfoBox` (ISO/IEC 23001-7 4.2, ISO/IEC 14496-12 8.12.1) of a track whose entry was `original`.
pub(crate) fn sinf(w: &mut BoxWriter, original: FourCc, encryption: &TrackEncryption) {
    w.plain(b"sinf", |w| {
        w.plain(b"frma", |w| w.fourcc(original));
        w.full(b"schm", 0, 0, |w| {
            w.fourcc(encryption.scheme.fourcc());
            w.u32(0x0001_0000);
        });
        w.plain(b"schi", |w| tenc(w, encryption));
    });
}

/// `TrackEncryptionBox` (ISO/IEC 23001-7 8.2), version 1: Safari refuses version 0 for `cbcs`, for audio as well.
fn tenc(w: &mut BoxWriter, encryption: &TrackEncryption) {
    w.full(b"tenc", 1, 0, |w| {
        w.u8(0);
        w.u8((encryption.pattern.crypt << 4) | encryption.pattern.skip);
        w.u8(1); // default_isProtected
        w.u8(0); // default_Per_Sample_IV_Size: the IV is constant
        w.raw(encryption.kid.as_bytes());
        w.u8(16); // default_constant_IV_size
        w.raw(encryption.iv.as_bytes());
    });
}

/// `ProtectionSystemSpecificHeaderBox` (ISO/IEC 23001-7 8.1), version 1, of the common system for one key id.
#[must_use]
pub fn common_pssh(kid: &KeyId) -> Vec<u8> {
    let mut w = BoxWriter::new();
    w.full(b"pssh", 1, 0, |w| {
        w.raw(&COMMON_SYSTEM_ID);
        w.u32(1);
        w.raw(kid.as_bytes());
        w.u32(0);
    });
    w.finish()
}

/// The auxiliary information of a fragment's samples: `senc` (ISO/IEC 23001-7 7.2), and `saiz` and `saio` (ISO/IEC 14496-12
/// 8.7.8, 8.7.9) that lead to it. `entries` holds the subsamples of all samples, `counts` how many belong to each;
/// `moof_start` is where the movie fragment began in `w`, from which `saio` counts.
///
/// Samples that are encrypted whole under a constant IV have no auxiliary information. Then `senc` stands alone with their
/// number: Bento4's decrypter takes a fragment without `senc` for a clear one, and players have failed on a `saiz` of nothing.
pub(crate) fn auxiliary_information(w: &mut BoxWriter, moof_start: usize, counts: &[u16], entries: &[Subsample]) {
    let sample_count = u32::try_from(counts.len()).unwrap_or(u32::MAX);
    if entries.is_empty() {
        return w.full(b"senc", 0, 0, |w| w.u32(sample_count));
    }
    let mut first_sample = 0;
    w.full(b"senc", 0, SENC_USES_SUBSAMPLES, |w| {
        w.u32(sample_count);
        first_sample = w.position().saturating_sub(moof_start);
        let mut rest = entries;
        for count in counts {
            let (own, after) = rest.split_at_checked(usize::from(*count)).unwrap_or((rest, &[]));
            rest = after;
            w.u16(*count);
            for entry in own {
                w.u16(entry.clear);
                w.u32(entry.protected);
            }
        }
    });
    // At most MAX_SUBSAMPLES entries of six bytes: `subsamples` has seen to it that this fits a byte.
    let size = |count: u16| u8::try_from(count.saturating_mul(6).saturating_add(2)).unwrap_or(u8::MAX);
    let first = counts.first().copied().unwrap_or_default();
    let uniform = counts.iter().all(|count| *count == first);
    w.full(b"saiz", 0, 0, |w| {
        w.u8(if uniform { size(first) } else { 0 });
        w.u32(sample_count);
        if !uniform {
            counts.iter().for_each(|count| w.u8(size(*count)));
        }
    });
    w.full(b"saio", 0, 0, |w| {
        w.u32(1);
        w.u32(u32::try_from(first_sample).unwrap_or(u32::MAX));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;

    #[test]
    fn the_common_pssh_is_the_one_players_expect() {
        let kid = "oW5AK5BW43HzbTSKpiu3SQ".parse().unwrap();
        assert_eq!(
            BASE64.encode(&common_pssh(&kid)),
            "AAAANHBzc2gBAAAAEHfv7MCyTQKs4zweUuL7SwAAAAGhbkArkFbjcfNtNIqmK7dJAAAAAA=="
        );
    }

    #[test]
    fn samples_encrypted_whole_have_a_senc_of_their_number_alone() {
        let mut w = BoxWriter::new();
        auxiliary_information(&mut w, 0, &[0, 0, 0], &[]);
        assert_eq!(w.finish(), b"\0\0\0\x10senc\0\0\0\0\0\0\0\x03");
    }

    #[test]
    fn saio_points_behind_the_sample_count_of_senc() {
        let mut w = BoxWriter::new();
        w.zeros(100);
        let entries = [Subsample { clear: 10, protected: 20 }, Subsample { clear: 5, protected: 0 }];
        auxiliary_information(&mut w, 92, &[2, 0], &entries);
        let bytes = w.finish();
        let senc = &bytes[100..132];
        assert_eq!(senc[..16], [&[0, 0, 0, 32][..], b"senc", &[0, 0, 0, 2, 0, 0, 0, 2]].concat());
        assert_eq!(senc[16..], [0, 2, 0, 10, 0, 0, 0, 20, 0, 5, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[132..151], [&[0, 0, 0, 19][..], b"saiz", &[0, 0, 0, 0, 0, 0, 0, 0, 2, 14, 2]].concat());
        assert_eq!(bytes[151..], [&[0, 0, 0, 20][..], b"saio", &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 24]].concat());
    }
}
