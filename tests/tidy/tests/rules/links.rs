//! Links in documents lead somewhere, and something leads to every document.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use powerhose_tidy::{demand_none, files, root, text};

#[test]
fn every_link_of_a_document_leads_to_something_that_is_there() {
    let mut complaints = Vec::new();
    for document in files("", &["md"]) {
        let source = text(&document);
        for link in links(&source) {
            let (path, anchor) = target(&document, link);
            let there = root().join(&path);
            let is_document = path.extension().is_some_and(|extension| extension == "md");
            if !there.exists() {
                complaints.push(format!("{document}: {link}: there is no {}", path.display()));
            } else if is_document
                && !anchor.is_empty()
                && !anchors(&text(&path.to_string_lossy())).contains(anchor)
            {
                complaints.push(format!("{document}: {link}: {} has no such heading", path.display()));
            }
        }
    }
    demand_none(&complaints, "Name what is there, or remove the link.");
}

#[test]
fn every_document_in_docs_is_linked_from_another_one() {
    let mut linked = BTreeSet::new();
    for document in files("", &["md"]) {
        let targets: Vec<PathBuf> = links(&text(&document)).map(|link| target(&document, link).0).collect();
        linked.extend(targets.into_iter().filter(|path| *path != Path::new(&document)));
    }
    let lonely = files("docs", &["md"]).into_iter().filter(|file| !linked.contains(Path::new(file)));
    demand_none(&Vec::from_iter(lonely), "Link to these documents from one that is read, or remove them.");
}

/// The targets of a document's links into the repository.
fn links(source: &str) -> impl Iterator<Item = &str> {
    let links = prose(source)
        .flat_map(|line| line.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)));
    links.filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
}

/// The file that a link leads to, relative to the repository, and the heading in it, empty if the link has none.
fn target<'link>(document: &str, link: &'link str) -> (PathBuf, &'link str) {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    if path.is_empty() {
        return (document.into(), anchor);
    }
    let mut target = Path::new(document).parent().expect("a document is a file").to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => {
                target.pop();
            }
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => target.push(part),
        }
    }
    (target, anchor)
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(source: &str) -> BTreeSet<String> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let mut anchors = BTreeSet::new();
    for heading in prose(source).filter(|line| line.starts_with('#')) {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        let kept =
            title.chars().filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter));
        let anchor: String = kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect();
        let count = times.entry(anchor.clone()).or_default();
        anchors.insert(if *count == 0 { anchor } else { format!("{anchor}-{count}") });
        *count += 1;
    }
    anchors
}

/// The lines of a document that are not code.
fn prose(source: &str) -> impl Iterator<Item = &str> {
    let mut outside = true;
    source.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        outside ^= fence;
        outside && !fence
    })
}
