//! Field readers for a contract that only ever grows: what a peer should not have sent reads as not set.
//!
//! Each reader accepts any JSON value. The wrong type is skipped in place, without buffering it, so a
//! field of a future shape costs its own meaning and nothing else of the line.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::Number;

/// What one field understands; every method left out means "not set".
trait Reader<'de>: Sized {
    type Value;

    fn text(self, _: Cow<'de, str>) -> Option<Self::Value> {
        None
    }

    fn number(self, _: Number) -> Option<Self::Value> {
        None
    }

    fn flag(self, _: bool) -> Option<Self::Value> {
        None
    }

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<Self::Value>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn list<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<Self::Value>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

struct Tolerant<R>(R);

impl<'de, R: Reader<'de>> Visitor<'de> for Tolerant<R> {
    type Value = Option<R::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_borrowed_str<E: de::Error>(self, v: &'de str) -> Result<Self::Value, E> {
        Ok(self.0.text(Cow::Borrowed(v)))
    }

    fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
        Ok(self.0.text(Cow::Owned(v.to_owned())))
    }

    fn visit_string<E: de::Error>(self, v: String) -> Result<Self::Value, E> {
        Ok(self.0.text(Cow::Owned(v)))
    }

    fn visit_bool<E: de::Error>(self, v: bool) -> Result<Self::Value, E> {
        Ok(self.0.flag(v))
    }

    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Self::Value, E> {
        Ok(self.0.number(v.into()))
    }

    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Self::Value, E> {
        Ok(self.0.number(v.into()))
    }

    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Self::Value, E> {
        Ok(Number::from_f64(v).and_then(|number| self.0.number(number)))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        self.0.object(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        self.0.list(seq)
    }
}

impl<'de, R: Reader<'de>> DeserializeSeed<'de> for Tolerant<R> {
    type Value = Option<R::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A string. A number reads as its digits: some platforms' ids are numbers, and a sender may forget to
/// quote them.
#[derive(Clone, Copy)]
struct AsText;

impl<'de> Reader<'de> for AsText {
    type Value = String;

    fn text(self, text: Cow<'de, str>) -> Option<String> {
        Some(text.into_owned())
    }

    fn number(self, number: Number) -> Option<String> {
        Some(number.to_string())
    }
}

/// A string that is compared and not kept.
struct AsWord;

impl<'de> Reader<'de> for AsWord {
    type Value = Cow<'de, str>;

    fn text(self, text: Cow<'de, str>) -> Option<Cow<'de, str>> {
        Some(text)
    }
}

struct AsFlag;

impl Reader<'_> for AsFlag {
    type Value = bool;

    fn flag(self, flag: bool) -> Option<bool> {
        Some(flag)
    }
}

struct AsInteger;

impl Reader<'_> for AsInteger {
    type Value = i64;

    fn number(self, number: Number) -> Option<i64> {
        number.as_i64()
    }
}

struct AsCount;

impl Reader<'_> for AsCount {
    type Value = u64;

    fn number(self, number: Number) -> Option<u64> {
        number.as_u64()
    }
}

struct AsObject<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Reader<'de> for AsObject<T> {
    type Value = T;

    fn object<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}

/// A list whose unreadable elements are left out.
struct AsList<R>(R);

impl<'de, R: Reader<'de> + Clone> Reader<'de> for AsList<R> {
    type Value = Vec<R::Value>;

    fn list<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<Self::Value>, A::Error> {
        let mut values = Vec::new();
        while let Some(element) = seq.next_element_seed(Tolerant(self.0.clone()))? {
            values.extend(element);
        }
        Ok(Some(values))
    }
}

impl<T> Clone for AsObject<T> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

/// A `[name, value]` pair, as the headers of a forwarded request.
#[derive(Clone, Copy)]
struct AsPair;

impl<'de> Reader<'de> for AsPair {
    type Value = (String, String);

    fn list<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<Self::Value>, A::Error> {
        let name = seq.next_element_seed(Tolerant(AsText))?.flatten();
        let value = seq.next_element_seed(Tolerant(AsText))?.flatten();
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(name.zip(value))
    }
}

/// A word of the contract, to be compared and not kept.
pub(crate) fn word<'de, D: Deserializer<'de>>(d: D) -> Result<Cow<'de, str>, D::Error> {
    Ok(Tolerant(AsWord).deserialize(d)?.unwrap_or_default())
}

pub(crate) fn text<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    Tolerant(AsText).deserialize(d)
}

pub(crate) fn text_or_empty<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    Ok(text(d)?.unwrap_or_default())
}

pub(crate) fn flag<'de, D: Deserializer<'de>>(d: D) -> Result<Option<bool>, D::Error> {
    Tolerant(AsFlag).deserialize(d)
}

pub(crate) fn flag_or_false<'de, D: Deserializer<'de>>(d: D) -> Result<bool, D::Error> {
    Ok(flag(d)?.unwrap_or_default())
}

pub(crate) fn integer<'de, D: Deserializer<'de>>(d: D) -> Result<Option<i64>, D::Error> {
    Tolerant(AsInteger).deserialize(d)
}

/// A count that cannot be negative, such as a size in bytes.
pub(crate) fn count<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
    Tolerant(AsCount).deserialize(d)
}

pub(crate) fn count_or_zero<'de, D: Deserializer<'de>>(d: D) -> Result<u64, D::Error> {
    Ok(count(d)?.unwrap_or_default())
}

pub(crate) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Option<T>, D::Error> {
    Tolerant(AsObject(PhantomData)).deserialize(d)
}

pub(crate) fn object_or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    d: D,
) -> Result<T, D::Error> {
    Ok(object(d)?.unwrap_or_default())
}

pub(crate) fn texts<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    Ok(Tolerant(AsList(AsText)).deserialize(d)?.unwrap_or_default())
}

pub(crate) fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Vec<T>, D::Error> {
    Ok(Tolerant(AsList(AsObject(PhantomData))).deserialize(d)?.unwrap_or_default())
}

/// Like [`objects`], keeping "no list at all" apart from "an empty list".
pub(crate) fn objects_if_any<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    d: D,
) -> Result<Option<Vec<T>>, D::Error> {
    Tolerant(AsList(AsObject(PhantomData))).deserialize(d)
}

pub(crate) fn pairs<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<(String, String)>, D::Error> {
    Ok(Tolerant(AsList(AsPair)).deserialize(d)?.unwrap_or_default())
}
