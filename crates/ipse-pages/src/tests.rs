//! The pages as a browser gets them.

mod behaviour;
mod fixtures;
mod hostile;
mod layout;

use std::path::PathBuf;

use fixtures as made;

/// Leaves every page in the temporary directory, for looking at them while working on the design.
#[test]
#[ignore = "writes files to look at"]
fn write_pages() {
    let folder: PathBuf = std::env::temp_dir().join("ipse-pages");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["style.css", "page.js", "icon.svg"] {
        std::fs::write(folder.join(name), crate::asset(name).unwrap().bytes).unwrap();
    }
    for (name, page) in made::pages() {
        std::fs::write(folder.join(format!("{name}.html")), page).unwrap();
    }
}
