//! What request bodies must hold besides their types, written into the OpenAPI document: patterns,
//! and which fields need one another. The rules themselves are in `core::base::text` and in the
//! handlers; `make api-test` tries whether both say the same.

use utoipa::openapi::{
    Components, Object, RefOr, Schema,
    schema::{
        AllOfBuilder, AnyOfBuilder, ArrayItems, ObjectBuilder, OneOfBuilder, SchemaType, Type,
    },
};

/// White space as Unicode and Rust have it; what `\s` means depends on the language.
macro_rules! white {
    () => {
        r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    };
}

const NO_NUL: &str = r"^[^\u0000]*$";
const BLANK: &str = concat!("^[", white!(), "]*$");
/// White space around a name is dropped, so it may stand there.
const USERNAME: &str = concat!(
    "^[",
    white!(),
    r"]*[^@\u0000-\u001f\u007f-\u009f",
    white!(),
    "]{2,}[",
    white!(),
    "]*$"
);
const EMAIL: &str = concat!(
    "^[",
    white!(),
    r"]*[^@\u0000-\u001f\u007f-\u009f",
    white!(),
    r"]+@[^@\u0000-\u001f\u007f-\u009f",
    white!(),
    "]+[",
    white!(),
    "]*$"
);
/// The bits that the last character of base64 has to spare must be zero.
const IMAGE: &str = concat!(
    "^data:image/(png|jpeg|webp|gif);base64,([0-9A-Za-z+/]{4})*",
    "([0-9A-Za-z+/][AQgw]==|[0-9A-Za-z+/]{2}[AEIMQUYcgkosw048]=)?$"
);

/// Schema, field, and the pattern of its text (or of the texts in it).
const PATTERNS: &[(&str, &str, &str)] = &[
    ("Registration", "username", USERNAME),
    ("Registration", "email", EMAIL),
    ("Registration", "password", NO_NUL),
    ("UserChanges", "username", USERNAME),
    ("UserChanges", "email", EMAIL),
    ("PasswordChange", "new_password", NO_NUL),
    ("NewConversation", "title", NO_NUL),
    ("ConversationChanges", "title", NO_NUL),
    ("NewMessage", "content", NO_NUL),
    ("NewMessage", "attachments", IMAGE),
];

/// Schemas and fields whose text must be more than white space. Told with `not`, because one
/// pattern for this and for NUL takes test generators a tenth of a second per text.
const NOT_BLANK: &[(&str, &str)] =
    &[("NewConversation", "title"), ("ConversationChanges", "title"), ("NewMessage", "content")];

/// Schemas of which at least one of these fields must be given, and not null.
const ANY_OF: &[(&str, &[(&str, Type)])] = &[
    ("Registration", &[("username", Type::String), ("email", Type::String)]),
    ("UserChanges", &[("username", Type::String), ("email", Type::String)]),
    (
        "ConversationChanges",
        &[("title", Type::String), ("pinned", Type::Boolean), ("archived", Type::Boolean)],
    ),
];

/// Schemas of which exactly one of two texts must be given, and not null.
const ONE_OF: &[(&str, [&str; 2])] = &[("Login", ["username", "email"])];

/// Writes the rules into the document.
pub(super) fn write(components: &mut Components) {
    for (schema, field, pattern) in PATTERNS {
        if let Some(field) = text_field(components, schema, field) {
            field.pattern = Some((*pattern).to_owned());
        }
    }
    for (schema, field) in NOT_BLANK {
        if let Some(field) = text_field(components, schema, field) {
            // The library has no field for this keyword; extensions are written as they are.
            let extensions = field.extensions.get_or_insert_default();
            let blank = serde_json::json!({ "type": "string", "pattern": BLANK });
            extensions.insert("not".to_owned(), blank);
        }
    }
    for (name, fields) in ANY_OF {
        let mut any = AnyOfBuilder::new();
        for (field, kind) in *fields {
            any = any.item(given(field, kind.clone()));
        }
        require(components, name, Schema::AnyOf(any.build()));
    }
    for (name, [one, other]) in ONE_OF {
        let only = |one: &str, other: &str| {
            let null = ObjectBuilder::new().schema_type(Type::Null);
            given(one, Type::String).property(other, null)
        };
        let either = OneOfBuilder::new().item(only(one, other)).item(only(other, one));
        require(components, name, Schema::OneOf(either.build()));
    }
}

/// The schema of a field that holds text, or of the texts that it holds.
fn text_field<'a>(
    components: &'a mut Components,
    schema: &str,
    field: &str,
) -> Option<&'a mut Object> {
    let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(schema) else {
        return None;
    };
    match object.properties.get_mut(field)? {
        RefOr::T(Schema::Object(text)) => Some(text),
        RefOr::T(Schema::Array(list)) => match &mut list.items {
            ArrayItems::RefOrSchema(item) => match &mut **item {
                RefOr::T(Schema::Object(text)) => Some(text),
                _ => None,
            },
            ArrayItems::False => None,
        },
        _ => None,
    }
}

/// An object that has this field, with a value of this kind.
fn given(field: &str, kind: Type) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .property(field, ObjectBuilder::new().schema_type(kind))
        .required(field)
}

/// Makes the schema `name` hold `rule` as well.
fn require(components: &mut Components, name: &str, rule: Schema) {
    if let Some(schema) = components.schemas.remove(name) {
        let both = AllOfBuilder::new().item(schema).item(rule).build();
        components.schemas.insert(name.to_owned(), Schema::AllOf(both).into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_finds_its_field() {
        let mut openapi = crate::api::routes().into_openapi();
        let components = openapi.components.as_mut().unwrap();
        let patterns = PATTERNS.iter().map(|(schema, field, _)| (schema, field));
        for (schema, field) in
            patterns.chain(NOT_BLANK.iter().map(|(schema, field)| (schema, field)))
        {
            assert!(text_field(components, schema, field).is_some(), "{schema}.{field}");
        }
        let any =
            ANY_OF.iter().flat_map(|(schema, fields)| fields.iter().map(move |f| (schema, f.0)));
        let one = ONE_OF.iter().flat_map(|(schema, fields)| fields.map(move |f| (schema, f)));
        for (schema, field) in any.chain(one) {
            let Some(RefOr::T(Schema::Object(object))) = components.schemas.get(*schema) else {
                panic!("there is no schema {schema}");
            };
            assert!(object.properties.contains_key(field), "{schema}.{field}");
        }
    }
}
