//! Tells the linker what a module of Node.js needs, and the macros where to write what the module exports, as TypeScript: the tests
//! hold `xkslink/native.ts` against it.

fn main() {
    napi_build::setup();
    if let Some(folder) = std::env::var_os("OUT_DIR") {
        println!("cargo::rustc-env=NAPI_TYPE_DEF_TMP_FOLDER={}", folder.display());
    }
}
