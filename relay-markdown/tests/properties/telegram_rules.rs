//! Telegram's rules for a message with entities, as its documentation and its open server state them.
//!
//! Stricter than Telegram, which mends some of this silently: what it would mend is wrong here too. Shared with
//! the fake of its Bot API.

/// One entity as it stands in a request.
#[derive(Clone, Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) kind: &'a str,
    pub(crate) offset: i64,
    pub(crate) length: i64,
    pub(crate) url: Option<&'a str>,
}

impl Sent<'_> {
    fn end(&self) -> i64 {
        self.offset + self.length
    }

    fn is_code(&self) -> bool {
        matches!(self.kind, "code" | "pre")
    }

    fn is_quote(&self) -> bool {
        matches!(self.kind, "blockquote" | "expandable_blockquote")
    }
}

/// The first rule that is broken, if any.
pub(crate) fn broken_rule(text: &str, entities: &[Sent<'_>], limit: usize) -> Option<String> {
    let units: Vec<u16> = text.encode_utf16().collect();
    if units.is_empty() || text.chars().all(char::is_whitespace) {
        return Some("message text is empty".into());
    }
    if units.len() > limit {
        return Some(format!("message is too long: {} > {limit}", units.len()));
    }
    if text.trim_end() != text {
        return Some("blanks at the end are cut off, and entities with them".into());
    }
    let begins_with_code = entities.iter().any(|entity| entity.kind == "pre" && entity.offset == 0);
    if text.trim_start() != text && !begins_with_code {
        return Some("blanks at the start are cut off".into());
    }
    if entities.len() > 100 {
        return Some("only 100 entities are kept".into());
    }
    let broken = entities.iter().find_map(|entity| alone(entity, &units));
    broken.or_else(|| {
        let pairs = entities.iter().enumerate();
        let mut pairs =
            pairs.flat_map(|(index, one)| entities[index + 1..].iter().map(move |two| (one, two)));
        pairs.find_map(|(one, two)| together(one, two))
    })
}

fn alone(entity: &Sent<'_>, units: &[u16]) -> Option<String> {
    let known = ["bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "text_link"];
    if !known.contains(&entity.kind) && !entity.is_quote() {
        return Some(format!("unsupported entity type {:?}", entity.kind));
    }
    if entity.offset < 0
        || entity.length <= 0
        || usize::try_from(entity.end()).is_ok_and(|end| end > units.len())
    {
        return Some(format!("entity out of range: {entity:?} of {}", units.len()));
    }
    let is_low = |place: i64| {
        units
            .get(usize::try_from(place).unwrap_or(usize::MAX))
            .is_some_and(|unit| (0xdc00..0xe000).contains(unit))
    };
    if is_low(entity.offset) || is_low(entity.end()) {
        return Some(format!("entity begins or ends in a middle of a UTF-16 symbol: {entity:?}"));
    }
    let blank = |place: i64| {
        let unit = units[usize::try_from(place).unwrap_or_default()];
        char::from_u32(u32::from(unit)).is_some_and(char::is_whitespace)
    };
    if blank(entity.end() - 1) || (entity.kind != "pre" && blank(entity.offset)) {
        return Some(format!("entity with blanks at its end or start: {entity:?}"));
    }
    let is_url = |url: &str| {
        ["http://", "https://", "tg://"].iter().any(|scheme| url.to_lowercase().starts_with(scheme))
    };
    (entity.kind == "text_link" && !entity.url.is_some_and(is_url))
        .then(|| format!("wrong HTTP URL: {entity:?}"))
}

fn together(one: &Sent<'_>, two: &Sent<'_>) -> Option<String> {
    let is_apart = one.end() <= two.offset || two.end() <= one.offset;
    if is_apart {
        return None;
    }
    let holds =
        |outer: &Sent<'_>, inner: &Sent<'_>| outer.offset <= inner.offset && inner.end() <= outer.end();
    if !holds(one, two) && !holds(two, one) {
        return Some(format!("entities overlap: {one:?} {two:?}"));
    }
    if one.is_quote() && two.is_quote() {
        return Some(format!("quotes can't be nested: {one:?} {two:?}"));
    }
    if (one.is_code() && !two.is_quote()) || (two.is_code() && !one.is_quote()) {
        return Some(format!("code holds no entity and lies in none: {one:?} {two:?}"));
    }
    if one.is_code() && holds(one, two) && !holds(two, one) {
        return Some(format!("code holds a quote: {one:?} {two:?}"));
    }
    (one.kind == two.kind).then(|| format!("one look twice: {one:?} {two:?}"))
}
