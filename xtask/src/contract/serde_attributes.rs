//! The serde attributes that decide what stands on the wire.

use syn::Attribute;

/// What the serde attributes of one type, variant or field say together.
#[derive(Debug, Default, Clone)]
pub(crate) struct SerdeAttributes {
    pub(crate) rename: Option<String>,
    pub(crate) rename_all: Option<String>,
    pub(crate) tag: Option<String>,
    pub(crate) default: bool,
    pub(crate) transparent: bool,
    pub(crate) untagged: bool,
    /// The field is left out of the wire when a condition holds.
    pub(crate) skip_if: bool,
    /// A function of its own reads the field, so that not even an `Option` may be missing by itself.
    pub(crate) read_with: bool,
    /// An `Option` that is written even when there is nothing in it, as what is empty of its type.
    pub(crate) written_empty: bool,
    /// The field is never written.
    pub(crate) skip: bool,
    /// What this reader knows nothing of, and so can promise nothing about.
    pub(crate) unknown: Vec<String>,
}

impl SerdeAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut read = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            attribute.parse_nested_meta(|meta| {
                let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                let value = match meta.value() {
                    Ok(value) => Some(value.parse::<syn::LitStr>()?.value()),
                    Err(_) => None,
                };
                match name.as_str() {
                    "rename" if value.is_some() => read.rename = value,
                    "rename_all" if value.is_some() => read.rename_all = value,
                    "tag" => read.tag = value,
                    "default" => read.default = true,
                    "transparent" => read.transparent = true,
                    "untagged" => read.untagged = true,
                    "skip_serializing_if" => read.skip_if = true,
                    "skip" => read.skip = true,
                    "deserialize_with" => read.read_with = true,
                    "serialize_with" if value.as_ref().is_some_and(|with| with.ends_with("::or_empty")) => {
                        read.written_empty = true;
                    }
                    _ => read.unknown.push(name),
                }
                Ok(())
            })?;
        }
        Ok(read)
    }

    /// The name on the wire of a field, under the container's rule.
    pub(crate) fn field_name(&self, container: &Self, ident: &str) -> String {
        let ident = ident.trim_start_matches("r#");
        match (&self.rename, container.rename_all.as_deref()) {
            (Some(name), _) => name.clone(),
            (None, Some("camelCase")) => camel_case(ident),
            (None, _) => ident.into(),
        }
    }

    /// The name on the wire of an enum's variant, under the container's rule.
    pub(crate) fn variant_name(&self, container: &Self, ident: &str) -> String {
        match (&self.rename, container.rename_all.as_deref()) {
            (Some(name), _) => name.clone(),
            (None, Some("snake_case")) => snake_case(ident),
            (None, Some("lowercase")) => ident.to_lowercase(),
            (None, _) => ident.into(),
        }
    }

    /// The container's rule, where it is one that this reader does not know.
    pub(crate) fn unknown_rule(&self) -> Option<&str> {
        self.rename_all.as_deref().filter(|rule| !["camelCase", "snake_case", "lowercase"].contains(rule))
    }
}

fn camel_case(ident: &str) -> String {
    let mut words = ident.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        let head = letters.next().map(|letter| letter.to_ascii_uppercase());
        name + &head.into_iter().chain(letters).collect::<String>()
    })
}

fn snake_case(ident: &str) -> String {
    let mut name = String::new();
    for letter in ident.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(attribute: &str) -> SerdeAttributes {
        let item: syn::ItemStruct = syn::parse_str(&format!("{attribute} struct S;")).unwrap();
        SerdeAttributes::read(&item.attrs).unwrap()
    }

    #[test]
    fn names_follow_the_containers_rule_unless_they_have_their_own() {
        let camel = read("#[serde(rename_all = \"camelCase\")]");
        assert_eq!(read("").field_name(&camel, "gateway_id"), "gatewayId");
        assert_eq!(read("#[serde(rename = \"id\")]").field_name(&camel, "gateway_id"), "id");
        assert_eq!(read("").field_name(&read(""), "r#type"), "type");
        let snake = read("#[serde(tag = \"op\", rename_all = \"snake_case\")]");
        assert_eq!(snake.tag.as_deref(), Some("op"));
        assert_eq!(read("").variant_name(&snake, "GetChatInfo"), "get_chat_info");
        assert_eq!(read("").variant_name(&read("#[serde(rename_all = \"lowercase\")]"), "Utf16"), "utf16");
    }

    #[test]
    fn an_attribute_that_nobody_taught_is_not_passed_over() {
        assert_eq!(read("#[serde(flatten)]").unknown, ["flatten"]);
        assert_eq!(read("#[serde(default, deserialize_with = \"x\")]").unknown, [""; 0]);
        assert_eq!(read("#[serde(rename_all = \"kebab-case\")]").unknown_rule(), Some("kebab-case"));
    }
}
