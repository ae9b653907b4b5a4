//! Pages of lists: which one is asked for, and the links to the others.
//!
//! There are two ways to page. By token, each page names the next one; by number, the links also tell the first, the last and
//! the one before, and the total is counted. Links repeat the query they were asked with.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::form_urlencoded;

use crate::Request;

/// Rows on a page unless asked otherwise.
const DEFAULT_SIZE: u32 = 250;
/// The most rows on a page that is asked for by `per_page`.
const MOST_PER_PAGE: u32 = 1000;
/// The most rows on a page that is asked for by `page_size`.
const MOST_BY_SIZE: u32 = 500;

/// A page of a list, ready to be sent.
#[derive(Debug, PartialEq, Eq)]
pub struct ListPage {
    /// The rows as a JSON array.
    pub body: String,
    /// The `Link` header.
    pub link: String,
    /// How many rows there are on all pages (`X-Total-Count`), where that was counted.
    pub total: Option<u64>,
}

/// `page_size` is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadSize;

/// The size of a page by token.
pub(crate) fn size(request: &Request) -> Result<u32, BadSize> {
    let asked = request.query("page_size").filter(|size| !size.is_empty());
    let asked = asked.map_or(Ok(0), str::parse).map_err(|_| BadSize)?;
    Ok(or_default(asked, MOST_BY_SIZE))
}

/// The size of a page by token of a list that also knows the older `per_page`.
pub(crate) fn size_or_per_page(request: &Request) -> Result<u32, BadSize> {
    match (request.query("page_size"), number(request, "per_page")) {
        (None, Some(asked)) => Ok(or_default(asked, MOST_PER_PAGE)),
        _ => size(request),
    }
}

fn or_default(asked: i64, most: u32) -> u32 {
    match u32::try_from(asked) {
        Ok(asked) if asked > 0 => asked.min(most),
        _ => DEFAULT_SIZE,
    }
}

/// A page by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbered {
    /// The number as the links count it, from 0.
    pub(crate) number: u32,
    /// Rows per page.
    pub(crate) size: u32,
    /// The number as rows are counted, from 0. Lists that also accept 1 for their first page differ here.
    pub(crate) rows: u32,
}

impl Numbered {
    /// The page that is asked for, of a list whose first page is 0.
    pub(crate) fn from_zero(request: &Request) -> Self {
        let number = Self::asked(request);
        Self {
            number,
            size: Self::rows_per_page(request),
            rows: number,
        }
    }

    /// The page that is asked for, of a list whose first page is 1 and whose links count from 0 all the same. What leads on
    /// reliably is the token in the links.
    pub(crate) fn from_one(request: &Request) -> Self {
        let size = Self::rows_per_page(request);
        match request.query("page_token").and_then(opened) {
            Some(page) => Self {
                number: page,
                size,
                rows: page,
            },
            None => {
                let number = Self::asked(request);
                Self {
                    number,
                    size,
                    rows: number.saturating_sub(1),
                }
            }
        }
    }

    fn asked(request: &Request) -> u32 {
        number(request, "page")
            .and_then(|page| u32::try_from(page).ok())
            .unwrap_or(0)
    }

    fn rows_per_page(request: &Request) -> u32 {
        let asked = |name, most: u32| {
            let asked = number(request, name)?.clamp(1, i64::from(most));
            u32::try_from(asked).ok()
        };
        asked("page_size", MOST_BY_SIZE)
            .or_else(|| asked("per_page", MOST_PER_PAGE))
            .unwrap_or(DEFAULT_SIZE)
    }

    /// The `Link` header of this page of a list at `path` that has `total` rows.
    pub(crate) fn links(self, path: &str, request: &Request, total: u64) -> String {
        let (total, size) = (
            i64::try_from(total).unwrap_or(i64::MAX),
            i64::from(self.size),
        );
        let page = i64::from(self.number);
        let last = (total - 1).max(0) / size;
        let relations: Vec<(&str, i64, i64)> = if total == 0 {
            vec![
                ("first", 0, size),
                ("next", page + 1, size),
                ("prev", page - 1, size),
            ]
        } else if page >= last && last == 0 {
            vec![("first", 0, total)]
        } else if page >= last {
            vec![("first", 0, size), ("prev", last - 1, size)]
        } else if page == 0 {
            vec![("next", 1, size), ("last", last, size)]
        } else {
            vec![
                ("first", 0, size),
                ("next", page + 1, size),
                ("prev", page - 1, size),
                ("last", last, size),
            ]
        };
        let links = relations.into_iter().map(|(relation, page, size)| {
            let (page, size) = (page.to_string(), size.to_string());
            let own = [
                ("page", &*page),
                ("page_size", &*size),
                ("page_token", &*sealed(&page)),
                ("per_page", &*size),
            ];
            link(path, request, &own, relation)
        });
        links.collect::<Vec<_>>().join(",")
    }
}

/// The `Link` header of a page by token: to the first page, and to the next one if there is one.
pub(crate) fn token_links(
    path: &str,
    request: &Request,
    size: u32,
    (first, next): (&str, Option<&str>),
) -> String {
    let size = size.to_string();
    let to = |token: &str, relation| {
        link(
            path,
            request,
            &[("page_size", &size), ("page_token", token)],
            relation,
        )
    };
    match next {
        Some(next) => format!("{},{}", to(first, "first"), to(next, "next")),
        None => to(first, "first"),
    }
}

/// One link: the query of the request, with `own` in place of what it said of pages.
fn link(path: &str, request: &Request, own: &[(&str, &str)], relation: &str) -> String {
    let foreign = request
        .query
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .filter(|(key, _)| !["page", "page_size", "page_token", "per_page"].contains(key));
    let mut query: Vec<(&str, &str)> = foreign.chain(own.iter().copied()).collect();
    query.sort_by_key(|(key, _)| *key);
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query)
        .finish();
    format!("<{path}?{query}>; rel=\"{relation}\"")
}

fn number(request: &Request, name: &str) -> Option<i64> {
    request.query(name)?.parse().ok()
}

/// A text that clients don't look into.
pub(crate) fn sealed(content: &str) -> String {
    URL_SAFE_NO_PAD.encode(content)
}

fn opened(token: &str) -> Option<u32> {
    unsealed(token)?.parse().ok()
}

/// What [`sealed`] was given.
pub(crate) fn unsealed(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Accept;

    fn asked(query: &str) -> Request {
        Request {
            method: http::Method::GET,
            url: String::new(),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            headers: http::HeaderMap::new(),
            accept: Accept::Json,
            session_token: None,
            continuity: None,
        }
    }

    /// Relation and page of each link.
    fn relations(links: &str) -> Vec<(String, String)> {
        links
            .split(',')
            .map(|link| {
                let (address, relation) = link.split_once(">; rel=").unwrap();
                let query = address.split_once('?').unwrap().1;
                let page = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "page");
                (
                    relation.trim_matches('"').to_owned(),
                    page.unwrap().1.into_owned(),
                )
            })
            .collect()
    }

    fn links(number: u32, size: u32, total: u64) -> Vec<(String, String)> {
        let page = Numbered {
            number,
            size,
            rows: number,
        };
        relations(&page.links("/list", &asked(""), total))
    }

    fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
        of.iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    }

    #[test]
    fn a_page_links_to_those_around_it() {
        assert_eq!(links(0, 2, 5), pairs(&[("next", "1"), ("last", "2")]));
        assert_eq!(
            links(1, 2, 5),
            pairs(&[("first", "0"), ("next", "2"), ("prev", "0"), ("last", "2")])
        );
        assert_eq!(links(2, 2, 5), pairs(&[("first", "0"), ("prev", "1")]));
        assert_eq!(links(9, 2, 5), pairs(&[("first", "0"), ("prev", "1")]));
        assert_eq!(links(1, 2, 4), pairs(&[("first", "0"), ("prev", "0")]));
    }

    #[test]
    fn a_single_page_is_as_large_as_the_list() {
        let page = Numbered {
            number: 0,
            size: 250,
            rows: 0,
        };
        let header = page.links("/list", &asked(""), 2);
        assert!(
            header.contains("page_size=2&") && header.ends_with("rel=\"first\""),
            "{header}"
        );
        assert_eq!(links(5, 250, 2), pairs(&[("first", "0")]));
    }

    #[test]
    fn an_empty_list_links_to_pages_that_are_not_there() {
        assert_eq!(
            links(0, 250, 0),
            pairs(&[("first", "0"), ("next", "1"), ("prev", "-1")])
        );
    }

    #[test]
    fn links_repeat_the_query_in_order_and_replace_what_it_said_of_pages() {
        let request =
            asked("page_size=2&expand=identity&page_token=old&expand=devices&active=true");
        assert_eq!(
            token_links("/admin/sessions", &request, 2, ("start", Some("more"))),
            "</admin/sessions?active=true&expand=identity&expand=devices&page_size=2&page_token=start>; rel=\"first\",\
             </admin/sessions?active=true&expand=identity&expand=devices&page_size=2&page_token=more>; rel=\"next\""
        );
        let request = asked("credentials_identifier=ada@example.org");
        assert_eq!(
            token_links("/admin/identities", &request, 250, ("start", None)),
            "</admin/identities?credentials_identifier=ada%40example.org&page_size=250&page_token=start>; rel=\"first\""
        );
    }

    #[test]
    fn odd_sizes_fall_back() {
        for (query, expected) in [
            ("", 250),
            ("page_size=2", 2),
            ("page_size=0", 250),
            ("page_size=-1", 250),
            ("page_size=5000", 500),
            ("per_page=x", 250),
        ] {
            assert_eq!(size(&asked(query)), Ok(expected), "{query}");
            assert_eq!(size_or_per_page(&asked(query)), Ok(expected), "{query}");
        }
        assert_eq!(size(&asked("page_size=x")), Err(BadSize));
        assert_eq!(size(&asked("per_page=3")), Ok(250));
        assert_eq!(size_or_per_page(&asked("per_page=3")), Ok(3));
        assert_eq!(size_or_per_page(&asked("per_page=3&page_size=4")), Ok(4));
    }

    #[test]
    fn odd_numbers_fall_back() {
        for (query, number, size) in [
            ("", 0, 250),
            ("page=1&per_page=2", 1, 2),
            ("page=1&per_page=0", 1, 1),
            ("page=1&per_page=5000", 1, 1000),
            ("page=x", 0, 250),
            ("page=-1&per_page=2", 0, 2),
        ] {
            let expected = Numbered {
                number,
                size,
                rows: number,
            };
            assert_eq!(Numbered::from_zero(&asked(query)), expected, "{query}");
        }
    }

    #[test]
    fn the_tokens_of_a_list_that_counts_from_one_lead_through_it() {
        let mut seen = Vec::new();
        let mut request = asked("per_page=2");
        loop {
            let page = Numbered::from_one(&request);
            seen.push(page.rows);
            let header = page.links("/sessions", &request, 5);
            let Some(next) = header
                .split(',')
                .find(|link| link.ends_with("rel=\"next\""))
            else {
                if !header.contains("rel=\"last\"") {
                    break;
                }
                panic!("no way on: {header}");
            };
            request = asked(next.split_once('?').unwrap().1.split_once('>').unwrap().0);
        }
        assert_eq!(seen, [0, 1, 2]);
        assert_eq!(Numbered::from_one(&asked("page=1&per_page=2")).rows, 0);
        assert_eq!(Numbered::from_one(&asked("page=2&per_page=2")).rows, 1);
        assert_eq!(Numbered::from_one(&asked("page_token=nonsense")).rows, 0);
    }
}
