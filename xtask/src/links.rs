//! Links between the documents: each leads to a file, and to a heading of it.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::violation::Violation;

/// A Markdown document, by its path below the workspace root.
struct Document {
    place: PathBuf,
    text: String,
}

/// A link as it is written, and where.
#[derive(Debug, PartialEq, Eq)]
struct Reference {
    line: usize,
    target: String,
}

/// Every link in the documents below `root` that leads nowhere.
pub(crate) fn find(root: &Path) -> anyhow::Result<Vec<Violation>> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.md"])
        .current_dir(root)
        .output()
        .context("cannot start git; is it in PATH?")?;
    if !listed.status.success() {
        bail!("git does not list the documents ({})", listed.status);
    }
    let names = String::from_utf8(listed.stdout).context("the name of a document is not UTF-8")?;
    let mut documents = Vec::new();
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        // One that was just moved away is still listed.
        let Ok(text) = std::fs::read_to_string(root.join(name)) else { continue };
        documents.push(Document { place: name.into(), text });
    }
    Ok(violations(&documents, |path| root.join(path).exists()))
}

fn violations(documents: &[Document], exists: impl Fn(&Path) -> bool) -> Vec<Violation> {
    let mut violations = Vec::new();
    for document in documents {
        for Reference { line, target } in links(&document.text) {
            let (file, heading) = target.split_once('#').unwrap_or((&target, ""));
            let path = beside(&document.place, file);
            let place = format!("{}:{line}", document.place.display());
            let violation = |expected: String, actual: &str| Violation {
                place: place.clone(),
                expected,
                actual: actual.to_owned(),
                remedy: format!("correct or remove the link to `{target}`"),
            };
            let Some(path) = path.filter(|path| exists(path)) else {
                violations.push(violation(format!("`{file}` to be there"), "no such file in the workspace"));
                continue;
            };
            let linked = documents.iter().find(|document| document.place == path);
            if let Some(linked) =
                linked.filter(|linked| !heading.is_empty() && !anchors(&linked.text).contains(heading))
            {
                let expected = format!("a heading `#{heading}` in {}", linked.place.display());
                violations.push(violation(expected, "no such heading"));
            }
        }
    }
    violations
}

/// The path that a link written in `document` means, below the root; `None` where it leads out of it.
fn beside(document: &Path, file: &str) -> Option<PathBuf> {
    if file.is_empty() {
        return Some(document.to_owned());
    }
    let mut path = document.parent()?.to_owned();
    for part in Path::new(file).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir if path.pop() => {}
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(path)
}

/// The links to files and headings; those to other hosts are nobody's to check without a network.
fn links(text: &str) -> Vec<Reference> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        let mut rest = line;
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            let Some(end) = rest.find(')') else { break };
            let target = rest[..end].trim();
            if !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:") {
                links.push(Reference { line: number, target: target.to_owned() });
            }
            rest = &rest[end..];
        }
    }
    links
}

/// The names by which a document's headings are linked; the second of one name is `name-1`.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for heading in prose(text).filter_map(|(_, line)| line.strip_prefix('#')) {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let name: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let numbered = (1..).map(|number| format!("{name}-{number}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !anchors.contains(name));
        anchors.extend(free);
    }
    anchors
}

/// The lines outside code blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(place: &str, text: &str) -> Document {
        Document { place: place.into(), text: text.to_owned() }
    }

    fn broken(documents: &[Document]) -> Vec<String> {
        let exists = |path: &Path| documents.iter().any(|document| document.place == path);
        violations(documents, exists).into_iter().map(|violation| violation.place).collect()
    }

    #[test]
    fn a_link_to_a_file_or_heading_that_is_not_there_is_found() {
        let page = document("docs/a.md", "# A page\n\n## How it flows, in `one` line\n");
        let good = "[a](docs/a.md) [b](docs/a.md#how-it-flows-in-one-line) [c](#top)\n# Top\n[d](https://x.example/y)\n";
        assert_eq!(broken(&[document("README.md", good), document("docs/a.md", &page.text)]), [""; 0]);
        let bad = "\n[a](docs/b.md)\n[b](docs/a.md#nowhere)\n[c](#nowhere)\n[d](../out.md)\n";
        assert_eq!(
            broken(&[document("README.md", bad), page]),
            ["README.md:2", "README.md:3", "README.md:4", "README.md:5"]
        );
    }

    #[test]
    fn a_link_is_written_from_the_folder_of_its_document() {
        let pages =
            [document("docs/fronts/a.md", "[up](../b.md) [beside](./c.md)"), document("docs/b.md", "")];
        assert_eq!(broken(&pages), ["docs/fronts/a.md:1"], "only the one beside it is not there");
    }

    #[test]
    fn the_second_heading_of_a_name_is_numbered() {
        let names: Vec<_> = anchors("# Frame\n## Frame\n## Frame\n").into_iter().collect();
        assert_eq!(names, ["frame", "frame-1", "frame-2"]);
    }

    #[test]
    fn what_stands_in_a_code_block_is_no_link() {
        assert_eq!(links("```md\n[a](b)\n```\n[c](d)"), [Reference { line: 4, target: "d".to_owned() }]);
    }
}
