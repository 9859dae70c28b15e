//! The WebSocket close codes as code says and judges them.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};
use syn::{Expr, Lit, Member};

use super::model::{CloseCode, Place, Side};
use crate::source::{ParsedFile, is_test_only};

/// The names that the WebSocket library gives to codes.
const NAMES: &[(&str, u16)] = &[
    ("Normal", 1000),
    ("Away", 1001),
    ("Protocol", 1002),
    ("Unsupported", 1003),
    ("Invalid", 1007),
    ("Policy", 1008),
    ("Size", 1009),
    ("Extension", 1010),
    ("Error", 1011),
    ("Restart", 1012),
    ("Again", 1013),
];

/// Every close code in these files. A crate's name decides who says it: what `relay-connector` names in
/// `CloseCode::…` or as a `u16` constant, the connector says; what `relay-transport` answers in
/// `fn close_code`, the gateway; what it judges in a pattern such as `Closed { code: 1013, .. }`, the connector.
pub(crate) fn read(files: &[ParsedFile]) -> Vec<CloseCode> {
    let mut codes = BTreeMap::new();
    for file in files {
        let is_connector = file.crate_name() == "relay-connector";
        Reader { file: &file.place, is_connector, literals_of: None, codes: &mut codes }
            .visit_file(&file.syntax);
    }
    codes.into_values().collect()
}

struct Reader<'f> {
    file: &'f str,
    is_connector: bool,
    /// Whose codes the literals are that stand here.
    literals_of: Option<Side>,
    codes: &'f mut BTreeMap<u16, CloseCode>,
}

impl Reader<'_> {
    fn add(&mut self, code: u16, side: Side, line: usize) {
        let place = Place::new(self.file, line);
        let new = || CloseCode { code, said_by: [].into(), place };
        self.codes.entry(code).or_insert_with(new).said_by.insert(side);
    }

    fn add_literal(&mut self, literal: &Lit, side: Side) {
        if let Lit::Int(number) = literal
            && let Ok(code) = number.base10_parse::<u16>()
            && is_close_code(code)
        {
            self.add(code, side, number.span().start().line);
        }
    }
}

/// Whether a number can be a close code: those of RFC 6455, or of its private range.
fn is_close_code(number: u16) -> bool {
    (1000..=1015).contains(&number) || (4000..=4999).contains(&number)
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        if !is_test_only(&node.attrs) {
            visit::visit_item_mod(self, node);
        }
    }

    fn visit_item_const(&mut self, node: &'ast syn::ItemConst) {
        if self.is_connector
            && let syn::Type::Path(of) = &*node.ty
            && of.path.is_ident("u16")
            && let Expr::Lit(value) = &*node.expr
        {
            self.add_literal(&value.lit, Side::Connector);
        }
    }

    fn visit_path(&mut self, node: &'ast syn::Path) {
        let mut names = node.segments.iter().rev();
        if self.is_connector
            && let (Some(last), Some(before)) = (names.next(), names.next())
            && before.ident == "CloseCode"
            && let Some((_, code)) = NAMES.iter().find(|(name, _)| last.ident == name)
        {
            self.add(*code, Side::Connector, last.ident.span().start().line);
        }
        visit::visit_path(self, node);
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        let side = (node.sig.ident == "close_code").then_some(Side::Gateway);
        let outer = std::mem::replace(&mut self.literals_of, side);
        visit::visit_impl_item_fn(self, node);
        self.literals_of = outer;
    }

    fn visit_expr_lit(&mut self, node: &'ast syn::ExprLit) {
        if let Some(side) = self.literals_of {
            self.add_literal(&node.lit, side);
        }
    }

    fn visit_field_pat(&mut self, node: &'ast syn::FieldPat) {
        let is_code = matches!(&node.member, Member::Named(name) if name == "code");
        let outer = self.literals_of;
        if is_code {
            self.literals_of = Some(Side::Connector);
        }
        visit::visit_field_pat(self, node);
        self.literals_of = outer;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceFile, shipped};

    fn found(place: &str, text: &str) -> Vec<(u16, Vec<Side>)> {
        let files = shipped(&[SourceFile::new(place, text)]).unwrap();
        read(&files).into_iter().map(|code| (code.code, Vec::from_iter(code.said_by))).collect()
    }

    #[test]
    fn what_the_connector_closes_with_is_its_own() {
        let text = "const REJECTED: u16 = 4401; const MAX: usize = 2000; fn f() { (CloseCode::Policy, 1) }";
        let ours = |code| (code, vec![Side::Connector]);
        assert_eq!(found("relay-connector/src/server/close.rs", text), [ours(1008), ours(4401)]);
    }

    #[test]
    fn what_the_link_judges_the_connector_says_and_what_it_answers_it_says_itself() {
        let text = "impl DisconnectReason { fn close_code(&self) -> Option<u16> { Some(1002) } }
            fn judge() { match x { Closed { code: 1013 | 4401, .. } => {}, Closed { code: 1008, .. } => {} } }";
        let theirs = |code| (code, vec![Side::Connector]);
        let expected = [(1002, vec![Side::Gateway]), theirs(1008), theirs(1013), theirs(4401)];
        assert_eq!(found("relay-transport/src/link/reconnect/disconnect_reason.rs", text), expected);
    }
}
