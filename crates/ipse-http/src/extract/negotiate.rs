//! Whether a client wants JSON or a page, told by its `Accept` header.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};
use ipse_core::Accept;

/// What can be offered, best first. Who takes anything is led on like a browser: JSON has to be asked for.
const OFFERS: [(&str, Accept); 2] = [
    ("text/html", Accept::Html),
    ("application/json", Accept::Json),
];

/// What kind of answer the client wants. Who sends JSON gets JSON, whatever else it accepts.
pub(crate) fn accept(headers: &HeaderMap) -> Accept {
    let sends_json = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| media_type(value).eq_ignore_ascii_case("application/json"));
    if sends_json {
        return Accept::Json;
    }
    let mut best: Option<(Rank, Accept)> = None;
    for (offer, kind) in OFFERS {
        for range in ranges(headers) {
            let Some(rank) = range.rank(offer) else {
                continue;
            };
            if best.is_none_or(|(so_far, _)| rank > so_far) {
                best = Some((rank, kind));
            }
        }
    }
    best.map_or(Accept::Html, |(_, kind)| kind)
}

/// The type of a `Content-Type` without its parameters.
pub(crate) fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// How well a range fits: first by its weight in thousandths, then by how specific it is.
type Rank = (u16, u8);

struct Range<'a> {
    value: &'a str,
    weight: u16,
}

impl Range<'_> {
    fn rank(&self, offer: &str) -> Option<Rank> {
        if self.weight == 0 {
            return None;
        }
        let specificity = match self.value.strip_suffix("/*") {
            Some("*") => 0,
            Some(kind) => {
                let (offered, _) = offer.split_once('/')?;
                offered.eq_ignore_ascii_case(kind).then_some(1)?
            }
            None => self.value.eq_ignore_ascii_case(offer).then_some(2)?,
        };
        Some((self.weight, specificity))
    }
}

fn ranges(headers: &HeaderMap) -> impl Iterator<Item = Range<'_>> {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| {
            let (value, parameters) = range.split_once(';').unwrap_or((range, ""));
            Range {
                value: value.trim(),
                weight: weight(parameters),
            }
        })
}

fn weight(parameters: &str) -> u16 {
    let quality = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("q")
            .then(|| value.trim().parse::<f32>().ok())?
    });
    match quality {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 1000 after clamping"
        )]
        Some(quality) => (quality.clamp(0.0, 1.0) * 1000.0) as u16,
        None => 1000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(accept: &str) -> Accept {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(ACCEPT, accept.parse().unwrap());
        }
        super::accept(&headers)
    }

    #[test]
    fn browsers_get_pages() {
        for header in [
            "",
            "text/html",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "text/html,application/xhtml+xml,application/json;q=0.1",
            "text/*",
            "*/*",
            "text/html;q=0.8, */*",
            "image/png",
            "application/json;q=0",
            "rubbish;;;q=x",
        ] {
            assert_eq!(accepts(header), Accept::Html, "{header}");
        }
    }

    #[test]
    fn programs_get_json() {
        for header in [
            "application/json",
            "Application/JSON",
            "application/json, text/plain, */*",
            "application/*",
            "text/html;q=0.5, application/json",
        ] {
            assert_eq!(accepts(header), Accept::Json, "{header}");
        }
    }

    #[test]
    fn who_sends_json_gets_json() {
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            "application/json; charset=utf-8".parse().unwrap(),
        );
        headers.insert(ACCEPT, "text/html".parse().unwrap());
        assert_eq!(accept(&headers), Accept::Json);
    }
}
