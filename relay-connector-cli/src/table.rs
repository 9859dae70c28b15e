//! Tables for people: columns as wide as their widest cell.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

/// What is between two columns.
const GAP: &str = "  ";

/// Writes a heading and rows. Cells are shown without control characters: they hold what gateways and platforms
/// call themselves.
pub(crate) fn write(out: &mut impl Write, heading: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let heading: Vec<String> = heading.iter().map(|&cell| cell.to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(&heading)
        .chain(rows)
        .map(|row| row.iter().map(|cell| visible(cell)).collect())
        .collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(cell.width())));
            line.push_str(GAP);
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn visible(cell: &str) -> String {
    cell.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_show_no_control_characters() {
        let mut out = Vec::new();
        let rows = [["a\u{1b}[2J", "1"], ["日本", "22"]].map(|row| row.map(str::to_owned).to_vec());
        super::write(&mut out, &["NAME", "N"], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "NAME   N\na\u{fffd}[2J  1\n日本   22\n");
    }
}
