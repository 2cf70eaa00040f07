//! Bento4's decrypter, an independent check of the encryption.

use std::fs;
use std::path::{Path, PathBuf};

use mp4decrypt::Ap4CencDecryptingProcessor;

use crate::package::Representation;

/// A content key and its id, each as 32 hex digits.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The key id.
    pub kid: &'static str,
    /// The key.
    pub key: &'static str,
}

/// The default key of the tests: the platform's documented test vector.
pub const KEY: Key = Key { kid: "a16e402b9056e371f36d348aa62bb749", key: "87237d20a19f58a740c05684e699b4aa" };

/// A second key with another id.
pub const OTHER_KEY: Key = Key { kid: "00112233445566778899aabbccddeeff", key: "0f1e2d3c4b5a69788796a5b4c3d2e1f0" };

/// Concatenates a representation's init segment and segments, unchanged, into one file in `directory`. Returns the file of a
/// single-file representation as it is.
///
/// # Panics
/// When a file is missing.
#[must_use]
pub fn join(representation: &Representation, directory: &Path) -> PathBuf {
    if representation.index.is_some() {
        return representation.init.clone();
    }
    let mut joined = representation.init_bytes();
    for segment in &representation.segments {
        joined.extend(segment.bytes());
    }
    let file = directory.join(format!("{}.joined.mp4", representation.id));
    fs::write(&file, joined).expect("the joined file is written");
    file
}

/// Joins a representation as [`join`] does, and decrypts it if it is protected.
///
/// # Panics
/// When Bento4 cannot decrypt it.
#[must_use]
pub fn decrypted(representation: &Representation, key: Key, directory: &Path) -> PathBuf {
    let joined = join(representation, directory);
    if representation.protection.is_none() {
        return joined;
    }
    let clear = directory.join(format!("{}.clear.mp4", representation.id));
    decrypt(&joined, key, &clear);
    clear
}

/// Decrypts a file with Bento4.
///
/// # Panics
/// When Bento4 cannot decrypt it.
pub fn decrypt(file: &Path, key: Key, to: &Path) {
    let decrypter = Ap4CencDecryptingProcessor::new().key(key.kid, key.key).expect("the key is valid");
    let decrypter = decrypter.build().expect("a key is set");
    decrypter.decrypt_file(file, to, None).expect("Bento4 decrypts the file");
}
