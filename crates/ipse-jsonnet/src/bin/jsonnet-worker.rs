//! A worker as a program of its own, for the tests of this crate: the server is its own worker.

fn main() -> std::io::Result<()> {
    ipse_jsonnet::worker_main()
}
