//! Builds Bento4's core library and the front end `cpp/probe.cpp`, and links both.

fn main() {
    println!("cargo:rerun-if-changed=cpp");
    println!("cargo:rustc-env=BENTO4_VERSION={}", bento4_version());

    // The front end comes first: a static linker resolves symbols from left to right.
    cc::Build::new()
        .cpp(true)
        .std("c++11")
        .warnings(true)
        // The headers of Bento4 are not free of warnings, so only this one is an error.
        .flag("-Werror=return-type")
        .flag_if_supported("-Wno-unused-parameter")
        .includes(bento4_src::includes())
        .file("cpp/probe.cpp")
        .compile("mp4probe");

    bento4_src::build();
}

/// Returns Bento4's release, such as `1.6.0-641`, without the crate's commit suffix.
fn bento4_version() -> String {
    let version = bento4_src::version();
    version.split('+').next().unwrap_or(version.as_str()).to_owned()
}
