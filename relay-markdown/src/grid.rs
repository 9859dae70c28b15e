//! A table as lines of equal columns, for platforms that show none.

use unicode_width::UnicodeWidthStr;

/// Cells wider than this push the columns behind them out of line; one long cell must not widen every row.
const WIDEST_COLUMN: usize = 28;

/// The rows as lines, the first one underlined.
pub(crate) fn grid(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let mut widths = vec![1; columns];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width()).min(WIDEST_COLUMN);
        }
    }
    let mut lines = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            if column > 0 {
                lines.push_str(" | ");
            }
            lines.push_str(cell);
            if column + 1 < row.len() {
                push(&mut lines, ' ', widths[column].saturating_sub(cell.width()));
            }
        }
        trim_end(&mut lines);
        lines.push('\n');
        if number == 0 {
            for (column, width) in widths.iter().take(row.len()).enumerate() {
                lines.push_str(if column > 0 { "-+-" } else { "" });
                push(&mut lines, '-', *width);
            }
            lines.push('\n');
        }
    }
    lines.truncate(lines.trim_end().len());
    lines
}

fn push(lines: &mut String, character: char, times: usize) {
    lines.extend(std::iter::repeat_n(character, times));
}

fn trim_end(lines: &mut String) {
    lines.truncate(lines.trim_end_matches(' ').len());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn columns_line_up_also_where_characters_are_wide() {
        assert_eq!(grid(&rows(&[&["name", "n"], &["日本", "1"], &["x"]])), "name | n\n-----+--\n日本 | 1\nx");
    }

    #[test]
    fn a_long_cell_widens_no_other_row_beyond_reason() {
        let long = "x".repeat(10_000);
        let mut table = vec![vec!["h".to_owned(), "i".to_owned()], vec![long, "1".to_owned()]];
        table.extend((0..1000).map(|_| vec!["a".to_owned(), "b".to_owned()]));
        assert!(grid(&table).len() < 60_000);
    }
}
