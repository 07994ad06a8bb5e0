//! What there is to copy, read from the portable migrations: tables in the order in which they are
//! made, their columns and keys, and the statements that read and write their rows.

use crate::{DbError, Migration, Sql, statement::Kind};

/// How many rows one `INSERT` takes where there are enough: a round trip to a server less for each.
pub(super) const ROWS_AT_ONCE: usize = 25;

/// A table as the migrations leave it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) columns: Vec<(String, Kind)>,
    pub(super) key: Vec<String>,
}

/// A table with its statements, which live for as long as the process: a copy makes a few dozen.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) kinds: Vec<Kind>,
    /// Where the columns of the key stand among all.
    pub(super) key: Vec<usize>,
    /// The first page; then the rows after a key that share all of it but its last column, all but
    /// its last two, and so on. Each is one stretch of the key on every engine, which a comparison
    /// of whole keys is not.
    pub(super) pages: Vec<&'static Sql>,
    /// How many bytes the blobs of these rows have; empty where there are none.
    pub(super) sizes: Vec<&'static Sql>,
    pub(super) last_key: &'static Sql,
    pub(super) insert: &'static Sql,
    pub(super) insert_many: &'static Sql,
    pub(super) count: &'static Sql,
    pub(super) clear: &'static Sql,
}

/// Reads the tables out of the migrations.
///
/// # Errors
/// [`DbError::Migration`] for a statement that changes a table in a way that is not understood here.
pub(super) fn shapes(migrations: &[Migration]) -> Result<Vec<Shape>, DbError> {
    let mut shapes: Vec<Shape> = Vec::new();
    for migration in migrations {
        for text in migration.statements {
            apply(&mut shapes, text).ok_or_else(|| {
                let begin: String = text.chars().take(60).collect();
                DbError::Migration(format!(
                    "copying does not understand migration {}: {begin}…",
                    migration.version
                ))
            })?;
        }
    }
    Ok(shapes)
}

/// What a statement makes of the tables; `None` when that is not understood.
fn apply(shapes: &mut Vec<Shape>, text: &str) -> Option<()> {
    let words: Vec<&str> = text.split_whitespace().take(6).collect();
    let upper: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
    let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
    match upper.as_slice() {
        ["CREATE", "TABLE", ..] => shapes.push(created(text)?),
        ["DROP", "TABLE", ..] => shapes.retain(|shape| shape.name != words[2]),
        ["ALTER", "TABLE", _, "ADD", "COLUMN", ..] => {
            let shape = shapes.iter_mut().find(|shape| shape.name == words[2])?;
            let definition = text.split_whitespace().skip(5).collect::<Vec<_>>().join(" ");
            shape.columns.push(column(&definition)?);
        }
        ["ALTER", "TABLE", _, "DROP", "COLUMN", name] => {
            let shape = shapes.iter_mut().find(|shape| shape.name == words[2])?;
            shape.columns.retain(|(column, _)| !column.eq_ignore_ascii_case(name));
        }
        ["CREATE", "INDEX" | "UNIQUE", ..]
        | ["DROP", "INDEX", ..]
        | ["INSERT" | "UPDATE" | "DELETE", ..] => {}
        _ => return None,
    }
    Some(())
}

fn created(text: &str) -> Option<Shape> {
    let (head, rest) = text.split_once('(')?;
    let name = head.split_whitespace().nth(2)?.to_owned();
    let (mut columns, mut key) = (Vec::new(), Vec::new());
    for part in parts(rest)? {
        if let Some(rest) = part.strip_prefix("CONSTRAINT ") {
            let (_, rest) = rest.split_once(' ')?;
            if let Some(list) = rest.trim_start().strip_prefix("PRIMARY KEY") {
                let list = list.trim().strip_prefix('(')?.strip_suffix(')')?;
                key = list.split(',').map(|column| column.trim().to_owned()).collect();
            }
            continue;
        }
        let column = column(&part)?;
        if part.contains(" PRIMARY KEY") {
            key = vec![column.0.clone()];
        }
        columns.push(column);
    }
    let known = |name: &String| columns.iter().any(|(column, _)| column == name);
    (!key.is_empty() && key.iter().all(known)).then_some(Shape { name, columns, key })
}

/// The parts between the parentheses of a `CREATE TABLE`, with one space between words.
fn parts(rest: &str) -> Option<Vec<String>> {
    let (mut depth, mut parts, mut part) = (0, Vec::new(), String::new());
    for c in rest.chars() {
        match c {
            ')' if depth == 0 => {
                parts.push(part);
                return Some(
                    parts
                        .iter()
                        .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
                        .collect(),
                );
            }
            ',' if depth == 0 => parts.push(std::mem::take(&mut part)),
            _ => {
                depth += i32::from(c == '(') - i32::from(c == ')');
                part.push(c);
            }
        }
    }
    None
}

/// `name {type} …`.
fn column(definition: &str) -> Option<(String, Kind)> {
    let (name, rest) = definition.split_once(' ')?;
    let word = rest.trim_start().strip_prefix('{')?.split(['}', ':']).next()?;
    let kind = match word {
        "int" => Kind::Int,
        "uuid" => Kind::Uuid,
        "text" => Kind::Text,
        "blob" => Kind::Blob,
        _ => return None,
    };
    Some((name.to_owned(), kind))
}

impl Table {
    pub(super) fn new(shape: &Shape) -> Self {
        let Shape { name, columns, key } = shape;
        let names: Vec<&str> = columns.iter().map(|(column, _)| column.as_str()).collect();
        let place = |column: &String| {
            names.iter().position(|name| name == column).expect("a key is made of columns")
        };
        let blobs: Vec<String> = columns
            .iter()
            .filter(|(_, kind)| *kind == Kind::Blob)
            .map(|(column, _)| format!("COALESCE(OCTET_LENGTH({column}), 0)"))
            .collect();
        let select = |what: &str| -> Vec<&'static Sql> {
            let all = std::iter::once(String::new()).chain((0..key.len()).rev().map(|equal| {
                let same = key[..equal].iter().map(|column| format!("{column} = ? AND "));
                format!("WHERE {}{} > ? ", same.collect::<String>(), key[equal])
            }));
            let order = key.join(", ");
            all.map(|condition| {
                let text = format!("SELECT {what} FROM {name} {condition}ORDER BY {order} LIMIT ?");
                sql(name, text)
            })
            .collect()
        };
        let row = format!("({})", vec!["?"; names.len()].join(", "));
        let insert = |rows: usize| {
            let rows = vec![row.as_str(); rows].join(", ");
            sql(name, format!("INSERT INTO {name} ({}) VALUES {rows}", names.join(", ")))
        };
        let backwards =
            key.iter().map(|column| format!("{column} DESC")).collect::<Vec<_>>().join(", ");
        Self {
            kinds: columns.iter().map(|(_, kind)| *kind).collect(),
            key: key.iter().map(place).collect(),
            pages: select(&names.join(", ")),
            sizes: if blobs.is_empty() { Vec::new() } else { select(&blobs.join(" + ")) },
            last_key: sql(
                name,
                format!("SELECT {} FROM {name} ORDER BY {backwards} LIMIT 1", key.join(", ")),
            ),
            insert: insert(1),
            insert_many: insert(ROWS_AT_ONCE),
            count: sql(name, format!("SELECT COUNT(*) FROM {name}")),
            clear: sql(name, format!("DELETE FROM {name}")),
            name: name.clone(),
        }
    }

    /// The kinds of the key's columns.
    pub(super) fn key_kinds(&self) -> Vec<Kind> {
        self.key.iter().map(|index| self.kinds[*index]).collect()
    }
}

/// A statement made of what the migrations say, which is as static as they are.
fn sql(table: &str, text: String) -> &'static Sql {
    let name: &'static str = Box::leak(format!("copy.{table}").into_boxed_str());
    Box::leak(Box::new(Sql::declare(name, Box::leak(text.into_boxed_str()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(statements: &'static [&'static str]) -> Result<Vec<Shape>, DbError> {
        shapes(&[Migration { version: 1, name: "one", statements }])
    }

    #[test]
    fn tables_are_read_from_the_migrations() {
        let found = read(&[
            "CREATE TABLE notes (
                owner_id {uuid} NOT NULL,
                id {int} NOT NULL,
                title {text:120}, body {blob} NOT NULL,
                CONSTRAINT notes_owner_id_id_key PRIMARY KEY (owner_id,
                    id),
                CONSTRAINT notes_title_key UNIQUE (title),
                CONSTRAINT notes_owner_id_fkey FOREIGN KEY (owner_id)
                    REFERENCES users (id) ON DELETE CASCADE
            ){table}",
            "CREATE TABLE small (n {int} NOT NULL PRIMARY KEY){table}",
            "CREATE TABLE gone (n {int} NOT NULL PRIMARY KEY){table}",
            "INSERT INTO small (n) VALUES (1)",
            "CREATE INDEX notes_title_idx ON notes (title)",
            "ALTER TABLE small ADD COLUMN later {text:9}",
            "ALTER TABLE notes DROP COLUMN title",
            "DROP TABLE gone",
        ])
        .unwrap();
        let column = |name: &str, kind| (name.to_owned(), kind);
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0].columns,
            [column("owner_id", Kind::Uuid), column("id", Kind::Int), column("body", Kind::Blob)]
        );
        assert_eq!(
            (found[0].name.as_str(), found[0].key.join(" ")),
            ("notes", "owner_id id".into())
        );
        assert_eq!(found[1].columns, [column("n", Kind::Int), column("later", Kind::Text)]);
        assert_eq!(found[1].key, ["n"]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for statements in [
            &["ALTER TABLE notes RENAME TO others"][..],
            &["CREATE TABLE keyless (n {int})"],
            &["CREATE TABLE odd (n {float}, CONSTRAINT odd_n_key PRIMARY KEY (n))"],
            &["CREATE TABLE cut (n {int} PRIMARY KEY"],
            &["ALTER TABLE nowhere ADD COLUMN n {int}"],
        ] {
            let error = read(statements).unwrap_err().to_string();
            assert!(error.contains("does not understand migration 1"), "{error}");
        }
    }

    #[test]
    fn each_page_is_one_stretch_of_the_key() {
        let shape = Shape {
            name: "t".into(),
            columns: vec![
                ("v".into(), Kind::Blob),
                ("a".into(), Kind::Uuid),
                ("b".into(), Kind::Int),
            ],
            key: vec!["a".into(), "b".into()],
        };
        let table = Table::new(&shape);
        let texts: Vec<&str> = table.pages.iter().map(|sql| sql.text()).collect();
        assert_eq!(
            texts,
            [
                "SELECT v, a, b FROM t ORDER BY a, b LIMIT ?",
                "SELECT v, a, b FROM t WHERE a = ? AND b > ? ORDER BY a, b LIMIT ?",
                "SELECT v, a, b FROM t WHERE a > ? ORDER BY a, b LIMIT ?",
            ]
        );
        assert_eq!(table.key, [1, 2]);
        assert_eq!(
            table.sizes[2].text(),
            "SELECT COALESCE(OCTET_LENGTH(v), 0) FROM t WHERE a > ? ORDER BY a, b LIMIT ?"
        );
        assert_eq!(table.last_key.text(), "SELECT a, b FROM t ORDER BY a DESC, b DESC LIMIT 1");
    }
}
