//! The functions that the page calls.

use std::ops::Range;
use std::time::Duration;

use js_sys::{Array, Function, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::source::Source;
use crate::{inspection, ladder};

/// Inspects a file of `size` bytes for segments of `segment_seconds`. `read(start, end)` returns a `Uint8Array`. Returns an
/// [`inspection::Inspection`] as JSON.
///
/// # Errors
/// What `read` throws.
#[wasm_bindgen]
pub fn inspect(size: f64, read: Function, segment_seconds: f64) -> Result<String, JsValue> {
    let inspection = inspection::inspect(&mut LocalFile::new(size, read), duration(segment_seconds))?;
    Ok(serde_json::json!(inspection).to_string())
}

/// Compares files as the inputs of one package. `files` holds a `[size, read]` for each, as [`inspect`] takes them. Returns a
/// [`ladder::Ladder`] as JSON.
///
/// # Errors
/// What `read` throws.
#[wasm_bindgen]
pub fn align(files: &Array, segment_seconds: f64) -> Result<String, JsValue> {
    let file = |pair: JsValue| {
        let pair: Array = pair.dyn_into()?;
        Ok(LocalFile::new(pair.get(0).as_f64().unwrap_or(0.0), pair.get(1).dyn_into()?))
    };
    let mut files: Vec<LocalFile> = files.iter().map(file).collect::<Result<_, JsValue>>()?;
    let ladder = ladder::align(&mut files, duration(segment_seconds))?;
    Ok(serde_json::json!(ladder).to_string())
}

/// A local file, read by a function of the page.
struct LocalFile {
    size: u64,
    read: Function,
}

impl LocalFile {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes of files are whole numbers below 2^53"
    )]
    fn new(size: f64, read: Function) -> Self {
        Self { size: size as u64, read }
    }
}

impl Source for LocalFile {
    type Error = JsValue;

    fn size(&self) -> u64 {
        self.size
    }

    #[expect(clippy::cast_precision_loss, reason = "offsets in a file are below 2^53")]
    fn read(&mut self, range: Range<u64>) -> Result<Vec<u8>, JsValue> {
        let bytes = self.read.call2(&JsValue::NULL, &(range.start as f64).into(), &(range.end as f64).into())?;
        Ok(bytes.dyn_into::<Uint8Array>()?.to_vec())
    }
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
