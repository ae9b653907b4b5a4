//! The files that the pages load: a stylesheet, a small script and an icon.

use std::borrow::Cow;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Files;

/// A file to be served beside the pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
    /// Its MIME type.
    pub content_type: &'static str,
    /// Its entity tag, with the quotes; it changes with the content.
    pub etag: String,
}

/// The file of that name (`style.css`, `page.js`, `icon.svg`), if there is one.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let content_type = content_type(path)?;
    let file = Files::get(path)?;
    let hash = file.metadata.sha256_hash();
    let etag: String = hash
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Some(Asset {
        bytes: file.data,
        content_type,
        etag: format!("\"{etag}\""),
    })
}

fn content_type(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_have_a_type_and_a_tag() {
        let style = asset("style.css").unwrap();
        assert_eq!(style.content_type, "text/css; charset=utf-8");
        assert_eq!(style.etag.len(), 18);
        assert!(style.etag.starts_with('"') && style.etag.ends_with('"'));
        assert_ne!(style.etag, asset("page.js").unwrap().etag);
        assert!(asset("icon.svg").unwrap().bytes.starts_with(b"<svg"));
    }

    #[test]
    fn other_files_are_not_served() {
        for path in [
            "",
            "style",
            "../Cargo.toml",
            "../src/lib.rs",
            "/style.css",
            "style.css/",
            "x.css",
        ] {
            assert!(asset(path).is_none(), "{path}");
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for name in ["style.css", "page.js"] {
            let text = String::from_utf8(asset(name).unwrap().bytes.into_owned()).unwrap();
            assert!(
                !text.contains("http:") && !text.contains("https:"),
                "{name}"
            );
        }
    }
}
