//! `ipse`: what only this server has. Empty so far.

section! {
    /// Switches that only this server knows. There are none yet; each one that comes is optional
    /// and leaves the behaviour clients rely on unchanged when it is absent.
    pub struct Ipse {}
}
