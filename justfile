# What is done often. `just check` is what CI does.

default:
    @just --list

# Everything CI does
check:
    .ci/run

# All tests
test *args:
    cargo test --workspace {{args}}

# Clippy, with warnings denied
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Format
fmt:
    cargo fmt --all

# Renew the generated files in docs/
schema:
    cargo run -q -p ipse -- config schema > docs/config.schema.json
    cargo test -q -p ipse-ui -- --ignored write_catalogue

# A server to play with
dev:
    cargo run --release -- dev

# Speed, memory and size (options: --help)
bench *args:
    cargo build --release -p ipse -p ipse-bench
    cargo run --release -p ipse-bench -- {{args}}

# The black-box suite, where it lies beside the project
parity only='*':
    cargo build -p ipse
    ../shared/conformance/conformance check --server "${CARGO_TARGET_DIR:-target}/debug/ipse serve --dev --watch-courier --config {config}" --deviations conformance/deviations.yml --only '{{only}}'

# The documentation of all crates
doc:
    cargo doc --workspace --no-deps --open
