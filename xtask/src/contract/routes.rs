//! The HTTP routes as code serves, calls and names them.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::{Expr, Lit, Meta, Pat};

use super::model::{Place, Route};
use crate::source::{ParsedFile, is_test_only};

/// The methods that routes are named with.
const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Where a struct can be a body.
const BODIES: &str = "relay-wire/";

/// Every route in these files: pairs such as `(&Method::POST, "/relay/enroll")` in patterns, calls of
/// `.route(&path("/relay/enroll"), post_only(…))` on a router and of `route("enroll")` by a client, and the `POST /relay/enroll` in the doc comment of a
/// struct of the wire crate, which is its body.
pub(crate) fn read(files: &[ParsedFile]) -> Vec<Route> {
    let mut routes = Vec::new();
    for file in files {
        Reader { file: &file.place, routes: &mut routes }.visit_file(&file.syntax);
    }
    routes
}

struct Reader<'f> {
    file: &'f str,
    routes: &'f mut Vec<Route>,
}

impl Reader<'_> {
    fn add(&mut self, method: Option<&str>, path: &str, body: Option<String>, line: usize) {
        self.routes.push(Route {
            method: method.map(str::to_owned),
            path: path.into(),
            bodies: BTreeSet::from_iter(body),
            place: Place::new(self.file, line),
        });
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        if !is_test_only(&node.attrs) {
            visit::visit_item_mod(self, node);
        }
    }

    fn visit_item_struct(&mut self, node: &'ast syn::ItemStruct) {
        if !self.file.starts_with(BODIES) {
            return;
        }
        for (text, line) in docs(&node.attrs) {
            for quoted in text.split('`').skip(1).step_by(2) {
                if let Some((method, path)) = quoted.split_once(' ')
                    && METHODS.contains(&method)
                    && path.starts_with('/')
                {
                    self.add(Some(method), path, Some(node.ident.to_string()), line);
                }
            }
        }
    }

    fn visit_pat_tuple(&mut self, node: &'ast syn::PatTuple) {
        let parts: Vec<_> = node.elems.iter().collect();
        if let [method, Pat::Lit(path)] = parts.as_slice()
            && let Lit::Str(path) = &path.lit
            && let Some(method) = method_of(method)
        {
            self.add(Some(&method), &path.value(), None, path.span().start().line);
        }
        visit::visit_pat_tuple(self, node);
    }

    fn visit_expr_method_call(&mut self, node: &'ast syn::ExprMethodCall) {
        let parts: Vec<_> = node.args.iter().collect();
        match parts.as_slice() {
            [Expr::Lit(name)] if node.method == "route" => {
                if let Lit::Str(name) = &name.lit {
                    self.add(None, &format!("/relay/{}", name.value()), None, name.span().start().line);
                }
            }
            [path, handler] if node.method == "route" => {
                // A path that ends with a slash is one without its last part: no route of the contract.
                if let Some((path, line)) = served_path(path).filter(|(path, _)| !path.ends_with('/')) {
                    self.add(handler_method(handler), &path, None, line);
                }
            }
            _ => {}
        }
        visit::visit_expr_method_call(self, node);
    }
}

/// The path in `&path("/relay/media/{*id}")`, as the contract writes it, and its line.
fn served_path(argument: &Expr) -> Option<(String, usize)> {
    match argument {
        Expr::Reference(reference) => served_path(&reference.expr),
        Expr::Call(call) => match call.args.first()? {
            Expr::Lit(path) => match &path.lit {
                Lit::Str(path) => Some((path.value().replace("{*", "{"), path.span().start().line)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// The method in `get_only(…)`; `None` for a handler that was made elsewhere.
fn handler_method(handler: &Expr) -> Option<&'static str> {
    let Expr::Call(call) = handler else { return None };
    let Expr::Path(function) = &*call.func else { return None };
    let name = function.path.segments.last()?.ident.to_string().to_uppercase();
    METHODS.iter().copied().find(|method| name.split('_').next() == Some(method))
}

fn method_of(pattern: &Pat) -> Option<String> {
    match pattern {
        Pat::Reference(reference) => method_of(&reference.pat),
        Pat::Path(path) => {
            let mut names = path.path.segments.iter().rev().map(|segment| segment.ident.to_string());
            let method = names.next().filter(|method| METHODS.contains(&method.as_str()))?;
            (names.next()? == "Method").then_some(method)
        }
        _ => None,
    }
}

fn docs(attributes: &[syn::Attribute]) -> Vec<(String, usize)> {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        if let Meta::NameValue(pair) = &attribute.meta
            && let Expr::Lit(text) = &pair.value
            && let Lit::Str(text) = &text.lit
        {
            lines.push((text.value(), text.span().start().line));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceFile, shipped};

    fn found(text: &str) -> Vec<String> {
        let files = shipped(&[SourceFile::new("relay-wire/src/lib.rs", text)]).unwrap();
        let say = |route: Route| {
            let method = route.method.unwrap_or_else(|| "?".into());
            format!("{} {method} {} {:?}", route.place, route.path, route.bodies)
        };
        read(&files).into_iter().map(say).collect()
    }

    #[test]
    fn a_route_is_found_where_it_is_served_called_or_named() {
        let served =
            "fn f() {\n match x {\n (&Method::POST, \"/relay/enroll\") => 1,\n (_, \"/other\") => 2, } }";
        assert_eq!(found(served), ["relay-wire/src/lib.rs:3 POST /relay/enroll {}"]);
        let routed = "fn f() { r\n.route(&path(\"/relay\"), get_only(x))\n.route(&path(\"/relay/media/\"), file)\n\
                      .route(&path(\"/relay/media/{*id}\"), file) }";
        assert_eq!(
            found(routed),
            ["relay-wire/src/lib.rs:4 ? /relay/media/{id} {}", "relay-wire/src/lib.rs:2 GET /relay {}"]
        );
        let called = "fn f(&self) { self.route(\"media\") }";
        assert_eq!(found(called), ["relay-wire/src/lib.rs:1 ? /relay/media {}"]);
        let named = "/// `POST /relay/policy`: words, and `Other` ones.\nstruct PolicyRequest;";
        assert_eq!(found(named), ["relay-wire/src/lib.rs:1 POST /relay/policy {\"PolicyRequest\"}"]);
    }

    #[test]
    fn a_route_in_test_code_is_none() {
        assert_eq!(found("#[cfg(test)] mod tests { fn f() { route.route(\"x\") } }"), [""; 0]);
    }
}
