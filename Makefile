# The only door. Everything uses one target directory, and everything but `survive` and the benchmarks the dev profile, so
# that the AWS SDK is compiled once: always --workspace and --all-targets, because cargo would otherwise build it once per
# set of features, and tests switch on some of their own.

CARGO ?= cargo
PYTHON ?= python3
NODE ?= node
NPM ?= npm
VENV := .venv

# The tools that check and list what we depend on, installed on first use, which takes some minutes.
CARGO_DENY := 0.20.2
CARGO_CYCLONEDX := 0.5.9
CARGO_FUZZ := 0.13.2
NIGHTLY := nightly-2026-10-30
CARGO_ZIGBUILD := 0.24.1
ZIGLANG := 0.17.1
TOOLS := target/tools

.NOTPARALLEL:
.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@awk -F ': .*## ' '/^[a-z-]+: .*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: quickstart
quickstart: ## plan, apply, verify and teardown on the simulated AWS
	$(CARGO) run --locked --bin quickstart

.PHONY: test
test: lint test-rust docs test-python test-package test-node test-bindings ## everything, set-up included

# In a profile of its own, several times as fast; the first time, that compiles the AWS SDK again.
.PHONY: survive
survive: ## every call hit by every fault, every answer spoilt, two runs at once, dropped and killed runs, a soak, fuzz targets
	SURVIVE=$${SURVIVE:-1} $(CARGO) test --profile survive --workspace --locked --test survive -- --nocapture --test-threads 1
	$(MAKE) fuzz FUZZ_SECONDS=20

# libFuzzer needs a nightly compiler, for which the AWS SDK is compiled once more, in some ten minutes. No sanitizer: what it
# runs is safe Rust. What it finds is kept in target/fuzz; the corpus in fuzz/ is what people chose.
FUZZ_SECONDS ?= 60
FUZZ := target/fuzz
.PHONY: fuzz
fuzz: $(TOOLS)/cargo-fuzz-$(CARGO_FUZZ)/bin/cargo-fuzz ## the fuzz targets with libFuzzer and a nightly compiler, a minute each
	rustup toolchain install $(NIGHTLY) --profile minimal --no-self-update
	for target in $$(ls fuzz/corpus); do mkdir -p $(FUZZ)/corpus/$$target && \
	  RUSTUP_TOOLCHAIN=$(NIGHTLY) CARGO_UNSTABLE_PROFILE_HINT_MOSTLY_UNUSED=true \
	  $< run --sanitizer none --codegen-units 16 --target-dir $(FUZZ) $$target $(FUZZ)/corpus/$$target fuzz/corpus/$$target \
	  -- -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -verbosity=0 || exit 1; done

.PHONY: lint
lint: ## formatting and clippy; warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	@# As others depend on it: with no features of crates but those that it asks for itself. That checks the AWS SDK once more.
	$(CARGO) check --package xkslink --locked

# A copy of the RustSec advisory database, as cargo-deny keeps it. It is not fetched: an audit needs no network.
ADVISORIES ?= $(or $(CARGO_HOME),$(HOME)/.cargo)/advisory-dbs

# Each version of a tool has a folder of its own, so that another version is installed rather than overlooked.
$(TOOLS)/cargo-deny-$(CARGO_DENY)/bin/cargo-deny: TOOL = cargo-deny@$(CARGO_DENY)
$(TOOLS)/cargo-cyclonedx-$(CARGO_CYCLONEDX)/bin/cargo-cyclonedx: TOOL = cargo-cyclonedx@$(CARGO_CYCLONEDX)
$(TOOLS)/cargo-fuzz-$(CARGO_FUZZ)/bin/cargo-fuzz: TOOL = cargo-fuzz@$(CARGO_FUZZ)
$(TOOLS)/%:
	$(CARGO) install --quiet --locked --root $(TOOLS)/$(subst @,-,$(TOOL)) $(TOOL)

.PHONY: audit
audit: $(TOOLS)/cargo-deny-$(CARGO_DENY)/bin/cargo-deny ## licences, crates, sources, and advisories where a database is at hand
	$< --locked check licenses bans sources
	@if [ -d "$(ADVISORIES)" ]; then $< --locked check --disable-fetch advisories; \
	else echo "advisories not checked: no database in $(ADVISORIES)"; fi

.PHONY: sbom
sbom: $(TOOLS)/cargo-cyclonedx-$(CARGO_CYCLONEDX)/bin/cargo-cyclonedx ## a CycloneDX bill of materials of each package, in target/sbom
	mkdir -p target/sbom
	$< cyclonedx --format json --spec-version 1.5 --target all
	find . -name '*.cdx.json' -not -path './target/*' -exec mv {} target/sbom/ \;

.PHONY: build
build: ## the programs of the workspace
	$(CARGO) build --workspace --all-targets --locked

.PHONY: test-rust
test-rust: ## the tests in Rust
	$(CARGO) test --workspace --locked

.PHONY: test-python
test-python: build $(VENV)/ready ## boto3 against the simulator, the engine against moto
	$(VENV)/bin/python -m pytest -q -p no:cacheprovider tests/python

.PHONY: python
python: scenarios test-package ## the Python package: built, installed into the virtual environment, type-checked and tested

# Holds the package against the scenarios' documents, which `test-rust` and `scenarios` write. The dev profile and the
# shared target directory: the AWS SDK is not compiled again.
.PHONY: test-package
test-package: $(VENV)/ready
	VIRTUAL_ENV=$(abspath $(VENV)) $(VENV)/bin/maturin develop --quiet --manifest-path python/Cargo.toml --locked
	cd python && ../$(VENV)/bin/python -m mypy.stubtest xkslink._native xkslink.errors --allowlist tests/stubtest.txt
	cd python && ../$(VENV)/bin/python -m mypy xkslink tests generate.py
	cd python && ../$(VENV)/bin/pyright --pythonpath ../$(VENV)/bin/python xkslink tests
	cd python && ../$(VENV)/bin/python -m pytest -q -p no:cacheprovider tests
	cd examples/python && ../../$(VENV)/bin/python -m mypy --config-file ../../python/pyproject.toml *.py
	cd examples/python && ../../$(VENV)/bin/pyright --pythonpath ../../$(VENV)/bin/python *.py
	cd examples/python && ../../$(VENV)/bin/python -m pytest -q -p no:cacheprovider .

.PHONY: node
node: scenarios test-node ## the npm package: native part, types and documents checked, tests

# The native part is the library that `build` makes in the dev profile. It is loaded from beside the package.
.PHONY: test-node
test-node: build node/node_modules/.package-lock.json examples/node/node_modules/.package-lock.json
	cp $$(ls target/debug/libxkslink_node.so target/debug/libxkslink_node.dylib 2>/dev/null) node/xkslink.node
	cd node && $(NPM) run --silent build
	cd node && $(NPM) run --silent test
	@command -v chromium >/dev/null || apt-get install -y --no-install-recommends chromium
	cd examples/node && $(NPM) run --silent build
	cd examples/node && $(NPM) run --silent test

%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	@command -v $(NPM) >/dev/null && $(NODE) -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' \
		|| { echo "install Node.js 20 or later with npm: https://nodejs.org, or apt-get install nodejs npm"; exit 1; }
	cd $* && $(NPM) ci --no-audit --no-fund
	touch $@

# The native library and what UniFFI writes from it, under `generated` in each language's folder; nothing of it is committed.
# The dev profile, without debug information: the AWS SDK is not compiled again. JNA finds the library in the jar by platform.
ifeq ($(shell uname -s),Darwin)
NATIVE := libxkslink_ffi.dylib
JVM_PLATFORM := darwin-$(subst x86_64,x86-64,$(subst arm64,aarch64,$(shell uname -m)))
else
NATIVE := libxkslink_ffi.so
JVM_PLATFORM := linux-$(subst x86_64,x86-64,$(shell uname -m))
endif
LINKED := $(abspath target/bindings)
CONFORMANCE ?= --share
KOTLIN := bindings/kotlin

# All but Go come from Debian where they are missing; Go must be 1.24 or newer, which Debian 12 has not.
.PHONY: bindings-tools
bindings-tools:
	@command -v mvn >/dev/null && command -v javac >/dev/null && ruby -e 'require "ffi"' && command -v mcs >/dev/null \
		&& ls $$(dirname $$(readlink -f $$(command -v mono)))/../lib/mono/4.5/System.Xml.Linq.dll >/dev/null \
		|| (apt-get update && apt-get install -y maven default-jdk-headless ruby ruby-ffi mono-mcs mono-runtime \
			libmono-system-runtime-serialization4.0-cil libmono-system-xml-linq4.0-cil)
	@command -v go >/dev/null || { echo "install Go 1.24 or later: https://go.dev"; exit 1; }

# Where the archives of go.dev are unpacked, for shells that do not know it.
export PATH := $(PATH):/usr/local/go/bin

.PHONY: bindings-generated
bindings-generated: bindings-tools
	$(CARGO) build --locked -p xkslink-ffi
	rm -rf $(LINKED) bindings/*/generated
	mkdir -p $(LINKED) $(KOTLIN)/generated/native/$(JVM_PLATFORM) bindings/ruby/generated
	strip -S -o $(LINKED)/$(NATIVE) target/debug/$(NATIVE)
	cp $(LINKED)/$(NATIVE) $(KOTLIN)/generated/native/$(JVM_PLATFORM)
	cp $(LINKED)/$(NATIVE) bindings/ruby/generated
	for language in kotlin ruby swift; do target/debug/uniffi-bindgen generate --library target/debug/$(NATIVE) \
	  --language $$language --out-dir bindings/$$language/generated/$$(test $$language != kotlin || echo kotlin) --no-format || exit 1; done
	$(PYTHON) $(KOTLIN)/finish.py $(KOTLIN)/generated/kotlin/io/github/xkslink/xkslink.kt

.PHONY: bindings
bindings: CONFORMANCE = --write
bindings: scenarios test-bindings ## Kotlin, Java, Go, Ruby, C, C#: generated, built, tested; writes docs/languages.md

GO_ENV = CGO_ENABLED=1 CGO_CFLAGS="-I$(abspath bindings/c)" CGO_LDFLAGS="-L$(LINKED) -Wl,-rpath,$(LINKED)"
C_FLAGS = -std=c11 -Wall -Wextra -Werror -pedantic -Ibindings/c -L$(LINKED) -Wl,-rpath,$(LINKED)
# The credential of the proxy, which the examples read from the environment.
EXAMPLE = XKS_KEY_ID=ABCDEFGHIJKLMNOPQRSTUVWX XKS_SECRET=c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==
MCS = mcs -warnaserror -langversion:7.2 -r:System.Runtime.Serialization -r:System.Xml -r:System.Xml.Linq
MONO = LD_LIBRARY_PATH=$(LINKED) mono $(LINKED)
JVM = java -cp $(1)/target/classes:$(1)/target/test-classes:$$(cat $(1)/target/classpath)

.PHONY: bindings-csharp
bindings-csharp: bindings-generated
	$(PYTHON) bindings/csharp/generate.py bindings/csharp/generated/Types.cs
	$(MCS) -target:library -out:$(LINKED)/Xkslink.dll bindings/csharp/src/*.cs bindings/csharp/generated/*.cs
	for program in test/Tests test/Driver example/Quickstart; do \
	  cp bindings/csharp/test/runtimeconfig.json $(LINKED)/$$(basename $$program).runtimeconfig.json; \
	  $(MCS) -r:$(LINKED)/Xkslink.dll -out:$(LINKED)/$$(basename $$program).exe bindings/csharp/$$program.cs || exit 1; done

# Holds every language against the scenarios' documents, which `test-rust` and `scenarios` write: with --share each runs its share
# of the scenarios, with --write the table in docs/languages.md is written.
.PHONY: test-bindings
test-bindings: bindings-csharp
	$(PYTHON) bindings/java/builders.py $(KOTLIN)/generated/kotlin/io/github/xkslink/xkslink.kt bindings/java/generated/kotlin/io/github/xkslink/java/Builders.kt
	mvn -B -q -f bindings verify
	unzip -l $(KOTLIN)/target/xkslink-kotlin-*.jar $(JVM_PLATFORM)/$(NATIVE) >/dev/null
	$(PYTHON) bindings/go/generate.py --check
	cd bindings/go && $(GO_ENV) go vet ./... && $(GO_ENV) go test -count=1 ./... && $(GO_ENV) go build -o $(LINKED)/go-driver ./driver
	$(CC) $(C_FLAGS) -o $(LINKED)/quickstart bindings/c/example/quickstart.c -lxkslink_ffi && $(LINKED)/quickstart >/dev/null
	$(CXX) -std=c++17 -Wall -Wextra -Werror -pedantic -Ibindings/c -fsyntax-only -x c++ bindings/c/xkslink.h
	$(MONO)/Tests.exe
	ruby bindings/ruby/test/test_xkslink.rb
	cd bindings/ruby && gem build --silent --strict --output $(LINKED)/xkslink.gem xkslink.gemspec
	gem install --local --silent --no-document --ignore-dependencies --install-dir $(LINKED)/gems $(LINKED)/xkslink.gem
	$(PYTHON) bindings/conformance/readmes.py
	$(EXAMPLE) $(call JVM,$(KOTLIN)) QuickstartKt >/dev/null
	$(EXAMPLE) $(call JVM,bindings/java) bindings/java/example/Quickstart.java >/dev/null
	cd bindings/go && $(EXAMPLE) $(GO_ENV) go run ./example >/dev/null
	GEM_HOME=$(LINKED)/gems $(EXAMPLE) ruby bindings/ruby/example/quickstart.rb >/dev/null
	$(EXAMPLE) $(MONO)/Quickstart.exe >/dev/null
	$(PYTHON) bindings/conformance/run.py $(CONFORMANCE) "Kotlin=$(call JVM,$(KOTLIN)) io.github.xkslink.DriverKt" \
	  "Java=$(call JVM,bindings/java) io.github.xkslink.java.Driver" "Go=$(LINKED)/go-driver" "Ruby=ruby bindings/ruby/test/driver.rb" \
	  "C#=$(MONO)/Driver.exe"

# What Mono's compiler has made, run by .NET 8 or later, where there is a `dotnet`: tests, example, all scenarios, whose documents must
# be there: `make scenarios`.
DOTNET ?= dotnet
.PHONY: bindings-dotnet
bindings-dotnet: export LD_LIBRARY_PATH = $(LINKED)
bindings-dotnet: bindings-csharp ## C# on .NET: tests, example, all shared scenarios
	$(DOTNET) exec $(LINKED)/Tests.exe
	$(EXAMPLE) $(DOTNET) exec $(LINKED)/Quickstart.exe >/dev/null
	$(PYTHON) bindings/conformance/run.py --apart "C#=$(DOTNET) exec $(LINKED)/Driver.exe"

# Where there is Swift 6; Debian 12 has none. All scenarios are run, whose documents must be there: `make scenarios`.
SWIFT := bindings/swift
SWIFT_FLAGS = --package-path $(SWIFT) -Xswiftc -warnings-as-errors -Xlinker -L$(LINKED) -Xlinker -rpath -Xlinker $(LINKED)
.PHONY: bindings-swift
bindings-swift: bindings-generated ## the package for Swift: built, tested, all shared scenarios
	swift build $(SWIFT_FLAGS)
	swift test $(SWIFT_FLAGS)
	$(EXAMPLE) $(SWIFT)/.build/debug/Quickstart >/dev/null
	$(PYTHON) bindings/conformance/run.py --apart "Swift=$(SWIFT)/.build/debug/Driver"

.PHONY: scenarios
scenarios: ## the scenarios in Rust, which write what other languages must bring to target/scenarios
	$(CARGO) test --workspace --locked --test scenarios --quiet

# The published platforms that are not Linux with glibc, as far as a compiler on Linux can tell; zig has a C compiler for each. For
# Windows it knows GNU's linking and not Microsoft's, and napi-build then looks for a Node.js to link, which a check does not read.
# For musl, rustc makes a shared library only where the C library is one.
PLATFORMS := x86_64-unknown-linux-musl aarch64-apple-darwin x86_64-pc-windows-gnu
.PHONY: platforms
platforms: export PATH := $(abspath $(VENV)/bin):$(PATH)
platforms: export LIBNODE_PATH := $(abspath target)
platforms: export CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS := -C target-feature=-crt-static
platforms: $(VENV)/ready ## the packages' native parts compile for musl, macOS and Windows; needs rustup
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check ziglang==$(ZIGLANG) cargo-zigbuild==$(CARGO_ZIGBUILD)
	mkdir -p target && touch target/libnode.dll
	rustup target add $(PLATFORMS)
	for target in $(PLATFORMS); do \
	  cargo-zigbuild check --locked --target $$target -p xkslink-python -p xkslink-node -p xkslink-ffi || exit 1; done

.PHONY: docs
docs: ## rustdoc; warnings are errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked

.PHONY: bench
bench: bench-virtual bench-http bench-package bench-node ## calls, depth and time; a comparison over HTTP

.PHONY: bench-virtual
bench-virtual: ## calls, depth and makespan in simulated time
	$(CARGO) run --locked --bin virtual-time

# Real time and memory mean something only in a release build, which compiles the AWS SDK again.
.PHONY: bench-http
bench-http: $(VENV)/ready ## xkslink beside a boto3 script, in real time
	$(CARGO) build --release --workspace --bin from_document --bin xkslink-simulator --locked
	$(VENV)/bin/python tests/bench/run.py

.PHONY: bench-package
bench-package: $(VENV)/ready ## import time, calls, wheel and memory of the Python package
	$(VENV)/bin/python tests/bench/package.py

.PHONY: bench-node
bench-node: node/node_modules/.package-lock.json ## the same of the npm package, and the delay of the event loop
	$(NODE) tests/bench/package.mjs

# Debian and Ubuntu ship Python without the half of venv that installs pip.
$(VENV)/ready: tests/python/requirements.txt python/tests/requirements.txt
	$(PYTHON) -c 'import ensurepip, venv' || apt-get install -y python3-venv
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check $(foreach file,$^,--requirement $(file))
	touch $@
