//! Text in columns.

use std::fmt;

/// Rows whose cells stand below each other. The last cell of a row is as long as it likes.
#[derive(Debug, Default)]
pub(crate) struct Columns<const N: usize>(Vec<[String; N]>);

impl<const N: usize> Columns<N> {
    pub(crate) fn push(&mut self, row: [String; N]) {
        self.0.push(row);
    }
}

impl<const N: usize> fmt::Display for Columns<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = [0; N];
        for row in &self.0 {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in &self.0 {
            let line: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            writeln!(f, "{}", line.join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Columns;

    #[test]
    fn cells_stand_below_each_other_and_no_line_ends_in_blanks() {
        let mut columns = Columns::default();
        columns.push(["a".to_owned(), "bü".to_owned(), String::new()]);
        columns.push(["longer".to_owned(), "b".to_owned(), "the rest of it".to_owned()]);
        assert_eq!(columns.to_string(), "a       bü\nlonger  b   the rest of it\n");
    }
}
