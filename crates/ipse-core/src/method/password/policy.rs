//! Which passwords may be chosen: long enough, not much like what one signs in with, not known from data breaches.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ipse_model::Clock;
use ipse_ui::Message;
use ipse_ui::text::validation as say;
use jiff::{SignedDuration, Timestamp};
use sha1::{Digest as _, Sha1};

/// What bcrypt looks at; anything beyond would not count.
pub const BCRYPT_MAX_BYTES: u64 = 72;

/// A password this few edits away from an identifier is too much like it.
const FEWEST_EDITS: usize = 5;
/// How much is compared with an identifier, in characters: the comparison takes time in proportion to the product.
const COMPARED: usize = 512;
/// How many digits of the hash the breach list gets to see.
const PREFIX: usize = 5;
/// How many answers of the breach list are kept.
const KEPT_ANSWERS: usize = 32;
/// How long an answer of the breach list is good for.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(6);

/// The rules for new passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The fewest characters.
    pub min_length: u64,
    /// The most bytes, if the hash algorithm has a limit.
    pub max_bytes: Option<u64>,
    /// Whether it is compared with the identifiers.
    pub similarity_check: bool,
    /// Whether and how a breach list is asked.
    pub breaches: Option<BreachPolicy>,
}

/// The rules about a breach list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreachPolicy {
    /// Its host, with a port if need be.
    pub host: String,
    /// How many times a password may be on it.
    pub max_breaches: u64,
    /// Whether passwords pass while it can't be asked.
    pub ignore_network_errors: bool,
}

/// Why the breach list has not answered.
pub type BreachListError = Box<dyn std::error::Error + Send + Sync>;

/// A list of breached passwords that is asked by the beginning of a hash only, so that it doesn't learn the password.
#[async_trait]
pub trait BreachList: Send + Sync {
    /// The body of the answer at `url`, asked for with `Add-Padding: true` so that its length tells nothing: lines of the
    /// rest of a hash, a colon and how often it was seen.
    async fn range(&self, url: &str) -> Result<String, BreachListError>;
}

/// Why a password can't be chosen.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It breaks a rule; the message is for the password field.
    #[error("the password is refused: {}", .0.text)]
    Refused(Message),
    /// The breach list can't be asked, and the configuration doesn't let that pass.
    #[error("the breach list can't be asked: {0}")]
    Unavailable(#[source] BreachListError),
}

impl Policy {
    /// Whether somebody with these identifiers may choose this password.
    ///
    /// # Errors
    /// The first rule it breaks: length, likeness, breaches.
    pub async fn check(
        &self,
        password: &str,
        identifiers: &[&str],
        list: &dyn BreachList,
    ) -> Result<(), PolicyError> {
        self.check_length(password)?;
        if self.similarity_check
            && identifiers
                .iter()
                .any(|identifier| alike(identifier, password))
        {
            return Err(PolicyError::Refused(say::password_identifier_too_similar()));
        }
        match &self.breaches {
            Some(breaches) => breaches.check(password, list).await,
            None => Ok(()),
        }
    }

    fn check_length(&self, password: &str) -> Result<(), PolicyError> {
        let characters = password.chars().count() as u64;
        if characters < self.min_length {
            let message = say::password_min_length(self.min_length, characters);
            return Err(PolicyError::Refused(message));
        }
        let bytes = password.len() as u64;
        match self.max_bytes {
            Some(most) if bytes > most => {
                Err(PolicyError::Refused(say::password_max_length(most, bytes)))
            }
            _ => Ok(()),
        }
    }
}

impl BreachPolicy {
    async fn check(&self, password: &str, list: &dyn BreachList) -> Result<(), PolicyError> {
        let hash = hash(password);
        let (prefix, rest) = hash.split_at(PREFIX);
        let url = format!("https://{}/range/{prefix}", self.host);
        let answer = list.range(&url).await.and_then(|body| seen(&body, rest));
        match answer {
            Ok(breaches) if breaches > self.max_breaches => Err(PolicyError::Refused(
                say::password_too_many_breaches(breaches),
            )),
            Ok(_) => Ok(()),
            Err(error) if self.ignore_network_errors => {
                tracing::warn!(host = self.host, %error, "The breach list can't be asked; the password passes.");
                Ok(())
            }
            Err(error) => Err(PolicyError::Unavailable(error)),
        }
    }
}

/// The SHA-1 hash in capital hexadecimal digits, as breach lists have it.
fn hash(password: &str) -> String {
    let digest = Sha1::digest(password.as_bytes());
    digest
        .iter()
        .fold(String::with_capacity(40), |mut text, byte| {
            // Writing to a String can't fail.
            let _ = write!(text, "{byte:02X}");
            text
        })
}

#[derive(Debug, thiserror::Error)]
#[error("the answer is no list of hashes")]
struct NoList;

/// How often the answer says that a hash ending in `rest` was seen. An empty answer knows no hash; one without a single
/// line of the right form comes from something else than a breach list.
fn seen(body: &str, rest: &str) -> Result<u64, BreachListError> {
    let mut understood = body.trim().is_empty();
    for line in body.lines() {
        let Some((suffix, count)) = line.trim().split_once(':') else {
            continue;
        };
        let Ok(count) = count.trim().parse() else {
            continue;
        };
        understood = true;
        if suffix.eq_ignore_ascii_case(rest) {
            return Ok(count);
        }
    }
    if understood {
        Ok(0)
    } else {
        Err(NoList.into())
    }
}

/// Whether a password is a few edits away from an identifier, or half of it is a piece of the identifier.
fn alike(identifier: &str, password: &str) -> bool {
    let folded = |text: &str| {
        text.to_lowercase()
            .chars()
            .take(COMPARED)
            .collect::<Vec<char>>()
    };
    let (identifier, password) = (folded(identifier), folded(password));
    if identifier.is_empty() || password.is_empty() {
        return false;
    }
    let common = longest_common_piece(&identifier, &password);
    if common * 2 > password.len() {
        return true;
    }
    // Lengths that differ by more can't be made equal in so few edits.
    identifier.len().abs_diff(password.len()) < FEWEST_EDITS
        && strsim::generic_levenshtein(&identifier, &password) < FEWEST_EDITS
}

/// The length of the longest run of characters that both have.
fn longest_common_piece(a: &[char], b: &[char]) -> usize {
    let mut longest = 0;
    // `ending[j + 1]` is the length of the run that ends with the current character of `a` and character `j` of `b`.
    let mut ending = vec![0_usize; b.len() + 1];
    for x in a {
        for j in (0..b.len()).rev() {
            ending[j + 1] = if *x == b[j] { ending[j] + 1 } else { 0 };
            longest = longest.max(ending[j + 1]);
        }
    }
    longest
}

/// A breach list that remembers its last answers for a while, so that correcting a form doesn't ask anew.
pub struct Remembering<L> {
    list: L,
    clock: Arc<dyn Clock>,
    answers: Mutex<VecDeque<Answer>>,
}

struct Answer {
    url: String,
    at: Timestamp,
    body: String,
}

impl<L: BreachList> Remembering<L> {
    /// Remembers the answers of `list`.
    #[must_use]
    pub fn new(list: L, clock: Arc<dyn Clock>) -> Self {
        Self {
            list,
            clock,
            answers: Mutex::default(),
        }
    }

    fn answers(&self) -> MutexGuard<'_, VecDeque<Answer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<L: BreachList> BreachList for Remembering<L> {
    async fn range(&self, url: &str) -> Result<String, BreachListError> {
        let now = self.clock.now();
        {
            let mut answers = self.answers();
            answers.retain(|answer| now.duration_since(answer.at) < KEPT_FOR);
            if let Some(answer) = answers.iter().find(|answer| answer.url == url) {
                return Ok(answer.body.clone());
            }
        }
        let body = self.list.range(url).await?;
        let mut answers = self.answers();
        if answers.len() >= KEPT_ANSWERS {
            answers.pop_front();
        }
        answers.push_back(Answer {
            url: url.to_owned(),
            at: now,
            body: body.clone(),
        });
        Ok(body)
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
