//! Names of the product say what they mean in the project's words; CONTRIBUTING has the list.

use std::collections::BTreeSet;

use powerhose_tidy::product::product_files;
use powerhose_tidy::{demand_none, text};
use proc_macro2::{TokenStream, TokenTree};

/// How the words begin that no name may hold.
const FORBIDDEN: [&str; 11] =
    ["broker", "burie", "bury", "condemn", "lull", "mourn", "obituar", "relist", "slave", "stir", "vigil"];

#[test]
fn no_name_of_the_product_holds_a_forbidden_word() {
    let mut complaints = Vec::new();
    for file in product_files() {
        let tokens: TokenStream =
            text(&file).parse().unwrap_or_else(|error| panic!("{file} is no Rust: {error}"));
        let mut names = BTreeSet::new();
        collect(tokens, &mut names);
        for word in FORBIDDEN {
            let holds = names.iter().find(|name| words(name).any(|part| part.starts_with(word)));
            complaints.extend(holds.map(|name| format!("{file}: {name} ({word})")));
        }
    }
    demand_none(&complaints, "Use the words in CONTRIBUTING.");
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
