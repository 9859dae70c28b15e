//! Tables of a Markdown document that stand behind a marker.

/// A marker with the table behind it; without one, header and rows are empty.
#[derive(Debug)]
pub(crate) struct MarkdownTable {
    /// What stands between `<!-- contract: ` and ` -->`.
    pub(crate) marker: String,
    /// The marker's line, from 1.
    pub(crate) line: usize,
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// One row below the header.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) line: usize,
    pub(crate) cells: Vec<String>,
}

impl Row {
    /// A cell; empty where the row is too short.
    pub(crate) fn cell(&self, index: usize) -> &str {
        self.cells.get(index).map_or("", String::as_str)
    }
}

/// All marked tables, in order. Code fences are skipped.
pub(crate) fn marked(text: &str) -> Vec<MarkdownTable> {
    let mut tables: Vec<MarkdownTable> = Vec::new();
    let mut fenced = false;
    // The marker was seen and its table, which may come after blank lines, has not ended.
    let mut open = false;
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if text.starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            open = false;
        } else if let Some(marker) = marker(text) {
            let marker = marker.to_owned();
            tables.push(MarkdownTable { marker, line, header: Vec::new(), rows: Vec::new() });
            open = true;
        } else if let Some(table) = tables.last_mut().filter(|_| open) {
            if text.starts_with('|') {
                table.add(line, text);
            } else if !text.is_empty() || !table.header.is_empty() {
                open = false;
            }
        }
    }
    tables
}

impl MarkdownTable {
    fn add(&mut self, line: usize, text: &str) {
        let cells = cells(text);
        if self.header.is_empty() {
            self.header = cells;
        } else if !cells.iter().all(|cell| cell.chars().all(|letter| matches!(letter, '-' | ':'))) {
            self.rows.push(Row { line, cells });
        }
    }
}

fn marker(text: &str) -> Option<&str> {
    text.strip_prefix("<!-- contract: ")?.strip_suffix(" -->")
}

fn cells(text: &str) -> Vec<String> {
    let inner = text.strip_prefix('|').unwrap_or(text);
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    // An escaped bar is text.
    inner.replace("\\|", "\0").split('|').map(|cell| cell.trim().replace('\0', "|")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_ends_at_the_first_line_that_is_no_row() {
        let tables =
            marked("<!-- contract: x -->\n\n| A | B |\n|---|:-:|\n| 1 | 2 \\| 3 |\n\n| no | more |\n");
        let [table] = tables.as_slice() else { panic!("one table") };
        assert_eq!((table.marker.as_str(), table.line), ("x", 1));
        assert_eq!(table.header, ["A", "B"]);
        let [row] = table.rows.as_slice() else { panic!("one row") };
        assert_eq!((row.line, row.cell(0), row.cell(1), row.cell(2)), (5, "1", "2 | 3", ""));
    }

    #[test]
    fn what_stands_in_a_code_fence_is_an_example() {
        assert!(marked("```text\n<!-- contract: x -->\n| A |\n```\n").is_empty());
    }

    #[test]
    fn text_between_marker_and_table_parts_them() {
        assert!(marked("<!-- contract: x -->\nprose\n| A |\n| - |\n| 1 |\n")[0].header.is_empty());
    }
}
