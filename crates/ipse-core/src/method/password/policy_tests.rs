//! Which passwords are refused, and with what message.

use std::sync::atomic::{AtomicUsize, Ordering};

use ipse_model::ManualClock;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A breach list with one answer to everything.
struct Answers {
    body: Result<&'static str, &'static str>,
    asked: Mutex<Vec<String>>,
}

impl Answers {
    fn new(body: Result<&'static str, &'static str>) -> Self {
        Self {
            body,
            asked: Mutex::default(),
        }
    }
}

#[async_trait]
impl BreachList for Answers {
    async fn range(&self, url: &str) -> Result<String, BreachListError> {
        self.asked.lock().unwrap().push(url.to_owned());
        self.body.map(str::to_owned).map_err(Into::into)
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn policy() -> Policy {
    Policy {
        min_length: 8,
        max_bytes: Some(BCRYPT_MAX_BYTES),
        similarity_check: true,
        breaches: None,
    }
}

fn with_list(max_breaches: u64, ignore_network_errors: bool) -> Policy {
    let host = "breaches.example.org:4443".to_owned();
    Policy {
        breaches: Some(BreachPolicy {
            host,
            max_breaches,
            ignore_network_errors,
        }),
        ..policy()
    }
}

/// The number and the values of the message that refuses a password, if one does.
fn refusal(policy: &Policy, password: &str, list: &dyn BreachList) -> Option<(u32, Value)> {
    match wait(policy.check(
        password,
        &["", "ada.lovelace@example.org", "+4915112345678"],
        list,
    )) {
        Ok(()) => None,
        Err(PolicyError::Refused(message)) => Some((message.id, Value::Object(message.context))),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn length_counts_characters_at_least_and_bytes_at_most() {
    let nothing = Answers::new(Err("not to be asked"));
    let check = |password: &str| refusal(&policy(), password, &nothing);
    assert_eq!(
        check("s7Kq!pä"),
        Some((4_000_032, json!({"min_length": 8, "actual_length": 7})))
    );
    assert_eq!(
        check(""),
        Some((4_000_032, json!({"min_length": 8, "actual_length": 0})))
    );
    assert_eq!(check("s7Kq!päx"), None);
    assert_eq!(check(&"ä".repeat(36)), None);
    assert_eq!(
        check(&"ä".repeat(37)),
        Some((4_000_033, json!({"max_length": 72, "actual_length": 74})))
    );
    let unlimited = Policy {
        max_bytes: None,
        ..policy()
    };
    assert_eq!(refusal(&unlimited, &"ä".repeat(500), &nothing), None);
}

#[test]
fn likeness_to_an_identifier_is_refused() {
    let nothing = Answers::new(Err("not to be asked"));
    let unlike = Policy {
        similarity_check: false,
        ..policy()
    };
    for alike in [
        "ada.lovelace@example.org",
        "ADA.Lovelace@Example.ORG",
        "xda.lovelace@example.orx",
        "ada.lovelace",
        "example.org",
        "lovelace1815",
        "+4915112345678",
        "15112345678!!!",
    ] {
        assert_eq!(
            refusal(&policy(), alike, &nothing),
            Some((4_000_031, json!({}))),
            "{alike}"
        );
        assert_eq!(refusal(&unlike, alike, &nothing), None, "{alike}");
    }
    for different in [
        "correct horse battery",
        "lovelace and her engine",
        "ada 1815 notes",
    ] {
        assert_eq!(refusal(&policy(), different, &nothing), None, "{different}");
    }
}

#[test]
fn exactly_half_is_not_more_than_half() {
    assert!(!alike("abcdefgh-and-more", "abcdXYZW"));
    assert!(alike("abcdefgh-and-more", "abcdeXYZ"));
    assert!(alike("abcdef", "azcydx"));
    assert!(!alike("abcdefgh-", "azcyexgw!"));
}

/// "password123" has the hash CBFDAC6008F9CAB4083784CBD1874F76618D2A97.
const LISTED: &str =
    "0000000000000000000000000000000000A:0\r\nC6008F9CAB4083784CBD1874F76618D2A97:3\r\n";

#[test]
fn only_the_beginning_of_the_hash_leaves_the_house() {
    let list = Answers::new(Ok(LISTED));
    let refused = refusal(&with_list(0, false), "password123", &list);
    assert_eq!(refused, Some((4_000_034, json!({"breaches": 3}))));
    assert_eq!(
        *list.asked.lock().unwrap(),
        ["https://breaches.example.org:4443/range/CBFDA"]
    );
}

#[test]
fn some_breaches_can_be_tolerated() {
    let list = Answers::new(Ok(LISTED));
    assert!(refusal(&with_list(2, false), "password123", &list).is_some());
    assert_eq!(refusal(&with_list(3, false), "password123", &list), None);
    assert_eq!(
        refusal(&with_list(0, false), "another one, please", &list),
        None
    );
    assert_eq!(
        refusal(&with_list(0, false), "password123", &Answers::new(Ok(""))),
        None
    );
    let small = Answers::new(Ok("c6008f9cab4083784cbd1874f76618d2a97:7"));
    assert_eq!(
        refusal(&with_list(0, false), "password123", &small),
        Some((4_000_034, json!({"breaches": 7})))
    );
}

#[test]
fn a_list_that_does_not_answer_passes_or_stops_as_configured() {
    for list in [
        Answers::new(Err("connection refused")),
        Answers::new(Ok("<html>Sign in to this network</html>")),
    ] {
        assert_eq!(refusal(&with_list(0, true), "password123", &list), None);
        let stopped = wait(with_list(0, false).check("password123", &[], &list));
        assert!(matches!(stopped, Err(PolicyError::Unavailable(_))));
    }
}

#[test]
fn a_password_refused_by_another_rule_is_not_looked_up() {
    let list = Answers::new(Ok(LISTED));
    assert!(refusal(&with_list(0, false), "short", &list).is_some());
    assert!(refusal(&with_list(0, false), "ada.lovelace", &list).is_some());
    assert!(list.asked.lock().unwrap().is_empty());
}

/// Counts how often it is asked, and fails the first time.
#[derive(Default)]
struct Counting(AtomicUsize);

#[async_trait]
impl BreachList for &Counting {
    async fn range(&self, url: &str) -> Result<String, BreachListError> {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            0 => Err("not yet".into()),
            _ => Ok(format!("{url}:1")),
        }
    }
}

#[test]
fn answers_are_remembered_for_a_while() {
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let counting = Counting::default();
    let list = Remembering::new(&counting, clock.clone());
    let asked = || counting.0.load(Ordering::Relaxed);
    assert!(wait(list.range("a")).is_err());
    assert_eq!(wait(list.range("a")).unwrap(), "a:1");
    assert_eq!(wait(list.range("a")).unwrap(), "a:1");
    assert_eq!(asked(), 2);
    clock.advance(KEPT_FOR);
    assert_eq!(wait(list.range("a")).unwrap(), "a:1");
    assert_eq!(asked(), 3);
    for other in 0..KEPT_ANSWERS {
        wait(list.range(&other.to_string())).unwrap();
    }
    assert_eq!(list.answers().len(), KEPT_ANSWERS);
    wait(list.range("a")).unwrap();
    assert_eq!(asked(), 4 + KEPT_ANSWERS);
}

proptest! {
    #[test]
    fn a_common_piece_is_one(a in "[ab]{0,12}", b in "[ab]{0,12}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let longest = longest_common_piece(&chars(&a), &chars(&b));
        let pieces = |length: usize| (0..=a.len().saturating_sub(length)).map(move |start| (start, start + length));
        let has = |length: usize| length <= a.len() && pieces(length).any(|(start, end)| b.contains(&a[start..end]));
        prop_assert!(longest == 0 || has(longest));
        prop_assert!(!has(longest + 1));
    }

    #[test]
    fn no_answer_upsets_it(body in any::<String>()) {
        let _ = seen(&body, "0000000000000000000000000000000000A");
    }
}
