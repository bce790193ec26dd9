//! A table for people: columns that line up whatever the script of the words in them.

use std::fmt;

use comfy_table::{ContentArrangement, TableStyle};

/// Rows under a line of titles.
pub(super) struct Table(comfy_table::Table);

impl Table {
    pub(super) fn new<const N: usize>(titles: [&str; N]) -> Self {
        let mut table = comfy_table::Table::new();
        table
            .load_style(TableStyle::new())
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(titles);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        Self(table)
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.0.add_row(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.trim_fmt())
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_line_up_also_under_turkish_words() {
        let mut table = Table::new(["A", "B"]);
        table.row(["şğü".to_owned(), "1".to_owned()]);
        table.row(["abcd".to_owned(), "2".to_owned()]);
        assert_eq!(table.to_string(), "A     B\nşğü   1\nabcd  2");
    }
}
