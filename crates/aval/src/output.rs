//! What a command answers: a table for people, JSON for programs.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table};
use serde_json::{Map, Value};

use crate::language::{Language, Text};

/// How a command speaks.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// In which language.
    pub language: Language,
    /// Whether JSON is wanted instead of a table.
    pub json: bool,
}

/// Rows with named columns. In JSON each row is an object with the columns' keys.
#[derive(Debug)]
pub struct Rows {
    columns: Vec<(&'static str, Text)>,
    rows: Vec<Vec<Value>>,
}

impl Rows {
    /// No rows yet; a column is its key in JSON and its heading for people.
    #[must_use]
    pub fn new(columns: Vec<(&'static str, Text)>) -> Self {
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// One more row, with one value for each column.
    pub fn push(&mut self, row: Vec<Value>) {
        debug_assert_eq!(row.len(), self.columns.len(), "a row has every column");
        self.rows.push(row);
    }
}

impl Output {
    /// Prints rows: data on standard output, nothing else.
    pub fn rows(self, rows: &Rows) -> io::Result<()> {
        if self.json {
            return print(&as_json(rows).to_string());
        }
        let mut table = Table::new();
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(
            rows.columns
                .iter()
                .map(|(_, heading)| heading.in_language(self.language)),
        );
        for row in &rows.rows {
            table.add_row(row.iter().map(plain));
        }
        print(&table.to_string())
    }

    /// Prints one thing as its members.
    pub fn one(self, rows: &Rows) -> io::Result<()> {
        if self.json {
            let first = as_json(rows)
                .as_array_mut()
                .map(|rows| rows.drain(..).next());
            return print(&first.flatten().unwrap_or_default().to_string());
        }
        self.rows(rows)
    }

    /// Prints one thing with many members, one a line, and what it holds several of: a
    /// table of its own for people, a member of that name in JSON.
    pub fn with_list(self, one: &Rows, name: &'static str, list: &Rows) -> io::Result<()> {
        self.with_lists(one, &[(name, list)])
    }

    /// The same with several such lists.
    pub fn with_lists(self, one: &Rows, lists: &[(&'static str, &Rows)]) -> io::Result<()> {
        if self.json {
            let mut whole = as_json(one)
                .as_array_mut()
                .and_then(|rows| rows.first_mut().map(Value::take))
                .unwrap_or_default();
            if let Some(members) = whole.as_object_mut() {
                let lists = lists.iter();
                members.extend(lists.map(|(name, list)| ((*name).to_owned(), as_json(list))));
            }
            return print(&whole.to_string());
        }
        let mut table = Table::new();
        table.set_content_arrangement(ContentArrangement::Dynamic);
        let columns = one.columns.iter();
        for ((_, heading), value) in columns.zip(one.rows.iter().flatten()) {
            table.add_row([heading.in_language(self.language).to_owned(), plain(value)]);
        }
        print(&table.to_string())?;
        let mut lists = lists.iter().filter(|(_, list)| !list.is_empty());
        lists.try_for_each(|(_, list)| self.rows(list))
    }

    /// Prints a text as it is, for a shell to take.
    pub fn bare(self, text: &str) -> io::Result<()> {
        print(text)
    }

    /// Says a sentence on standard error, whoever reads standard output.
    pub fn warning(self, text: &Text) -> io::Result<()> {
        writeln!(io::stderr().lock(), "{}", text.in_language(self.language))
    }

    /// Prints a sentence, for people only; JSON readers get no prose.
    pub fn sentence(self, text: &Text) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        print(text.in_language(self.language))
    }
}

fn as_json(rows: &Rows) -> Value {
    let object = |row: &Vec<Value>| {
        let keys = rows.columns.iter().map(|(key, _)| (*key).to_owned());
        Value::Object(keys.zip(row.iter().cloned()).collect::<Map<_, _>>())
    };
    Value::Array(rows.rows.iter().map(object).collect())
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn print(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::language::say;

    #[test]
    fn a_row_in_json_has_the_columns_keys() {
        let mut rows = Rows::new(vec![
            ("name", say("nom", "name")),
            ("towns", say("villes", "towns")),
        ]);
        rows.push(vec![json!("A"), json!(["Brest", "Lyon"])]);
        assert_eq!(
            as_json(&rows),
            json!([{"name": "A", "towns": ["Brest", "Lyon"]}])
        );
    }

    #[test]
    fn people_read_values_without_punctuation() {
        assert_eq!(plain(&json!(["a", "b"])), "a, b");
        assert_eq!(plain(&Value::Null), "");
        assert_eq!(plain(&json!(true)), "true");
    }
}
