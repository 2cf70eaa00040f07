//! Writes the JavaScript that loads the page's WebAssembly module: `console-bindgen MODULE.wasm FOLDER`.
//!
//! This is what the command `wasm-bindgen --target web` does, by the same library. As a crate of the workspace it has the version
//! that `Cargo.lock` pins for both, is checked with the other dependencies, and takes a fraction of the time to build.

use std::env;
use std::error::Error;
use std::path::PathBuf;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [module, folder] = arguments.as_slice() else { return Err("usage: console-bindgen MODULE.wasm FOLDER".into()) };
    Bindgen::new()
        .input_path(module)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(folder)?;
    Ok(())
}
