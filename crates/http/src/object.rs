//! Values that are JSON objects.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A value that is encoded as a JSON object. Derived implementations of [`Deserialize`] also accept an array of the fields in
/// the order of their declaration, which no API documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<T> Deref for Object<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        name: Option<String>,
        bytes: u64,
    }

    #[test]
    fn an_object_is_read_and_an_array_of_its_fields_is_not() {
        let file = |text| serde_json::from_str::<Object<File>>(text).ok();
        assert_eq!(file(r#"{"bytes": 4, "name": "a"}"#), Some(Object(File { name: Some("a".into()), bytes: 4 })));
        assert_eq!(file(r#"{"bytes": 4}"#), Some(Object(File { name: None, bytes: 4 })));
        for other in [r#"["a", 4]"#, "4", "null", "{}", r#"{"bytes": 4, "x": 1}"#] {
            assert_eq!(file(other), None, "{other}");
        }
    }
}
