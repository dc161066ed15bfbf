//! Names of the product say what they mean in the project's words; CONTRIBUTING has the list.

use std::collections::BTreeSet;

use powerhose_tidy::product::product_files;
use powerhose_tidy::{demand_none, text};
use proc_macro2::{TokenStream, TokenTree};

/// How the words begin that no name may hold.
const FORBIDDEN: [&str; 11] =
    ["broker", "burie", "bury", "condemn", "lull", "mourn", "obituar", "relist", "slave", "stir", "vigil"];

/// Where such words stand still.
const EXCEPTIONS: &[(&str, &[&str])] = &[
    (
        "lull",
        &[
            "master/src/runner/engine/embedded/mod.rs",
            "master/src/runner/engine/remote/mod.rs",
            "master/src/runner/engine/turns.rs",
        ],
    ),
    (
        "vigil",
        &[
            "master/src/runner/engine/mod.rs",
            "master/src/runner/engine/turns.rs",
            "master/src/runner/engine/vigil.rs",
        ],
    ),
];

#[test]
fn no_name_of_the_product_holds_a_forbidden_word() {
    let exceptions =
        EXCEPTIONS.iter().flat_map(|(word, files)| files.iter().map(|file| (*word, (*file).to_owned())));
    let mut unneeded: BTreeSet<(&str, String)> = exceptions.collect();
    let mut complaints = Vec::new();
    for file in product_files() {
        let tokens: TokenStream =
            text(&file).parse().unwrap_or_else(|error| panic!("{file} is no Rust: {error}"));
        let mut names = BTreeSet::new();
        collect(tokens, &mut names);
        for word in FORBIDDEN {
            let holds = names.iter().find(|name| words(name).any(|part| part.starts_with(word)));
            let Some(name) = holds else { continue };
            if !unneeded.remove(&(word, file.clone())) {
                complaints.push(format!("{file}: {name} ({word})"));
            }
        }
    }
    complaints.extend(unneeded.iter().map(|(word, file)| format!("{file} needs no exception for {word}")));
    demand_none(
        &complaints,
        "Use the words in CONTRIBUTING. Where that is done, take it off EXCEPTIONS in tests/tidy.",
    );
}

fn collect(tokens: TokenStream, names: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect(group.stream(), names),
            TokenTree::Ident(name) => {
                names.insert(name.to_string());
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// The words of `a_name`, `AName` and `A_NAME`, in small letters.
fn words(name: &str) -> impl Iterator<Item = String> + '_ {
    let shouts = !name.contains(|letter: char| letter.is_lowercase());
    let mut spaced = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !shouts {
            spaced.push('_');
        }
        spaced.extend(letter.to_lowercase());
    }
    spaced.split('_').map(str::to_owned).collect::<Vec<_>>().into_iter()
}
