//! The product's files and functions, without the unit tests that stand beside them.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Signature};

use crate::{PRODUCT, files, parsed};

/// The product's Rust files, those of its unit tests left out.
pub fn product_files() -> Vec<String> {
    let all = PRODUCT.iter().flat_map(|folder| files(folder, &["rs"]));
    all.filter(|file| !is_of_tests(file)).collect()
}

/// Whether a file holds unit tests: `tests.rs`, or anything in a folder `tests`.
pub fn is_of_tests(file: &str) -> bool {
    file.split('/').any(|part| part == "tests" || part == "tests.rs")
}

/// Whether what bears the attributes is built for tests only.
pub fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return attribute.path().is_ident("test") };
        list.path.is_ident("cfg") && list.tokens.to_string() == "test"
    })
}

/// One function of the product.
pub struct Function {
    /// Its file and its name, `master/src/lib.rs: connect`.
    pub place: String,
    /// From `fn` to its last brace.
    pub lines: usize,
    /// The names of its parameters that are `bool`.
    pub switches: Vec<String>,
}

/// Every function of the product that has a body or is declared in a trait.
pub fn product_functions() -> Vec<Function> {
    let mut functions = Vec::new();
    for file in product_files() {
        let syntax = parsed(&file);
        let mut found = Found { file, decider: Decider::Itself, functions: Vec::new() };
        found.visit_file(&syntax);
        functions.append(&mut found.functions);
    }
    functions
}

/// Who decides what parameters a function has.
#[derive(Clone, Copy)]
enum Decider {
    Itself,
    /// In `impl Trait for`.
    Trait,
}

/// What the walk through one file has found.
struct Found {
    file: String,
    decider: Decider,
    functions: Vec<Function>,
}

impl Found {
    fn note(&mut self, signature: &Signature, body: Option<&Block>) {
        let first = signature.span().start().line;
        let last = body.map_or(signature.span().end().line, |body| body.span().end().line);
        let switches = match self.decider {
            Decider::Itself => switches(signature),
            Decider::Trait => Vec::new(),
        };
        let place = format!("{}: {}", self.file, signature.ident);
        self.functions.push(Function { place, lines: last + 1 - first, switches });
    }
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if is_for_tests(&item.attrs) {
            return;
        }
        let here = if item.trait_.is_some() { Decider::Trait } else { Decider::Itself };
        let around = std::mem::replace(&mut self.decider, here);
        visit::visit_item_impl(self, item);
        self.decider = around;
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_for_tests(&item.attrs) {
            self.note(&item.sig, Some(&item.block));
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            self.note(&item.sig, Some(&item.block));
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.note(&item.sig, item.default.as_ref());
        visit::visit_trait_item_fn(self, item);
    }
}

fn switches(signature: &Signature) -> Vec<String> {
    let mut found = Vec::new();
    for input in &signature.inputs {
        let syn::FnArg::Typed(parameter) = input else { continue };
        let syn::Type::Path(path) = &*parameter.ty else { continue };
        if path.path.is_ident("bool") {
            let syn::Pat::Ident(name) = &*parameter.pat else { continue };
            found.push(name.ident.to_string());
        }
    }
    found
}
