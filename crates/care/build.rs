//! Compiles the phrase files of the crisis screen into tables. The modules are those of the crate.

use std::path::Path;
use std::process::ExitCode;

#[allow(
    dead_code,
    unreachable_pub,
    reason = "these modules are shared with the crate, which uses the rest"
)]
#[path = "src/screen"]
mod screen {
    pub(crate) mod views {
        pub(crate) mod fold;
        mod lookalikes;
    }
    pub(crate) mod phrases {
        pub(crate) mod compile;
        pub(crate) mod meaning;
    }
}

use screen::phrases::compile::{LANGUAGES, compile};

#[expect(clippy::disallowed_methods, reason = "a build script is told its folders this way")]
fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=data/phrases");
    println!("cargo::rerun-if-changed=src/screen/phrases");
    println!("cargo::rerun-if-changed=src/screen/views");
    let sources: Vec<String> = LANGUAGES
        .iter()
        .map(|language| {
            let path = format!("data/phrases/{language}.txt");
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
        })
        .collect();
    let tables = match compile(&sources) {
        Ok(tables) => tables,
        Err(error) => {
            println!("cargo::error={error}");
            return ExitCode::FAILURE;
        }
    };
    let folder = std::env::var_os("OUT_DIR").expect("Cargo sets it");
    std::fs::write(Path::new(&folder).join("phrases.bin"), tables).expect("the folder is ours");
    ExitCode::SUCCESS
}
