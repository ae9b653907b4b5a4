//! What tests learn of the machine they run on.

/// A variable of the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "how to test is no configuration of the program"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Says that a test is skipped for want of a program. In CI everything has to be there.
///
/// # Panics
/// In CI.
#[expect(clippy::print_stderr, reason = "whoever runs the tests has to know")]
pub(crate) fn missing(what: &str) {
    assert_ne!(variable("CI").as_deref(), Some("true"), "{what}");
    eprintln!("skipped: {what}");
}

/// Whether tests run as root, whom some programs refuse.
pub(crate) fn is_root() -> bool {
    let me = std::fs::metadata("/proc/self");
    me.is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}
