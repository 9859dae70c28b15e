//! The shape of a YAML text: which keys stand on which lines, and how large it is once its aliases are written
//! out. The value parser keeps no lines, and it bounds how often an alias is followed but not how much that
//! copies.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScanError};

/// How many values a file may hold, each alias counted as all that it stands for.
const MAX_VALUES: u64 = 100_000;

/// How deep values may lie in each other. The value parser stops a little later, by recursion.
const MAX_DEPTH: usize = 100;

/// The keys of one mapping, or the places of a list as `[0]`, `[1]`, …, each with its line and what is below it.
#[derive(Clone, Default)]
pub(crate) struct Outline {
    /// Counted from 1; 0 for the document itself.
    line: usize,
    keys: HashMap<String, Outline>,
}

/// Why a text has no outline.
pub(crate) struct NoOutline {
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Outline {
    /// Reads a text; stops at the first thing that is too large.
    pub(crate) fn read(text: &str) -> Result<Self, NoOutline> {
        let mut open = Open::default();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| not_yaml(&error))?;
            let line = span.start.line();
            open.take(event, line).map_err(|message| NoOutline { line, message })?;
        }
        Ok(open.document)
    }

    /// The line of the key at a path; `None` where an alias or a merge brought it there.
    pub(crate) fn line(&self, path: &[&str]) -> Option<usize> {
        path.iter().try_fold(self, |outline, key| outline.keys.get(*key)).map(|outline| outline.line)
    }
}

fn not_yaml(error: &ScanError) -> NoOutline {
    NoOutline {
        line: error.marker().line(),
        message: format!("the file is not YAML that can be read: {}", error.info()),
    }
}

/// A mapping or sequence whose end has not come yet.
struct Level {
    outline: Outline,
    /// What comes next in a mapping; `None` in a sequence.
    expected: Option<Expected>,
    /// How many values it holds so far, itself included.
    values: u64,
    anchor: usize,
    /// Where it begins.
    line: usize,
}

enum Expected {
    Key,
    /// The value of this key and its line; of none when the key is no plain text.
    Value(Option<(String, usize)>),
}

#[derive(Default)]
struct Open {
    document: Outline,
    levels: Vec<Level>,
    /// The size of what each anchor stands for, in values.
    anchors: HashMap<usize, u64>,
    /// How many values were ended at the top, over all documents of the text.
    values: u64,
}

impl Open {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), String> {
        match event {
            Event::Scalar(text, _, anchor, _) => {
                self.anchors.insert(anchor, 1);
                self.ended(Outline::default(), 1, Some((text.into_owned(), line)))
            }
            // An alias inside of what it stands for has no size yet; the value parser refuses it.
            Event::Alias(anchor) => {
                let values = self.anchors.get(&anchor).copied().unwrap_or(1);
                self.ended(Outline { line, ..Outline::default() }, values, None)
            }
            Event::SequenceStart(anchor, _) => self.begun(anchor, line, None),
            Event::MappingStart(anchor, _) => self.begun(anchor, line, Some(Expected::Key)),
            Event::SequenceEnd | Event::MappingEnd => match self.levels.pop() {
                Some(level) => {
                    self.anchors.insert(level.anchor, level.values);
                    self.ended(Outline { line: level.line, ..level.outline }, level.values, None)
                }
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn begun(&mut self, anchor: usize, line: usize, expected: Option<Expected>) -> Result<(), String> {
        if self.levels.len() == MAX_DEPTH {
            return Err(format!("values lie more than {MAX_DEPTH} deep in each other; flatten them"));
        }
        self.levels.push(Level { outline: Outline::default(), expected, values: 1, anchor, line });
        Ok(())
    }

    /// A value has come to its end: it is the key or value its mapping waits for.
    fn ended(&mut self, outline: Outline, values: u64, text: Option<(String, usize)>) -> Result<(), String> {
        let Some(level) = self.levels.last_mut() else {
            self.document = outline;
            return grow(&mut self.values, values);
        };
        grow(&mut level.values, values)?;
        level.expected = match level.expected.take() {
            None => {
                let line = text.map_or(outline.line, |(_, line)| line);
                let place = format!("[{}]", level.outline.keys.len());
                level.outline.keys.insert(place, Outline { line, ..outline });
                None
            }
            Some(Expected::Key) => Some(Expected::Value(text)),
            Some(Expected::Value(key)) => {
                if let Some((key, line)) = key {
                    level.outline.keys.insert(key, Outline { line, ..outline });
                }
                Some(Expected::Key)
            }
        };
        Ok(())
    }
}

fn grow(size: &mut u64, by: u64) -> Result<(), String> {
    *size = size.saturating_add(by);
    if *size <= MAX_VALUES {
        return Ok(());
    }
    Err(format!(
        "the file holds more than {MAX_VALUES} values, each alias (*) counted as all that it stands for; shorten it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, path: &[&str]) -> Option<usize> {
        Outline::read(text).ok().expect("YAML").line(path)
    }

    #[test]
    fn a_key_is_on_the_line_where_it_stands() {
        let text = "# first\na: 1\nb:\n  # why\n  c: {d: 2,\n    e: 3}\n  f: g\n";
        assert_eq!(line(text, &["a"]), Some(2));
        assert_eq!(line(text, &["b"]), Some(3));
        assert_eq!(line(text, &["b", "c", "e"]), Some(6));
        assert_eq!(line(text, &["b", "f"]), Some(7));
        assert_eq!(line(text, &["f"]), None);
    }

    #[test]
    fn keys_in_a_list_or_behind_an_alias_are_not_those_of_their_neighbours() {
        let text = "a:\n- b: 1\n- c: 2\nd: &x {b: 3}\ne: *x\n";
        assert_eq!(line(text, &["a", "b"]), None);
        assert_eq!(line(text, &["a", "[0]", "b"]), Some(2));
        assert_eq!(line(text, &["a", "[1]"]), Some(3));
        assert_eq!(line(text, &["e"]), Some(5));
        assert_eq!(line(text, &["e", "b"]), None);
    }

    #[test]
    fn keys_that_are_no_text_leave_the_others_where_they_are() {
        let text = "? [a, b]\n: c\n? {d: e}\n: f\nx: &x y\n*x : z\ng: h\n";
        assert_eq!(line(text, &["g"]), Some(7));
        assert_eq!(line(text, &["c"]), None);
    }

    #[test]
    fn a_text_that_is_no_yaml_is_refused_with_its_line() {
        let refused = Outline::read("a: 1\nb: [\n").err().expect("no YAML");
        assert!(refused.line >= 2, "{}", refused.line);
        assert!(
            refused.message.starts_with("the file is not YAML that can be read: "),
            "{}",
            refused.message
        );
    }

    #[test]
    fn deep_values_are_refused_before_anything_recurses_into_them() {
        for nest in ["- ", "? "] {
            let refused = Outline::read(&nest.repeat(100_000)).err().expect("too deep");
            assert!(refused.message.contains("more than 100 deep"), "{nest}: {}", refused.message);
        }
        assert!(Outline::read(&format!("{}{}", "[".repeat(101), "]".repeat(101))).is_err());
        // The marking parser itself gives up here.
        assert!(Outline::read(&"[".repeat(100_000)).is_err());
        assert!(Outline::read(&format!("{}{}", "[".repeat(100), "]".repeat(100))).is_ok());
    }

    #[test]
    fn an_alias_counts_as_all_that_it_stands_for() {
        // 1,000 values a thousand times over, in 8 kB.
        let text = format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(1_000), "*a,".repeat(1_000));
        let refused = Outline::read(&text).err().expect("too large");
        assert_eq!(refused.line, 2);
        assert!(refused.message.contains("more than 100000 values"), "{}", refused.message);
    }
}
