//! The tree of a crate's modules, from its root file down, and what each module imports.
//!
//! An import is counted for the file that holds what is imported: a name that a module passes on is followed to where it
//! comes from. What only tests import is not counted.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};
use syn::{Item, ItemMod, UseTree};

use crate::product::is_for_tests;
use crate::{parsed, root};

/// A module's path from the crate's root, which is empty itself.
pub type Module = Vec<String>;

/// The modules of one crate that are files.
#[derive(Default)]
pub struct Modules {
    /// The file of each, those of tests included.
    pub files: BTreeMap<Module, String>,
    /// What each imports, as paths from the crate's root.
    imports: BTreeMap<Module, Vec<Vec<String>>>,
    /// Where a name of a module comes from.
    names: BTreeMap<Module, BTreeMap<String, Vec<String>>>,
}

impl Modules {
    /// The modules below a root file: `lib.rs`, `main.rs`.
    pub fn of(root_file: &str) -> Modules {
        let mut modules = Modules::default();
        let folder = root_file.rsplit_once('/').expect("a root file lies in a folder").0;
        modules.add(Vec::new(), root_file, folder, Reach::Product);
        modules
    }

    /// The pairs of modules of which the first imports something that the second holds.
    pub fn edges(&self) -> Vec<(Module, Module)> {
        let mut edges = Vec::new();
        for (module, imports) in &self.imports {
            edges
                .extend(imports.iter().filter_map(|path| Some((module.clone(), self.holder(path.clone())?))));
        }
        edges.sort();
        edges.dedup();
        edges
    }

    /// The module that holds what a path names.
    fn holder(&self, mut path: Vec<String>) -> Option<Module> {
        // A name is passed on a few times at most; a bound, in case two modules pass a name to each other.
        for _ in 0..8 {
            let length = (0..=path.len()).rev().find(|length| self.files.contains_key(&path[..*length]))?;
            let (module, rest) = path.split_at(length);
            let Some(origin) = rest.first().and_then(|name| self.names.get(module)?.get(name)) else {
                return Some(module.to_vec());
            };
            let mut next = origin.clone();
            next.extend_from_slice(&rest[1..]);
            path = next;
        }
        None
    }

    fn add(&mut self, module: Module, file: &str, folder: &str, reach: Reach) {
        let syntax = parsed(file);
        self.files.insert(module.clone(), file.to_owned());
        if reach == Reach::Product {
            let children = children(&syntax.items);
            let mut walk =
                Walk { module: &module, children: &children, imports: Vec::new(), names: BTreeMap::new() };
            walk.visit_file(&syntax);
            let Walk { imports, names, .. } = walk;
            self.imports.insert(module.clone(), imports);
            self.names.insert(module.clone(), names);
        }
        self.descend(&module, &syntax.items, folder, reach);
    }

    fn descend(&mut self, module: &Module, items: &[Item], folder: &str, reach: Reach) {
        for item in items {
            let Item::Mod(child) = item else { continue };
            let reach = if is_for_tests(&child.attrs) { Reach::Tests } else { reach };
            let name = child.ident.to_string();
            let mut path = module.clone();
            path.push(name.clone());
            let below = format!("{folder}/{name}");
            match (&child.content, named_file(child)) {
                (Some((_, items)), _) => self.descend(&path, items, &below, reach),
                (None, Some(file)) => {
                    // Beside the file that says so, and so is what it declares itself.
                    let parent =
                        self.files.get(module).and_then(|file| file.rsplit_once('/')).expect("a file").0;
                    let file = format!("{parent}/{file}");
                    let folder = file.rsplit_once('/').expect("it is below the parent's folder").0;
                    self.add(path, &file, folder, reach);
                }
                (None, None) if exists(&format!("{below}.rs")) => {
                    self.add(path, &format!("{below}.rs"), &below, reach)
                }
                (None, None) => self.add(path, &format!("{below}/mod.rs"), &below, reach),
            }
        }
    }
}

/// Whether a module is built for tests only.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Product,
    Tests,
}

fn exists(file: &str) -> bool {
    root().join(file).exists()
}

fn children(items: &[Item]) -> Vec<String> {
    let modules =
        items.iter().filter_map(|item| if let Item::Mod(child) = item { Some(child) } else { None });
    modules.map(|child| child.ident.to_string()).collect()
}

/// The file that `#[path]` names.
fn named_file(module: &ItemMod) -> Option<String> {
    module.attrs.iter().find_map(|attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(file), .. }) = &pair.value else { return None };
        pair.path.is_ident("path").then(|| file.value())
    })
}

/// What the walk through one file has found.
struct Walk<'file> {
    module: &'file Module,
    children: &'file [String],
    imports: Vec<Vec<String>>,
    names: BTreeMap<String, Vec<String>>,
}

impl Walk<'_> {
    /// A path from the crate's root, if it leads into the crate.
    fn in_crate(&self, path: &[String]) -> Option<Vec<String>> {
        let mut base = self.module.clone();
        let rest = match path.first()?.as_str() {
            "crate" => {
                base.clear();
                &path[1..]
            }
            "self" => &path[1..],
            "super" => {
                let ups = path.iter().take_while(|part| *part == "super").count();
                base.truncate(base.len().checked_sub(ups)?);
                &path[ups..]
            }
            child if self.children.iter().any(|name| name == child) => path,
            _ => return None,
        };
        base.extend_from_slice(rest);
        Some(base)
    }

    fn import(&mut self, prefix: &mut Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.import(prefix, &path.tree);
                prefix.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(prefix, tree)),
            UseTree::Name(name) if name.ident == "self" => {
                let known_as = prefix.last().cloned().unwrap_or_default();
                self.imported(prefix, known_as);
            }
            UseTree::Name(name) => self.named(prefix, &name.ident, name.ident.to_string()),
            UseTree::Rename(rename) => self.named(prefix, &rename.ident, rename.rename.to_string()),
            UseTree::Glob(_) => self.imports.extend(self.in_crate(prefix)),
        }
    }

    fn named(&mut self, prefix: &mut Vec<String>, name: &syn::Ident, known_as: String) {
        prefix.push(name.to_string());
        self.imported(prefix, known_as);
        prefix.pop();
    }

    fn imported(&mut self, path: &[String], known_as: String) {
        if let Some(path) = self.in_crate(path) {
            self.imports.push(path.clone());
            self.names.insert(known_as, path);
        }
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    // `self` and `super` mean another module in there; the product has such modules for tests only.
    fn visit_item_mod(&mut self, _: &'ast ItemMod) {}

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.import(&mut Vec::new(), &item.tree);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if parts.len() > 1 && ["crate", "super"].contains(&&*parts[0]) {
            self.imports.extend(self.in_crate(&parts));
        }
        visit::visit_path(self, path);
    }
}
