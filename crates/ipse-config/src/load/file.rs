//! Reading a file in YAML, JSON or TOML, with the position of every key.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use serde_saphyr::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::origin::Origin;
use super::tree::{Node, Tree};

/// Reads a file. Its name says which format it has.
pub(crate) fn read(path: &Path) -> Result<Tree, ConfigError> {
    parse(path, &text(path)?)
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Parses the text of a file.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Tree, ConfigError> {
    let file = File {
        path: Arc::from(path),
    };
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("yaml" | "yml") => file.yaml(text),
        Some("json") => file.json(text),
        Some("toml") => file.toml(text),
        _ => Err(ConfigError::Format {
            path: PathBuf::from(path),
        }),
    }
}

/// The file that is being read.
struct File {
    path: Arc<Path>,
}

impl File {
    fn at(&self, line: u64, column: u64) -> Origin {
        Origin::File {
            path: Arc::clone(&self.path),
            line,
            column,
        }
    }

    fn yaml(&self, text: &str) -> Result<Tree, ConfigError> {
        let options = serde_saphyr::options! {
            // As the reference reads YAML: `yes` is a text, `0755` is octal.
            strict_booleans: true,
            legacy_octal_numbers: true,
        };
        let parsed = serde_saphyr::from_str_with_options::<Spanned<Yaml>>(text, options);
        let document = parsed.map_err(|error| {
            let (line, column) = error
                .location()
                .map_or((1, 1), |place| (place.line(), place.column()));
            // The library can quote the lines around a mistake. It must not: a secret may be there.
            let message = error.without_snippet().to_string();
            let message = message
                .split(" at line ")
                .next()
                .unwrap_or_default()
                .to_owned();
            ConfigError::Syntax {
                origin: self.at(line, column),
                message,
            }
        })?;
        Ok(self.located(document.value, self.at(1, 1)))
    }

    fn located(&self, yaml: Yaml, origin: Origin) -> Tree {
        let node = match yaml {
            Yaml::Leaf(value) => Node::Leaf(value),
            Yaml::List(items) => Node::List(
                items
                    .into_iter()
                    .map(|item| {
                        let place = item.referenced;
                        self.located(item.value, self.at(place.line(), place.column()))
                    })
                    .collect(),
            ),
            Yaml::Table(entries) => Node::Table(
                entries
                    .into_iter()
                    .map(|(key, item)| {
                        let place = key.referenced;
                        let origin = self.at(place.line(), place.column());
                        (key.value, self.located(item.value, origin))
                    })
                    .collect(),
            ),
        };
        Tree { origin, node }
    }

    /// JSON is checked as JSON, and then read as YAML, which knows positions.
    fn json(&self, text: &str) -> Result<Tree, ConfigError> {
        serde_json::from_str::<Value>(text).map_err(|error| {
            let origin = self.at(error.line() as u64, error.column() as u64);
            let message = error.to_string();
            let message = message
                .split(" at line ")
                .next()
                .unwrap_or_default()
                .to_owned();
            ConfigError::Syntax { origin, message }
        })?;
        self.yaml(text)
    }

    fn toml(&self, text: &str) -> Result<Tree, ConfigError> {
        let lines = Lines { text };
        let at = |offset: usize| {
            let (line, column) = lines.position(offset);
            self.at(line, column)
        };
        let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
            origin: at(error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })?;
        Ok(Tree {
            origin: self.at(1, 1),
            node: from_toml_table(table.into_inner(), &at),
        })
    }
}

fn from_toml_table(table: DeTable<'_>, at: &impl Fn(usize) -> Origin) -> Node {
    Node::Table(
        table
            .into_iter()
            .map(|(key, value)| {
                let origin = at(key.span().start);
                (
                    key.into_inner().into_owned(),
                    from_toml(value.into_inner(), origin, at),
                )
            })
            .collect(),
    )
}

fn from_toml(value: DeValue<'_>, origin: Origin, at: &impl Fn(usize) -> Origin) -> Tree {
    let node = match value {
        DeValue::String(text) => Node::Leaf(text.into_owned().into()),
        DeValue::Boolean(value) => Node::Leaf(value.into()),
        DeValue::Integer(number) => {
            // Anything too large for the type stays a text, which the check then refuses.
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            Node::Leaf(parsed.map_or_else(|_| number.as_str().into(), Value::from))
        }
        DeValue::Float(number) => {
            let parsed: Result<f64, _> = number.as_str().parse();
            Node::Leaf(parsed.map_or_else(|_| number.as_str().into(), Value::from))
        }
        DeValue::Datetime(time) => Node::Leaf(time.to_string().into()),
        DeValue::Array(items) => Node::List(
            items
                .into_iter()
                .map(|item| {
                    let origin = at(item.span().start);
                    from_toml(item.into_inner(), origin, at)
                })
                .collect(),
        ),
        DeValue::Table(table) => from_toml_table(table, at),
    };
    Tree { origin, node }
}

/// Turns byte offsets into lines and columns.
struct Lines<'a> {
    text: &'a str,
}

impl Lines<'_> {
    fn position(&self, offset: usize) -> (u64, u64) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before
            .chars()
            .rev()
            .take_while(|character| *character != '\n')
            .count()
            + 1;
        (line as u64, column as u64)
    }
}

/// A YAML node with the positions of what is in it.
enum Yaml {
    Leaf(Value),
    List(Vec<Spanned<Yaml>>),
    Table(Vec<(Spanned<String>, Spanned<Yaml>)>),
}

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(YamlVisitor)
    }
}

struct YamlVisitor;

impl<'de> de::Visitor<'de> for YamlVisitor {
    type Value = Yaml;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Yaml, E> {
        Ok(Yaml::Leaf(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Yaml, E> {
        Ok(Yaml::Leaf(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Yaml, E> {
        Ok(Yaml::Leaf(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Yaml, E> {
        Ok(Yaml::Leaf(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Yaml, E> {
        Ok(Yaml::Leaf(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Leaf(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Leaf(Value::Null))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Yaml, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Yaml::List(list))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Yaml, A::Error> {
        let mut table = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            table.push(entry);
        }
        Ok(Yaml::Table(table))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::load::key::KeyPath;

    #[test]
    fn keys_know_where_they_are() {
        let place = |name: &str, text: &str, key: &str| {
            let tree = parse(Path::new(name), text).unwrap();
            tree.origin(&KeyPath::parse(key)).to_string()
        };
        let yaml = "a:\n  b: [1,\n    2]\nbase: &base { x: 1 }\nused: { <<: *base, y: 2 }\n";
        assert_eq!(place("f.yml", yaml, "a.b"), "f.yml:2:3");
        assert_eq!(place("f.yml", yaml, "a.b.1"), "f.yml:3:5");
        assert_eq!(place("f.yml", yaml, "used.y"), "f.yml:5:20");
        assert_eq!(place("f.yml", yaml, "a.missing.deeper"), "f.yml:1:1");
        assert_eq!(
            place("f.toml", "x = 1\n[a]\nb = [\n  1, 2]\n", "a.b.1"),
            "f.toml:4:6"
        );
        assert_eq!(
            place("f.json", "{\n  \"a\": {\"b\": 1}}", "a.b"),
            "f.json:2:9"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z0-9:&*<>{}\\[\\],\"'|#\\- \\n\\t=.]{0,80}") {
            for name in ["f.yml", "f.json", "f.toml"] {
                let _ = parse(Path::new(name), &text);
            }
        }
    }
}
