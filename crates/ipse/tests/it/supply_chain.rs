//! What comes with the program: licences we may use, and no second TLS library by accident. (Advisories need a database from
//! the network; run `cargo deny check advisories` where there is one.)

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// Licences that may be part of an Apache-2.0 program.
const LICENCES: [&str; 16] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Libraries that must not come in, each of which another one here does the work of.
const UNWANTED: [&str; 8] = [
    "aws-lc-sys",
    "cmake",
    "native-tls",
    "openssl",
    "openssl-sys",
    "serde_yaml",
    "serde_yml",
    "sqlx",
];

/// Name and licence of everything in the lock file that this machine has.
fn packages() -> Vec<(String, String)> {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--offline",
            "--locked",
            "--format-version",
            "1",
            "--filter-platform",
        ])
        .arg("x86_64-unknown-linux-gnu")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| (text(&package["name"]), text(&package["license"])))
        .collect()
}

/// Whether an SPDX expression can be met with the licences above.
fn is_allowed(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    let known = |licence: &str| LICENCES.contains(&licence.trim());
    plain
        .split(" AND ")
        .all(|part| part.split(" OR ").any(known))
}

#[test]
fn every_licence_is_one_we_may_use() {
    let packages = packages();
    assert!(packages.len() > 100, "the lock file has more than that");
    let bad: Vec<_> = packages
        .iter()
        .filter(|(_, licence)| !is_allowed(licence))
        .collect();
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn nothing_unwanted_comes_in() {
    let names: BTreeSet<String> = packages().into_iter().map(|(name, _)| name).collect();
    let found: Vec<_> = UNWANTED
        .iter()
        .filter(|name| names.contains(**name))
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn an_expression_is_read_as_it_is_meant() {
    assert!(is_allowed("MIT OR GPL-3.0"));
    assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(is_allowed("Unlicense/MIT"));
    assert!(!is_allowed("GPL-3.0"));
    assert!(!is_allowed("MIT AND GPL-3.0"));
}
