//! The path of a key, from the top of the configuration down.

use std::fmt;

use serde_json::Value;

/// One step down: into a table or into a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Segment {
    /// An entry of a table.
    Key(String),
    /// An item of a list, counted from 0.
    Index(usize),
}

/// The path of a key. Written with dots: `serve.public.port`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyPath(Vec<Segment>);

impl KeyPath {
    /// Reads a path written with dots. Numbers are items of lists.
    pub(crate) fn parse(text: &str) -> Self {
        Self(
            text.split('.')
                .map(|part| {
                    part.parse()
                        .map_or_else(|_| Segment::Key(part.to_owned()), Segment::Index)
                })
                .collect(),
        )
    }

    /// The path of a key in the table at this path.
    pub(crate) fn key(&self, name: &str) -> Self {
        self.child(Segment::Key(name.to_owned()))
    }

    /// The path of an item of the list at this path.
    pub(crate) fn index(&self, index: usize) -> Self {
        self.child(Segment::Index(index))
    }

    fn child(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// The steps, from the top.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// What is at this path.
    pub(crate) fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.0
            .iter()
            .try_fold(value, |value, segment| match segment {
                Segment::Key(key) => value.get(key),
                Segment::Index(index) => value.get(index),
            })
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            if position > 0 {
                formatter.write_str(".")?;
            }
            match segment {
                Segment::Key(key) => formatter.write_str(key)?,
                Segment::Index(index) => write!(formatter, "{index}")?,
            }
        }
        Ok(())
    }
}
