//! What shipped code mentions: names, paths, functions and texts, each with its line.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use crate::source::{ParsedFile, is_test_only};

/// One thing that a source file says outside test code, comments and attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mention {
    /// What is said.
    pub(crate) what: What,
    /// The line, from 1.
    pub(crate) line: usize,
}

/// The forms in which code speaks of something. One piece of code may be mentioned in several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// Any identifier.
    Name(String),
    /// A module that is declared here.
    Module(String),
    /// `a::b::c` in a `use`, or `a` in an `extern crate`; a glob ends in `*`.
    Import(Vec<String>),
    /// `a::b::c` in a type, an expression or a macro; a single name is not a path.
    Path(Vec<String>),
    /// A function that is declared here.
    Declared(String),
    /// A function that is declared, imported, called or named by a path.
    Function(String),
    /// A string literal.
    Text(String),
}

/// Everything that a file mentions outside test code; the tokens inside macros are read too.
pub(crate) fn mentions(file: &ParsedFile) -> Vec<Mention> {
    let mut reader = Reader { found: Vec::new() };
    reader.visit_file(&file.syntax);
    reader.found
}

struct Reader {
    found: Vec<Mention>,
}

impl Reader {
    fn add(&mut self, what: What, at: Span) {
        self.found.push(Mention { what, line: at.start().line });
    }

    fn add_function(&mut self, ident: &Ident) {
        self.add(What::Function(ident.to_string()), ident.span());
    }

    fn add_import(&mut self, tree: &syn::UseTree, before: &[String]) {
        let with = |ident: &Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_import(&path.tree, &with(&path.ident)),
            syn::UseTree::Name(syn::UseName { ident, .. })
            | syn::UseTree::Rename(syn::UseRename { ident, .. }) => {
                self.add(What::Import(with(ident)), ident.span());
                self.add_function(ident);
            }
            syn::UseTree::Glob(glob) => {
                self.add(What::Import([before, &["*".into()]].concat()), glob.star_token.span());
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_import(tree, before)),
        }
    }

    /// Reads what syn leaves unparsed: the arguments of a macro.
    fn read_tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        let mut path: Vec<Ident> = Vec::new();
        let mut colons = 0;
        while let Some(token) = tokens.next() {
            if let TokenTree::Ident(ident) = &token {
                if colons != 2 {
                    self.end_path(&mut path);
                }
                self.add(What::Name(ident.to_string()), ident.span());
                if matches!(tokens.peek(), Some(TokenTree::Group(_))) {
                    self.add_function(ident);
                }
                path.push(ident.clone());
            }
            colons = match &token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons + 1,
                _ => 0,
            };
            match token {
                TokenTree::Group(group) => self.read_tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.add(What::Text(text.value()), literal.span());
                    }
                }
                _ => {}
            }
        }
        self.end_path(&mut path);
    }

    fn end_path(&mut self, path: &mut Vec<Ident>) {
        if let Some(last) = path.last() {
            let (last, at) = (last.clone(), last.span());
            let segments: Vec<_> = path.drain(..).map(|ident| ident.to_string()).collect();
            if segments.len() > 1 {
                self.add_function(&last);
                self.add(What::Path(segments), at);
            }
        }
    }
}

/// Skips the nodes of these kinds that only tests compile. A kind that is missing here counts as shipped.
macro_rules! skip_test_code {
    ($($visit:ident $node:ident),* $(,)?) => {$(
        fn $visit(&mut self, node: &'ast syn::$node) {
            if !is_test_only(&node.attrs) {
                visit::$visit(self, node);
            }
        }
    )*};
}

impl<'ast> Visit<'ast> for Reader {
    skip_test_code! {
        visit_arm Arm, visit_field Field, visit_impl_item_const ImplItemConst, visit_impl_item_fn ImplItemFn,
        visit_item_const ItemConst, visit_item_enum ItemEnum, visit_item_fn ItemFn, visit_item_impl ItemImpl,
        visit_item_macro ItemMacro, visit_item_static ItemStatic, visit_item_struct ItemStruct,
        visit_item_trait ItemTrait, visit_item_type ItemType, visit_local Local, visit_stmt_macro StmtMacro,
        visit_trait_item_fn TraitItemFn, visit_variant Variant,
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        if !is_test_only(&node.attrs) {
            self.add(What::Module(node.ident.to_string()), node.ident.span());
            visit::visit_item_mod(self, node);
        }
    }

    fn visit_item_use(&mut self, node: &'ast syn::ItemUse) {
        if !is_test_only(&node.attrs) {
            self.add_import(&node.tree, &[]);
            visit::visit_item_use(self, node);
        }
    }

    fn visit_item_extern_crate(&mut self, node: &'ast syn::ItemExternCrate) {
        if !is_test_only(&node.attrs) {
            self.add(What::Import(vec![node.ident.to_string()]), node.ident.span());
            visit::visit_item_extern_crate(self, node);
        }
    }

    fn visit_ident(&mut self, ident: &'ast Ident) {
        self.add(What::Name(ident.to_string()), ident.span());
    }

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.add(What::Text(literal.value()), literal.span());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string());
            self.add(What::Path(segments.collect()), path.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_expr_path(&mut self, node: &'ast syn::ExprPath) {
        if let Some(last) = node.path.segments.last().filter(|_| node.path.segments.len() > 1) {
            self.add_function(&last.ident);
        }
        visit::visit_expr_path(self, node);
    }

    fn visit_expr_call(&mut self, node: &'ast syn::ExprCall) {
        if let syn::Expr::Path(function) = &*node.func
            && let Some(name) = function.path.get_ident()
        {
            self.add_function(name);
        }
        visit::visit_expr_call(self, node);
    }

    fn visit_expr_method_call(&mut self, node: &'ast syn::ExprMethodCall) {
        self.add_function(&node.method);
        visit::visit_expr_method_call(self, node);
    }

    fn visit_signature(&mut self, node: &'ast syn::Signature) {
        self.add(What::Declared(node.ident.to_string()), node.ident.span());
        self.add_function(&node.ident);
        visit::visit_signature(self, node);
    }

    fn visit_macro(&mut self, node: &'ast syn::Macro) {
        self.read_tokens(node.tokens.clone());
        visit::visit_macro(self, node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceFile, shipped};

    fn mentioned(text: &str) -> Vec<Mention> {
        shipped(&[SourceFile::new("a/src/lib.rs", text)]).unwrap().iter().flat_map(mentions).collect()
    }

    fn mentions_path(text: &str, path: &[&str]) -> bool {
        mentioned(text).iter().any(|mention| matches!(&mention.what, What::Path(found) if found == path))
    }

    fn mentions_function(text: &str, name: &str) -> bool {
        mentioned(text).iter().any(|mention| mention.what == What::Function(name.into()))
    }

    #[test]
    fn an_import_is_read_leaf_by_leaf() {
        let text = "use ::a::{b::c as d, e::*, self};";
        let imported: Vec<_> = mentioned(text)
            .into_iter()
            .filter_map(
                |mention| if let What::Import(path) = mention.what { Some(path.join("::")) } else { None },
            )
            .collect();
        assert_eq!(imported, ["a::b::c", "a::e::*", "a::self"]);
    }

    #[test]
    fn a_function_is_mentioned_where_it_is_declared_called_imported_or_passed_on() {
        for text in [
            "fn check() {}",
            "trait T { fn check(&self); }",
            "fn f() { check() }",
            "fn f() { x.check() }",
            "fn f() { let g = m::check; }",
            "use m::check as other;",
            "fn f() { assert!(x.check(1)); }",
            "fn f() { assert_eq!(m::check, 1); }",
        ] {
            assert!(mentions_function(text, "check"), "{text}");
        }
    }

    #[test]
    fn a_field_or_a_variable_is_not_a_function() {
        assert!(!mentions_function("struct S { check: u8 } fn f(check: u8) -> S { S { check } }", "check"));
    }

    #[test]
    fn code_inside_a_macro_is_read() {
        let text = "fn f() { outer!(inner(a::b::c), \"said\") }";
        assert!(mentions_path(text, &["a", "b", "c"]));
        assert!(mentioned(text).iter().any(|mention| mention.what == What::Text("said".into())));
        assert!(!mentions_path("fn f() { m!(a, b: c) }", &["a", "b"]));
        assert!(!mentions_path("fn f() { m!(b: c) }", &["b", "c"]));
    }

    #[test]
    fn comments_attributes_and_test_code_mention_nothing() {
        let text = "//! Word\n/// Word\n#[doc = \"Word\"] fn f() { // Word\n } #[cfg(test)] mod tests { struct Word; }
            #[cfg(test)] use a::Word; #[test] fn g() { Word }
            enum E { #[cfg(test)] Word } struct S { #[cfg(test)] f: Word } impl S { #[cfg(test)] fn word() -> Word {} }
            fn h() { #[cfg(test)] let w = Word; match 1 { #[cfg(test)] 1 => Word, _ => {} } }";
        let said = mentioned(text);
        assert!(said.iter().all(|mention| !format!("{mention:?}").contains("Word")), "{said:?}");
    }

    #[test]
    fn a_mention_knows_its_line() {
        let said = mentioned("\n\nstruct Word;");
        assert_eq!(said, [Mention { what: What::Name("Word".into()), line: 3 }]);
    }
}
