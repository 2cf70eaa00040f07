//! The calls into Bento4, through the C interface of `cpp/probe.h`.
//!
//! The C++ side owns everything it has parsed, and fills plain structs whose layout both sides declare. The only pointer on
//! this side is the handle of [`Movie`], which is opened once, never shared, and closed on drop.

#![expect(unsafe_code, reason = "Bento4 is C++; only this module calls it")]

use std::ffi::{CString, c_char};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;

/// `ProbeContainer` of `probe.h`.
#[repr(C)]
#[derive(Debug, Clone)]
pub(crate) struct Container {
    pub(crate) major_brand: u32,
    pub(crate) timescale: u32,
    pub(crate) duration: u64,
    pub(crate) track_count: u32,
    compatible_brand_count: u32,
    compatible_brands: [u32; 64],
    pub(crate) has_file_type: u8,
    pub(crate) fragmented: u8,
    pub(crate) moov_before_mdat: u8,
}

impl Container {
    /// Returns the first 64 compatible brands, in file order.
    pub(crate) fn compatible_brands(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.compatible_brand_count).zip(self.compatible_brands).map(|(_, brand)| brand)
    }
}

/// `ProbeTrack` of `probe.h`.
#[repr(C)]
#[derive(Debug, Clone)]
pub(crate) struct Track {
    pub(crate) id: u32,
    pub(crate) kind: u32,
    pub(crate) sample_entry: u32,
    pub(crate) scheme: u32,
    pub(crate) timescale: u32,
    pub(crate) sample_count: u32,
    pub(crate) duration: u64,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) sample_rate: u32,
    pub(crate) channels: u32,
    pub(crate) is_protected: u8,
    codec: [u8; 64],
    language: [u8; 8],
}

impl Track {
    /// Returns the codec string (RFC 6381), as Bento4 derives it. Empty if Bento4 has none.
    pub(crate) fn codec(&self) -> String {
        text(&self.codec)
    }

    /// Returns the language of the media header (ISO 639-2).
    pub(crate) fn language(&self) -> String {
        text(&self.language)
    }
}

/// The reason that Bento4 cannot describe a file. The numbers are `ProbeResult` of `probe.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Error {
    CannotOpen,
    NoMovie,
    NoMemory,
    Failed(i32),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CannotOpen => f.write_str("the file cannot be opened"),
            Self::NoMovie => f.write_str("the file has no movie box that Bento4 can read"),
            Self::NoMemory => f.write_str("the movie does not fit in the memory limit"),
            Self::Failed(code) => write!(f, "Bento4 cannot describe the movie (result {code})"),
        }
    }
}

impl std::error::Error for Error {}

fn check(result: i32) -> Result<(), Error> {
    match result {
        0 => Ok(()),
        1 => Err(Error::CannotOpen),
        2 => Err(Error::NoMovie),
        3 => Err(Error::NoMemory),
        other => Err(Error::Failed(other)),
    }
}

#[repr(C)]
struct Probe {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    fn probe_open(path: *const c_char, probe: *mut *mut Probe) -> i32;
    fn probe_container(probe: *const Probe, container: *mut Container) -> i32;
    fn probe_track(probe: *const Probe, index: u32, track: *mut Track) -> i32;
    fn probe_close(probe: *mut Probe);
}

/// A movie that Bento4 has read.
#[derive(Debug)]
pub(crate) struct Movie(NonNull<Probe>);

impl Movie {
    /// Opens a file and reads its movie box.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Error::CannotOpen)?;
        let mut probe = std::ptr::null_mut();
        // SAFETY: `path` is NUL-terminated and outlives the call; `probe` is written only on success.
        check(unsafe { probe_open(path.as_ptr(), &raw mut probe) })?;
        NonNull::new(probe).map(Self).ok_or(Error::NoMovie)
    }

    /// Describes the container.
    pub(crate) fn container(&self) -> Result<Container, Error> {
        let mut container = std::mem::MaybeUninit::zeroed();
        // SAFETY: the handle is open, and the callee writes one whole `ProbeContainer`.
        check(unsafe { probe_container(self.0.as_ptr(), container.as_mut_ptr()) })?;
        // SAFETY: every bit pattern is a valid value of these plain integers.
        Ok(unsafe { container.assume_init() })
    }

    /// Describes the track at `index`, counted from 0 in file order.
    pub(crate) fn track(&self, index: u32) -> Result<Track, Error> {
        let mut track = std::mem::MaybeUninit::zeroed();
        // SAFETY: the handle is open, and the callee writes one whole `ProbeTrack`.
        check(unsafe { probe_track(self.0.as_ptr(), index, track.as_mut_ptr()) })?;
        // SAFETY: every bit pattern is a valid value of these plain integers.
        Ok(unsafe { track.assume_init() })
    }
}

impl Drop for Movie {
    fn drop(&mut self) {
        // SAFETY: the handle came from `probe_open` and is closed exactly once.
        unsafe { probe_close(self.0.as_ptr()) }
    }
}

/// Returns the text before the first NUL; invalid UTF-8 is replaced.
fn text(bytes: &[u8]) -> String {
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}
