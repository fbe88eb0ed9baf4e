// swift-tools-version: 6.0

// `generated` is what UniFFI writes from the built library: `make bindings-generated`. The linker and the loader must find
// `libxkslink_ffi`: see README.md.

import PackageDescription

let package = Package(
    name: "xkslink",
    platforms: [.macOS(.v13)],
    products: [.library(name: "Xkslink", targets: ["Xkslink"])],
    targets: [
        .systemLibrary(name: "XkslinkFFI", path: "XkslinkFFI"),
        .target(
            name: "Xkslink", dependencies: ["XkslinkFFI"], path: ".", exclude: ["README.md", "XkslinkFFI", "driver", "example", "test"],
            sources: ["generated", "lib"]
        ),
        .executableTarget(name: "Quickstart", dependencies: ["Xkslink"], path: "example"),
        .executableTarget(name: "Driver", dependencies: ["Xkslink"], path: "driver"),
        .testTarget(name: "XkslinkTests", dependencies: ["Xkslink"], path: "test"),
    ]
)
