//! What requests must hold besides their types, written into the OpenAPI document: patterns, and
//! which fields need one another. The rules themselves are in `core` and in the handlers; `make
//! api-test` tries whether both say the same.

use serene_core::base::limits;
use utoipa::openapi::{
    Components, Object, OpenApi, RefOr, Schema,
    path::Operation,
    schema::{
        AllOfBuilder, AnyOfBuilder, ArrayItems, KnownFormat, ObjectBuilder, OneOfBuilder,
        SchemaFormat, SchemaType, Type,
    },
};

/// White space as Unicode and Rust have it; what `\s` means depends on the language.
macro_rules! white {
    () => {
        r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    };
}

/// Said with `not` beside a pattern: one pattern for both takes those who make texts from it a
/// tenth of a second for each.
const BLANK: &str = concat!("^[", white!(), "]*$");
/// Fewer than 50 characters between the white space at both ends.
const SHORT: &str = concat!(
    "^[",
    white!(),
    "]*([^",
    white!(),
    "]([^\\u0000]{0,47}[^",
    white!(),
    "])?)?[",
    white!(),
    "]*$"
);
/// White space and quotation marks: there is no word in it.
const NO_WORD: &str = concat!("^[\"", white!(), "]*$");
const NO_NUL: &str = r"^[^\u0000]*$";
const LINE: &str = concat!("^[", white!(), r"]*[^\u0000-\u001f\u007f-\u009f]*[", white!(), "]*$");
const ZONE: &str = "^[A-Za-z][0-9A-Za-z_+/-]*$";
const CURSOR: &str = "^[0-9A-Za-z_-]{32}$";
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

/// What a text must look like: a pattern, and what it must not match.
#[derive(Clone, Copy)]
struct Look(&'static str, Option<&'static str>);

/// Schema, field, and the look of its text (or of the texts in it).
const FIELDS: &[(&str, &str, Look)] = &[
    ("Registration", "username", Look(USERNAME, None)),
    ("Registration", "email", Look(EMAIL, None)),
    ("Registration", "password", Look(NO_NUL, None)),
    ("UserChanges", "username", Look(USERNAME, None)),
    ("UserChanges", "email", Look(EMAIL, None)),
    ("UserChanges", "time_zone", Look(ZONE, None)),
    ("PasswordChange", "new_password", Look(NO_NUL, None)),
    ("NewConversation", "title", Look(NO_NUL, Some(BLANK))),
    ("ConversationChanges", "title", Look(NO_NUL, Some(BLANK))),
    ("Fork", "title", Look(NO_NUL, Some(BLANK))),
    ("PreferenceChanges", "model", Look(NO_NUL, None)),
    ("PreferenceChanges", "instruction", Look(NO_NUL, Some(BLANK))),
    ("NewMessage", "content", Look(NO_NUL, Some(BLANK))),
    ("NewMessage", "attachments", Look(IMAGE, None)),
    ("NewEntry", "mood", Look(LINE, Some(BLANK))),
    ("NewEntry", "tags", Look(LINE, Some(BLANK))),
    ("NewEntry", "note", Look(NO_NUL, Some(SHORT))),
    ("NewEntry", "time_zone", Look(ZONE, None)),
    ("EntryChanges", "mood", Look(LINE, Some(BLANK))),
    ("EntryChanges", "tags", Look(LINE, Some(BLANK))),
    ("EntryChanges", "note", Look(NO_NUL, Some(SHORT))),
    ("Note", "note", Look(NO_NUL, Some(SHORT))),
];

/// Lists of texts, and how long each of these is at most.
const LENGTHS: &[(&str, &str, usize)] =
    &[("NewEntry", "tags", limits::MAX_TAG_CHARS), ("EntryChanges", "tags", limits::MAX_TAG_CHARS)];

/// Parameters of queries, wherever they are, and their look.
const PARAMETERS: &[(&str, Look)] = &[
    ("cursor", Look(CURSOR, None)),
    ("mood", Look(LINE, Some(BLANK))),
    ("q", Look(NO_NUL, Some(NO_WORD))),
    ("tz", Look(ZONE, None)),
];

/// Schemas of which at least one of these fields must be given, and not null.
const ANY_OF: &[(&str, &[(&str, Type)])] = &[
    ("Registration", &[("username", Type::String), ("email", Type::String)]),
    (
        "UserChanges",
        &[
            ("username", Type::String),
            ("email", Type::String),
            ("time_zone", Type::String),
            ("country", Type::String),
            ("language", Type::String),
        ],
    ),
    ("EntryChanges", &[("mood", Type::String), ("tags", Type::Array), ("note", Type::String)]),
    (
        "ConversationChanges",
        &[("title", Type::String), ("pinned", Type::Boolean), ("archived", Type::Boolean)],
    ),
];

/// Schemas of which at least one field must be given, null or not.
const NOT_EMPTY: &[&str] = &["PreferenceChanges"];

/// Schemas of which exactly one of two texts must be given, and not null.
const ONE_OF: &[(&str, [&str; 2])] = &[("Login", ["username", "email"])];

/// Writes the rules into the document.
pub(super) fn write(openapi: &mut OpenApi) {
    for (_, operation) in super::openapi::operations(&mut openapi.paths) {
        write_parameters(operation);
    }
    let components = openapi.components.get_or_insert_default();
    for (schema, field, look) in FIELDS {
        if let Some(field) = text_field(components, schema, field) {
            look.write(field);
        }
    }
    for (schema, field, most) in LENGTHS {
        if let Some(field) = text_field(components, schema, field) {
            field.max_length = Some(*most);
        }
    }
    write_needs(components);
}

impl Look {
    fn write(self, text: &mut Object) {
        let Self(pattern, not) = self;
        text.pattern = Some(pattern.to_owned());
        if let Some(not) = not {
            // The library has no field for this keyword; extensions are written as they are.
            let not = serde_json::json!({ "type": "string", "pattern": not });
            text.extensions.get_or_insert_default().insert("not".to_owned(), not);
        }
    }
}

fn write_parameters(operation: &mut Operation) {
    let entries = operation.operation_id.as_deref() == Some("list_entries");
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        if entries && ["from", "to"].contains(&&*parameter.name) {
            let text = |format| {
                let format = SchemaFormat::KnownFormat(format);
                ObjectBuilder::new().schema_type(Type::String).format(Some(format))
            };
            let both = [KnownFormat::Date, KnownFormat::DateTime].map(text);
            let any = both.into_iter().fold(AnyOfBuilder::new(), AnyOfBuilder::item);
            parameter.schema = Some(any.into());
        }
        let look = PARAMETERS.iter().find(|(name, _)| *name == parameter.name);
        if let (Some((_, look)), Some(RefOr::T(Schema::Object(text)))) =
            (look, &mut parameter.schema)
        {
            look.write(text);
        }
    }
}

/// Writes which fields need one another.
fn write_needs(components: &mut Components) {
    for (name, fields) in ANY_OF {
        let mut any = AnyOfBuilder::new();
        for (field, kind) in *fields {
            any = any.item(given(field, kind.clone()));
        }
        require(components, name, Schema::AnyOf(any.build()));
    }
    for name in NOT_EMPTY {
        let some = ObjectBuilder::new().min_properties(Some(1)).build();
        require(components, name, Schema::Object(some));
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
        let mut openapi = crate::api::routes().openapi();
        let components = openapi.components.as_mut().unwrap();
        let looks = FIELDS.iter().map(|(schema, field, _)| (*schema, *field));
        let lengths = LENGTHS.iter().map(|(schema, field, _)| (*schema, *field));
        for (schema, field) in looks.chain(lengths) {
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
        let mut names = Vec::new();
        for (_, operation) in super::super::openapi::operations(&mut openapi.paths) {
            for parameter in operation.parameters.iter().flatten() {
                let RefOr::T(parameter) = parameter else { continue };
                names.push(parameter.name.clone());
            }
        }
        for (name, _) in PARAMETERS {
            assert!(names.iter().any(|known| known == name), "{name}");
        }
    }

    /// What two operations take that is one type: everywhere, and in a conversation.
    const SHARED: [&str; 1] = ["/PreferenceChanges"];

    /// Two types of one name would be one schema, and one of them would be documented wrongly.
    #[test]
    fn no_two_bodies_share_a_schema() {
        let mut openapi = crate::api::routes().openapi();
        let mut seen = std::collections::BTreeSet::new();
        for (path, operation) in super::super::openapi::operations(&mut openapi.paths) {
            let Some(RefOr::T(body)) = &operation.request_body else { continue };
            for content in body.content.values() {
                let RefOr::T(content) = content else { continue };
                if let Some(RefOr::Ref(schema)) = &content.schema {
                    let name = schema.ref_location.clone();
                    let is_new = seen.insert(name.clone());
                    assert!(
                        is_new || SHARED.iter().any(|one| name.ends_with(one)),
                        "{path}: {name}"
                    );
                }
            }
        }
        assert!(seen.len() > 5, "{seen:?}");
    }
}
