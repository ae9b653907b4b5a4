//! The tables for Aurora DSQL, which speaks like PostgreSQL and keeps its tables in another way.
//!
//! Written after its documentation (Aurora DSQL User Guide, "SQL feature compatibility"): one definition per transaction and
//! nothing else in it, indexes are built in the background and are never partial, no collations (it sorts by bytes anyway), no
//! keys of type `bytea`. What refers to an identity is removed with it by the store, so that no references are needed.

use crate::migrate::statements;

/// The statements of a step as DSQL takes them, each to be carried out by itself, any number of times.
pub(crate) fn rewritten(sql: &str) -> Vec<String> {
    statements(sql).iter().map(|text| statement(text)).collect()
}

fn statement(text: &str) -> String {
    if let Some(index) = text.strip_prefix("CREATE INDEX ") {
        let (whole, _) = index.split_once(" WHERE ").unwrap_or((index, ""));
        return format!("CREATE INDEX ASYNC IF NOT EXISTS {whole}");
    }
    let lines: Vec<String> = text.lines().map(column).collect();
    let text = lines.join("\n");
    match text.strip_prefix("CREATE TABLE ") {
        Some(table) if !table.starts_with("IF ") => format!("CREATE TABLE IF NOT EXISTS {table}"),
        _ => text,
    }
}

/// A line of a table. Bytes become their hexadecimal digits.
fn column(line: &str) -> String {
    let (definition, end) = match line.strip_suffix(',') {
        Some(definition) => (definition, ","),
        None => (line, ""),
    };
    let (definition, _) = definition
        .split_once(" REFERENCES ")
        .unwrap_or((definition, ""));
    let definition = definition
        .replace(" COLLATE \"C\"", "")
        .replace(" bytea", " text");
    format!("{definition}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::BELONGINGS;
    use crate::migrate::MIGRATIONS;

    #[test]
    fn nothing_is_left_that_dsql_does_not_take() {
        let all: Vec<String> = MIGRATIONS
            .iter()
            .flat_map(|step| rewritten(step.postgres))
            .collect();
        assert!(!all.is_empty());
        for text in &all {
            for clause in ["REFERENCES", "COLLATE", "bytea", " WHERE ", "CASCADE"] {
                assert!(!text.contains(clause), "{clause}: {text}");
            }
            assert!(
                text.starts_with("CREATE TABLE IF NOT EXISTS ")
                    || text.starts_with("CREATE INDEX ASYNC IF NOT EXISTS ")
                    || text.starts_with("ALTER TABLE ")
                    || text.starts_with("INSERT INTO ")
                    || text.starts_with("UPDATE "),
                "look up whether DSQL takes this: {text}"
            );
        }
    }

    #[test]
    fn what_referred_to_an_identity_is_removed_with_it() {
        let tables = MIGRATIONS.iter().flat_map(|step| statements(step.postgres));
        let referring = tables.filter(|text| text.contains("REFERENCES identities"));
        let mut names: Vec<String> = referring
            .filter_map(|text| Some(text.split_whitespace().nth(2)?.to_owned()))
            .collect();
        names.sort();
        let mut removed: Vec<&str> = BELONGINGS
            .iter()
            .filter_map(|sql| sql.split_whitespace().nth(2))
            .collect();
        removed.sort_unstable();
        assert_eq!(names, removed);
    }

    #[test]
    fn columns_keep_everything_else() {
        let table = "CREATE TABLE sessions (\n    id uuid NOT NULL PRIMARY KEY,\n    \
            identity_id uuid NOT NULL REFERENCES identities (id) ON DELETE CASCADE,\n    \
            token_hash bytea NOT NULL UNIQUE,\n    name text COLLATE \"C\" NOT NULL\n);\n\
            CREATE INDEX by_name ON sessions (name) WHERE name IS NOT NULL;";
        assert_eq!(
            rewritten(table),
            [
                "CREATE TABLE IF NOT EXISTS sessions (\n    id uuid NOT NULL PRIMARY KEY,\n    \
                 identity_id uuid NOT NULL,\n    token_hash text NOT NULL UNIQUE,\n    \
                 name text NOT NULL\n)",
                "CREATE INDEX ASYNC IF NOT EXISTS by_name ON sessions (name)",
            ]
        );
    }
}
