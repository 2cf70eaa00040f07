//! A source file, as the outside tools read it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::codecs;
use super::ffprobe::Probe;

/// A source file. It is probed once per process.
#[derive(Debug)]
pub struct Source {
    pub(super) path: PathBuf,
    pub(super) probe: Probe,
    /// The codec strings that Shaka Packager states, by the index of the stream.
    pub(super) codecs: BTreeMap<usize, codecs::Stated>,
}

impl Source {
    /// Probes a file, unless it is probed already.
    ///
    /// # Panics
    /// When ffprobe cannot read it.
    #[must_use]
    pub fn of(path: &Path) -> Arc<Self> {
        static CACHE: Mutex<BTreeMap<PathBuf, Arc<Source>>> = Mutex::new(BTreeMap::new());
        if let Some(source) = CACHE.lock().expect("no holder of the lock panics").get(path) {
            return Arc::clone(source);
        }
        let probe = Probe::of(path);
        let codecs = codecs::stated_by_shaka(path, &probe);
        let source = Arc::new(Self { path: path.to_owned(), probe, codecs });
        CACHE.lock().expect("no holder of the lock panics").insert(path.to_owned(), Arc::clone(&source));
        source
    }

    /// Returns whether Shaka Packager states codecs of this file.
    #[must_use]
    pub fn is_read_by_shaka(&self) -> bool {
        !self.codecs.is_empty()
    }
}
