//! The cells of a row, told apart by a delimiter and by quotes.

use memchr::memchr;

/// The cells of one row, in one text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cells {
    text: String,
    /// Where each cell ends.
    ends: Vec<usize>,
    /// A quoted cell holds a quote that is not doubled.
    pub(super) stray: bool,
    /// A cell without quotes around it holds one.
    pub(super) inner: bool,
}

/// Whether the last cell goes on in the next line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Closed,
    Open,
}

/// What a quote within a quoted cell is taken for, if it is not doubled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stray {
    /// A sign like any other.
    Kept,
    /// The end of what is quoted; the rest of the cell follows as it is.
    Ends,
}

impl Cells {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, n: usize) -> Option<&str> {
        let begins = if n == 0 { 0 } else { *self.ends.get(n - 1)? };
        self.text.get(begins..*self.ends.get(n)?)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|n| self.get(n))
    }

    /// How many there are up to the last that says something.
    pub(super) fn filled(&self) -> usize {
        let blank = |n: &usize| self.get(*n).is_none_or(|cell| cell.trim().is_empty());
        self.len() - (0..self.len()).rev().take_while(blank).count()
    }

    /// Reads a line.
    pub(super) fn read(&mut self, line: &str, delimiter: u8) -> End {
        self.text.clear();
        self.ends.clear();
        (self.stray, self.inner) = (false, false);
        self.cells(line, delimiter, Stray::Kept, false)
    }

    /// Holds these cells.
    pub(super) fn hold<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        self.text.clear();
        self.ends.clear();
        (self.stray, self.inner) = (false, false);
        for cell in cells {
            self.text.push_str(cell);
            self.end_cell();
        }
    }

    /// Reads another line into the cell that is open.
    pub(super) fn read_on(&mut self, line: &str, delimiter: u8) -> End {
        self.text.push('\n');
        self.cells(line, delimiter, Stray::Kept, true)
    }

    fn end_cell(&mut self) {
        self.ends.push(self.text.len());
    }

    fn cells(&mut self, line: &str, delimiter: u8, stray: Stray, mut open: bool) -> End {
        let mut rest = line;
        loop {
            if !open {
                let quoted = rest.trim_start_matches(' ').strip_prefix('"');
                let Some(inside) = quoted else {
                    let end = memchr(delimiter, rest.as_bytes());
                    let (cell, behind) = rest.split_at(end.unwrap_or(rest.len()));
                    self.inner |= cell.contains('"');
                    self.text.push_str(cell);
                    self.end_cell();
                    match behind.get(1..) {
                        Some(behind) if end.is_some() => rest = behind,
                        _ => return End::Closed,
                    }
                    continue;
                };
                (rest, open) = (inside, true);
            }
            let Some((inside, after)) = rest.split_once('"') else {
                self.text.push_str(rest);
                return End::Open;
            };
            self.text.push_str(inside);
            if let Some(more) = after.strip_prefix('"') {
                self.text.push('"');
                // `\"` is another way to write a quote; here the second one ends the cell.
                let ends = is_end(more, delimiter) && inside.ends_with('\\');
                if !ends {
                    rest = more;
                    continue;
                }
                match self.close(more, delimiter) {
                    Some(more) => (rest, open) = (more, false),
                    None => return End::Closed,
                }
            } else if is_end(after, delimiter) {
                match self.close(after, delimiter) {
                    Some(more) => (rest, open) = (more, false),
                    None => return End::Closed,
                }
            } else {
                self.stray = true;
                match stray {
                    Stray::Kept => {
                        self.text.push('"');
                        rest = after;
                    }
                    Stray::Ends => {
                        let end = memchr(delimiter, after.as_bytes());
                        let (cell, behind) = after.split_at(end.unwrap_or(after.len()));
                        self.text.push_str(cell);
                        self.end_cell();
                        match behind.get(1..) {
                            Some(behind) if end.is_some() => (rest, open) = (behind, false),
                            _ => return End::Closed,
                        }
                    }
                }
            }
        }
    }

    /// Ends a quoted cell. Gives what stands behind its delimiter, if there is one.
    fn close<'a>(&mut self, after: &'a str, delimiter: u8) -> Option<&'a str> {
        self.end_cell();
        after
            .trim_start_matches(' ')
            .strip_prefix(char::from(delimiter))
    }

    /// Settles a line whose quotes are not doubled: where it can be read in two ways, the way that has as many cells as
    /// the header counts. False where that does not tell.
    pub(super) fn settle(&mut self, line: &str, delimiter: u8, columns: usize) -> bool {
        let mut other = Self::default();
        if other.cells(line, delimiter, Stray::Ends, false) == End::Open {
            return self.len() == columns;
        }
        let bare = |cells: &Self, n: usize| {
            cells
                .get(n)
                .map(|cell| cell.replace('"', "").trim().to_owned())
        };
        match (self.len() == columns, other.len() == columns) {
            (true, false) => true,
            (true, true) => (0..columns).all(|n| bare(self, n) == bare(&other, n)),
            (false, true) => {
                *self = other;
                true
            }
            (false, false) => false,
        }
    }
}

/// Whether nothing but a delimiter can follow here.
fn is_end(after: &str, delimiter: u8) -> bool {
    let after = after.trim_start_matches(' ');
    after.is_empty() || after.as_bytes().first() == Some(&delimiter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(line: &str) -> (Vec<String>, End) {
        let mut cells = Cells::default();
        let end = cells.read(line, b',');
        (cells.iter().map(str::to_owned).collect(), end)
    }

    #[track_caller]
    fn check(line: &str, expected: &[&str]) {
        let (cells, end) = read(line);
        assert_eq!(
            (cells, end),
            (
                expected.iter().map(|c| (*c).to_owned()).collect(),
                End::Closed
            ),
            "{line}"
        );
    }

    #[test]
    fn cells_are_read_with_and_without_quotes() {
        check("a,b,c", &["a", "b", "c"]);
        check("", &[""]);
        check("a,,", &["a", "", ""]);
        check("\"a,b\",\"c \"\"d\"\"\"", &["a,b", "c \"d\""]);
        check("\"a\" , \"b\"", &["a", "b"]);
        check("\"a\",", &["a", ""]);
        check("5\" heels,x", &["5\" heels", "x"]);
        check(
            "\"Mila \"the hill\" Ostrand\",b",
            &["Mila \"the hill\" Ostrand", "b"],
        );
        check("\"say \\\"hi\\\"\",b", &["say \\\"hi\\\"", "b"]);
        assert_eq!(read("a,\"b").1, End::Open);
        assert_eq!(read("\"Mila \"the hill,b").1, End::Open);
    }

    #[test]
    fn stray_quote_is_settled_by_the_header() {
        let settled = |line: &str, columns: usize| {
            let mut cells = Cells::default();
            cells.read(line, b',');
            let told = cells.settle(line, b',', columns);
            told.then(|| cells.iter().map(str::to_owned).collect::<Vec<_>>())
        };
        let hill = settled("\"Mila \"the hill\" Ostrand\",b", 2);
        assert_eq!(
            hill,
            Some(vec!["Mila \"the hill\" Ostrand".to_owned(), "b".to_owned()])
        );
        let ends = settled("\"Mila\" the hill,mila@example.org,\"Trail \"runs\"", 3);
        assert_eq!(ends.unwrap()[1], "mila@example.org");
        assert_eq!(
            settled("\"Mila\" the hill,mila@example.org,\"Trail runs\"", 2),
            None
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(cells in prop::collection::vec("[^\\n\\r\\\\]{0,12}", 1..6)) {
            let quoted: Vec<String> = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            let (found, end) = read(&quoted.join(","));
            prop_assert_eq!((found, end), (cells, End::Closed));
        }

        #[test]
        fn any_line_is_some_cells(line in "[a,\" \\\\]{0,30}") {
            let mut cells = Cells::default();
            cells.read(&line, b',');
            prop_assert!(cells.filled() <= cells.len());
            let mut again = cells.clone();
            again.settle(&line, b',', 3);
        }
    }
}
