//! What the wire crate's sources define: types that serde writes or reads, wire words, required fields.

use std::collections::BTreeSet;

use proc_macro2::TokenTree;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Fields, Lit, Type};

use super::model::Place;
use super::serde_attributes::SerdeAttributes;
use super::wire_type::Aliases;
use crate::source::{ParsedFile, is_test_only};

/// Everything found, in the order of the files.
#[derive(Default)]
pub(crate) struct Definitions {
    pub(crate) types: Vec<Definition>,
    pub(crate) aliases: Aliases,
    /// The words that an `as_str` or `kind` answers, with the type that it belongs to.
    pub(crate) words: Vec<(String, String, Place)>,
    /// Types whose `Serialize` is written by hand.
    pub(crate) by_hand: Vec<(String, Place)>,
    /// A frame, and the field without which it cannot be read.
    pub(crate) missing: Vec<(String, String, Place)>,
    /// Attributes that do not parse.
    pub(crate) unreadable: Vec<Place>,
}

/// A struct or enum.
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) place: Place,
    /// The type whose `impl` it is defined in.
    pub(crate) inside: Option<String>,
    pub(crate) serde: SerdeAttributes,
    pub(crate) serialize: bool,
    pub(crate) deserialize: bool,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    Struct(Vec<RawField>),
    Enum(Vec<RawVariant>),
}

pub(crate) struct RawField {
    pub(crate) ident: String,
    pub(crate) place: Place,
    pub(crate) serde: SerdeAttributes,
    pub(crate) of: Type,
}

pub(crate) struct RawVariant {
    pub(crate) ident: String,
    pub(crate) place: Place,
    pub(crate) serde: SerdeAttributes,
    pub(crate) shape: Shape,
}

pub(crate) enum Shape {
    Unit,
    Holds(Box<Type>),
    Fields(Vec<RawField>),
}

impl Definitions {
    pub(crate) fn read<'f>(files: impl IntoIterator<Item = &'f ParsedFile>) -> Self {
        let mut found = Self::default();
        for file in files {
            Reader { file: &file.place, inside: Vec::new(), method: Vec::new(), found: &mut found }
                .visit_file(&file.syntax);
        }
        found
    }
}

struct Reader<'f> {
    file: &'f str,
    inside: Vec<String>,
    method: Vec<String>,
    found: &'f mut Definitions,
}

impl Reader<'_> {
    fn place(&self, ident: &proc_macro2::Ident) -> Place {
        Place::new(self.file, ident.span().start().line)
    }

    fn serde(&mut self, attributes: &[Attribute], place: &Place) -> SerdeAttributes {
        SerdeAttributes::read(attributes).unwrap_or_else(|_| {
            self.found.unreadable.push(place.clone());
            SerdeAttributes::default()
        })
    }

    fn fields(&mut self, fields: &Fields) -> Vec<RawField> {
        let mut raw = Vec::new();
        for field in fields {
            let Some(ident) = &field.ident else { continue };
            let place = self.place(ident);
            let serde = self.serde(&field.attrs, &place);
            raw.push(RawField { ident: ident.to_string(), place, serde, of: field.ty.clone() });
        }
        raw
    }

    fn define(&mut self, ident: &proc_macro2::Ident, attributes: &[Attribute], body: Body) {
        let place = self.place(ident);
        let derived = derives(attributes);
        let definition = Definition {
            name: ident.to_string(),
            inside: self.inside.last().cloned(),
            serde: self.serde(attributes, &place),
            serialize: derived.contains("Serialize"),
            deserialize: derived.contains("Deserialize"),
            place,
            body,
        };
        self.found.types.push(definition);
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        if !is_test_only(&node.attrs) {
            visit::visit_item_mod(self, node);
        }
    }

    fn visit_item_impl(&mut self, node: &'ast syn::ItemImpl) {
        let name = type_name(&node.self_ty);
        let written = node.trait_.as_ref().and_then(|(path, _)| path.segments.last());
        if written.is_some_and(|name| name.ident == "Serialize") {
            let line = node.impl_token.span.start().line;
            self.found.by_hand.push((name.clone(), Place::new(self.file, line)));
        }
        self.inside.push(name);
        visit::visit_item_impl(self, node);
        self.inside.pop();
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        self.method.push(node.sig.ident.to_string());
        visit::visit_impl_item_fn(self, node);
        self.method.pop();
    }

    fn visit_arm(&mut self, node: &'ast syn::Arm) {
        let named = self.method.last().is_some_and(|method| ["as_str", "kind"].contains(&method.as_str()));
        if let (true, Some(owner), Some((word, line))) = (named, self.inside.last(), text_of(&node.body)) {
            self.found.words.push((owner.clone(), word, Place::new(self.file, line)));
        }
        visit::visit_arm(self, node);
    }

    fn visit_expr_call(&mut self, node: &'ast syn::ExprCall) {
        let callee = match &*node.func {
            Expr::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        let arguments: Vec<_> = node.args.iter().take(2).filter_map(text_of).collect();
        if let (Some(name), [(frame, line), (field, _)]) = (callee, arguments.as_slice())
            && name.starts_with("missing")
        {
            self.found.missing.push((frame.clone(), field.clone(), Place::new(self.file, *line)));
        }
        visit::visit_expr_call(self, node);
    }

    fn visit_item_struct(&mut self, node: &'ast syn::ItemStruct) {
        let fields = self.fields(&node.fields);
        self.define(&node.ident, &node.attrs, Body::Struct(fields));
        let held = node.fields.iter().next();
        if let (Some(definition), Some(held)) = (self.found.types.last(), held)
            && definition.serde.transparent
        {
            self.found.aliases.transparent.insert(definition.name.clone(), held.ty.clone());
        }
    }

    fn visit_item_enum(&mut self, node: &'ast syn::ItemEnum) {
        let mut variants = Vec::new();
        for variant in &node.variants {
            let place = self.place(&variant.ident);
            let shape = match &variant.fields {
                Fields::Unit => Shape::Unit,
                Fields::Unnamed(held) => match held.unnamed.first() {
                    Some(held) => Shape::Holds(Box::new(held.ty.clone())),
                    None => Shape::Unit,
                },
                Fields::Named(_) => Shape::Fields(self.fields(&variant.fields)),
            };
            let serde = self.serde(&variant.attrs, &place);
            variants.push(RawVariant { ident: variant.ident.to_string(), place, serde, shape });
        }
        self.define(&node.ident, &node.attrs, Body::Enum(variants));
    }

    /// `identifier! { /// … Name, "…" }` makes a newtype of a text.
    fn visit_item_macro(&mut self, node: &'ast syn::ItemMacro) {
        let makes_text =
            node.mac.path.segments.last().is_some_and(|last| {
                ["identifier", "prompt_identifier"].iter().any(|known| last.ident == known)
            });
        let words = node.mac.tokens.clone().into_iter().filter_map(|token| match token {
            TokenTree::Ident(name) => Some(name.to_string()),
            _ => None,
        });
        if makes_text {
            self.found.aliases.texts.extend(words.last());
        }
    }
}

/// The last name of a type's path.
pub(crate) fn type_name(of: &Type) -> String {
    match of {
        Type::Reference(reference) => type_name(&reference.elem),
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default(),
        _ => String::new(),
    }
}

fn derives(attributes: &[Attribute]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        // What is no list of paths does not compile either.
        let _ = attribute.parse_nested_meta(|meta| {
            found.extend(meta.path.segments.last().map(|last| last.ident.to_string()));
            Ok(())
        });
    }
    found
}

fn text_of(of: &Expr) -> Option<(String, usize)> {
    match of {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some((text.value(), text.span().start().line)),
            _ => None,
        },
        _ => None,
    }
}
