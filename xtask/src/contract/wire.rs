//! The contract as the wire crate's types say it.

use std::collections::BTreeSet;

use super::definitions::{Body, Definition, Definitions, RawField, RawVariant, Shape, type_name};
use super::model::{Contract, Field, Place, Presence, Read, Subject, Table, Words};
use super::serde_attributes::SerdeAttributes;
use crate::source::ParsedFile;
use crate::violation::Violation;

/// Reads the types that are written to or read from the wire.
pub(crate) fn read<'f>(files: impl IntoIterator<Item = &'f ParsedFile>) -> Contract {
    let mut assembly = Assembly {
        definitions: Definitions::read(files),
        contract: Contract::default(),
        payloads: BTreeSet::new(),
    };
    assembly.frames_and_ops();
    assembly.objects();
    assembly.words();
    assembly.reads();
    assembly.required();
    assembly.contract
}

struct Assembly {
    definitions: Definitions,
    contract: Contract,
    /// Structs that are a frame's or an op's fields, and so no object of their own.
    payloads: BTreeSet<String>,
}

impl Assembly {
    fn frames_and_ops(&mut self) {
        let definitions = std::mem::take(&mut self.definitions);
        for definition in definitions.types.iter().filter(|definition| definition.serialize) {
            self.check_attributes(&definition.serde, &definition.place, &definition.name);
            let (Some(tag), Body::Enum(variants)) = (&definition.serde.tag, &definition.body) else {
                continue;
            };
            let subject = match (tag.as_str(), definition.inside.as_deref()) {
                ("type", Some("GatewayFrame")) => Subject::GatewayFrame,
                ("type", Some("ConnectorFrame")) => Subject::ConnectorFrame,
                ("op", _) => {
                    self.contract.tables.push(tag_table(definition, tag));
                    Subject::Op
                }
                _ => {
                    self.fault(
                        &definition.place,
                        "tagged enums by `type`, within `GatewayFrame` or `ConnectorFrame`, or by `op`",
                        &format!("`{}` is tagged by `{tag}`", definition.name),
                    );
                    continue;
                }
            };
            for variant in variants.iter().filter(|variant| !variant.serde.untagged) {
                let name = variant.serde.variant_name(&definition.serde, &variant.ident);
                self.payload(&definitions, subject(name), variant);
            }
        }
        self.definitions = definitions;
    }

    fn payload(&mut self, definitions: &Definitions, subject: Subject, variant: &RawVariant) {
        let (place, fields) = match &variant.shape {
            Shape::Unit => (variant.place.clone(), Vec::new()),
            Shape::Fields(fields) => {
                let bare = SerdeAttributes::default();
                let fields = self.fields(definitions, &bare, false, fields);
                (variant.place.clone(), fields)
            }
            Shape::Holds(held) => {
                let name = type_name(held);
                let found = definitions.types.iter().find(|of| of.name == name);
                let Some(Definition { body: Body::Struct(fields), serde, deserialize, place, .. }) = found
                else {
                    let actual =
                        format!("`{}` holds `{name}`, which is no struct of this crate", variant.ident);
                    return self.fault(&variant.place, "a struct with the fields", &actual);
                };
                let fields = self.fields(definitions, serde, *deserialize, fields);
                self.payloads.insert(name);
                (place.clone(), fields)
            }
        };
        self.contract.tables.push(Table { subject, place, fields });
    }

    fn objects(&mut self) {
        let definitions = std::mem::take(&mut self.definitions);
        for definition in &definitions.types {
            let Body::Struct(fields) = &definition.body else { continue };
            let is_payload = self.payloads.contains(&definition.name);
            if !definition.serialize || definition.serde.transparent || is_payload {
                continue;
            }
            let fields = self.fields(&definitions, &definition.serde, definition.deserialize, fields);
            let subject = Subject::Object(definition.name.clone());
            self.contract.tables.push(Table { subject, place: definition.place.clone(), fields });
        }
        self.definitions = definitions;
    }

    fn fields(
        &mut self,
        definitions: &Definitions,
        container: &SerdeAttributes,
        deserialize: bool,
        raw: &[RawField],
    ) -> Vec<Field> {
        let mut fields = Vec::new();
        for field in raw.iter().filter(|field| !field.serde.skip) {
            let name = field.serde.field_name(container, &field.ident);
            self.check_attributes(&field.serde, &field.place, &name);
            let of = definitions.aliases.resolve(&field.of);
            let may_be_null = of.optional && !field.serde.written_empty;
            let presence = match (field.serde.skip_if, may_be_null) {
                (true, _) => Presence::WhenSet,
                (false, true) => Presence::AlwaysMayBeNull,
                (false, false) => Presence::Always,
            };
            let may_be_missing =
                container.default || field.serde.default || (of.optional && !field.serde.read_with);
            fields.push(Field {
                name,
                kind: of.kind,
                presence,
                required: deserialize && !may_be_missing,
                place: field.place.clone(),
            });
        }
        fields
    }

    fn words(&mut self) {
        let words = &mut self.contract.words;
        for definition in self.definitions.types.iter().filter(|definition| definition.serialize) {
            let Body::Enum(variants) = &definition.body else { continue };
            if definition.serde.tag.is_some() {
                continue;
            }
            let listed = variants.iter().map(|variant| {
                (variant.serde.variant_name(&definition.serde, &variant.ident), variant.place.clone())
            });
            words.push(Words {
                name: definition.name.clone(),
                place: definition.place.clone(),
                listed: listed.collect(),
            });
        }
        for (owner, word, place) in &self.definitions.words {
            match words.iter_mut().find(|words| words.name == *owner) {
                Some(words) => words.listed.push((word.clone(), place.clone())),
                None => words.push(Words {
                    name: owner.clone(),
                    place: place.clone(),
                    listed: vec![(word.clone(), place.clone())],
                }),
            }
        }
        for (name, place) in &self.definitions.by_hand {
            if !words.iter().any(|words| words.name == *name) {
                self.contract.faults.push(fault(
                    place,
                    "a derived `Serialize`, or one that writes the words of an `as_str`",
                    &format!("`{name}` is written by hand, so nothing can be said of what it writes"),
                ));
            }
        }
    }

    fn reads(&mut self) {
        for definition in &self.definitions.types {
            let Body::Struct(fields) = &definition.body else { continue };
            if definition.deserialize && !definition.serialize {
                self.contract.reads.extend(fields.iter().map(|field| Read {
                    name: field.serde.field_name(&definition.serde, &field.ident),
                    place: field.place.clone(),
                }));
            }
        }
    }

    /// Marks the fields whose absence makes a frame unreadable.
    fn required(&mut self) {
        for (frame, path, place) in std::mem::take(&mut self.definitions.missing) {
            // The type itself; the document's prose says so of every frame.
            if frame.is_empty() {
                continue;
            }
            let mut of = vec![Subject::GatewayFrame(frame.clone()), Subject::ConnectorFrame(frame.clone())];
            let mut names = path.split('.').peekable();
            while let Some(name) = names.next() {
                let mut tables = self.contract.tables.iter_mut().filter(|table| of.contains(&table.subject));
                let field = tables.find_map(|table| table.fields.iter_mut().find(|field| field.name == name));
                let Some(field) = field else {
                    let actual = format!("`{frame}` is said to need `{path}`, which nothing writes");
                    self.fault(&place, "a field of that frame", &actual);
                    break;
                };
                if names.peek().is_none() {
                    field.required = true;
                } else {
                    of = vec![Subject::Object(field.kind.clone())];
                }
            }
        }
    }

    fn check_attributes(&mut self, serde: &SerdeAttributes, place: &Place, name: &str) {
        let unknown = serde.unknown.iter().map(String::as_str).chain(serde.unknown_rule());
        for attribute in unknown.map(str::to_owned).collect::<Vec<_>>() {
            let actual = format!("`{name}` has `{attribute}`");
            self.fault(place, "serde attributes that this check understands", &actual);
        }
    }

    fn fault(&mut self, place: &Place, expected: &str, actual: &str) {
        self.contract.faults.push(fault(place, expected, actual));
    }
}

/// The object that all variants of a tagged enum have in common: its tag.
fn tag_table(definition: &Definition, tag: &str) -> Table {
    let place = definition.place.clone();
    let kind = "text".into();
    let field =
        Field { name: tag.into(), kind, presence: Presence::Always, required: false, place: place.clone() };
    Table { subject: Subject::Object(definition.name.clone()), place, fields: vec![field] }
}

fn fault(place: &Place, expected: &str, actual: &str) -> Violation {
    Violation {
        place: place.to_string(),
        expected: expected.into(),
        actual: actual.into(),
        remedy: "write it in a form that is understood, or teach xtask/src/contract this one".into(),
    }
}
