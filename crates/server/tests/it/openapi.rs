//! The OpenAPI document: what it lists, and what it promises of every operation.

use std::{collections::BTreeSet, fmt::Write as _};

use axum::http::{StatusCode, header};
use insta::assert_snapshot;
use serde_json::Value;

use crate::app::TestApp;

fn document() -> Value {
    serde_json::to_value(serene_http::openapi()).unwrap()
}

/// An operation as documented, and its name for messages.
struct Operation {
    method: String,
    path: String,
    value: Value,
}

impl Operation {
    fn name(&self) -> &str {
        self.value["operationId"].as_str().unwrap()
    }

    fn statuses(&self) -> Vec<&str> {
        self.value["responses"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    fn response(&self, status: &str) -> &Value {
        &self.value["responses"][status]
    }

    fn has_body(&self) -> bool {
        self.value.get("requestBody").is_some()
    }

    fn is_of_contract(&self) -> bool {
        self.value["tags"][0].as_str().unwrap().starts_with("contract ")
    }

    fn is_open(&self) -> bool {
        self.value.get("security").is_some()
    }
}

/// Those of the canonical API. The published contracts keep the ways of their originals: what is
/// promised of their operations is tested on its own, below.
fn operations() -> Vec<Operation> {
    all_operations().into_iter().filter(|operation| !operation.is_of_contract()).collect()
}

fn all_operations() -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, value) in item.as_object().unwrap() {
            let (method, path, value) = (method.to_uppercase(), path.clone(), value.clone());
            operations.push(Operation { method, path, value });
        }
    }
    operations
}

/// The schema that a reference leads to, or the schema itself.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).unwrap(),
        None => schema,
    }
}

/// Every property below a schema, with where it is; references are followed.
fn properties<'a>(
    document: &'a Value,
    schema: &'a Value,
    at: &str,
    out: &mut Vec<(String, &'a Value)>,
) {
    let schema = resolve(document, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        properties(document, property, &at, out);
        out.push((at, property));
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        properties(document, part, at, out);
    }
    if let Some(items) = schema.get("items") {
        properties(document, items, at, out);
    }
}

/// Texts that are sent and have no limit of their own, and why.
const UNLIMITED: [(&str, &str); 5] = [
    ("login.username", "compared and not kept; what nobody can be called is a wrong name"),
    ("login.email", "compared and not kept; what nobody can be called is a wrong name"),
    ("login.password", "compared and not kept; what nobody can have is a wrong password"),
    ("change_password.current_password", "compared and not kept"),
    ("refresh.refresh_token", "compared and not kept; of one length only"),
];

fn is_text(schema: &Value) -> bool {
    schema["type"] == "string" || schema["type"].as_array().is_some_and(|t| t[0] == "string")
}

/// The list is in `snapshots/`; with `INSTA_UPDATE=always` this test writes it anew.
#[test]
fn the_operations_are_these() {
    let mut listing = String::new();
    for operation in operations() {
        let Operation { method, path, .. } = &operation;
        let statuses = operation.statuses().join(" ");
        writeln!(listing, "{method} {path} {} {statuses}", operation.name()).unwrap();
    }
    assert_snapshot!("operations", listing);
}

#[tokio::test]
async fn the_document_is_served_as_it_is() {
    let app = TestApp::new().await;
    let served = app.anonymous().get("/openapi.json").await;
    assert_eq!(served.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(served.expect(StatusCode::OK), document());
    assert_eq!(served.bytes, serde_json::to_vec(&serene_http::openapi()).unwrap());
    assert_eq!(document()["openapi"].as_str().unwrap().rsplit_once('.').unwrap().0, "3.1");
}

#[tokio::test]
async fn the_pages_that_show_it_come_from_the_binary() {
    let app = TestApp::new().await;
    let page = app.anonymous().get("/docs/").await;
    let text = String::from_utf8(page.expect_raw(StatusCode::OK).to_vec()).unwrap();
    assert!(text.contains("swagger-ui"), "{text}");
    let outside =
        text.contains("http://") || text.contains("https://") || text.contains("src=\"//");
    assert!(!outside, "nothing is loaded from elsewhere: {text}");
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("default-src 'self'"), "{policy}");
    app.anonymous().get("/docs/swagger-ui-bundle.js").await.expect_raw(StatusCode::OK);
}

#[test]
fn every_operation_says_what_it_is() {
    let document = document();
    let tags: BTreeSet<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    let mut names = BTreeSet::new();
    for operation in operations() {
        let name = operation.name().to_owned();
        let summary = operation.value["summary"].as_str().unwrap_or_default();
        assert!(!summary.is_empty() && !summary.ends_with('.'), "{name}: {summary:?}");
        for tag in operation.value["tags"].as_array().unwrap() {
            assert!(tags.contains(tag.as_str().unwrap()), "{name}: {tag}");
        }
        for (status, response) in operation.value["responses"].as_object().unwrap() {
            let description = response["description"].as_str().unwrap_or_default();
            assert!(!description.is_empty(), "{name} {status}");
        }
        for parameter in operation.value["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["schema"].is_object(), "{name}: {parameter}");
        }
        assert!(names.insert(name.clone()), "{name} is there twice");
    }
}

#[test]
fn every_operation_says_how_it_can_fail() {
    for operation in operations() {
        let name = operation.name();
        let statuses = operation.statuses();
        let has = |status: &str| statuses.contains(&status);
        assert!(statuses.iter().any(|status| status.starts_with('2')), "{name}");
        for status in ["500", "503"] {
            assert!(has(status), "{name} {status}");
        }
        if operation.has_body() {
            for status in ["400", "408", "413", "415"] {
                assert!(has(status), "{name} {status}");
            }
        }
        assert!(operation.is_open() || has("401"), "{name}");
        assert!(!operation.path.contains('{') || has("404"), "{name}");
        for status in statuses.iter().filter(|status| status.starts_with(['4', '5'])) {
            let response = operation.response(status);
            let schema = &response["content"]["application/json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Error", "{name} {status}");
            assert!(!response["description"].as_str().unwrap().is_empty(), "{name} {status}");
            let headers = &response["headers"];
            assert_eq!(headers.get("Retry-After").is_some(), matches!(*status, "429" | "503"));
            assert_eq!(headers.get("WWW-Authenticate").is_some(), *status == "401");
        }
    }
}

#[test]
fn every_operation_of_a_contract_says_what_it_is_and_how_it_can_fail() {
    let document = document();
    let tags: Vec<&Value> =
        document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut names = BTreeSet::new();
    for operation in all_operations() {
        let name = operation.name().to_owned();
        assert!(names.insert(name.clone()), "{name} is there twice");
        if !operation.is_of_contract() {
            continue;
        }
        let tag = &operation.value["tags"][0];
        assert!(tags.contains(&tag), "{name}: {tag}");
        let contract = tag.as_str().unwrap().strip_prefix("contract ").unwrap();
        assert!(name.starts_with(&format!("{contract}_")), "{name}: {contract}");
        assert!(!operation.value["summary"].as_str().unwrap().is_empty(), "{name}");
        let statuses = operation.statuses();
        let has = |status: &str| statuses.contains(&status);
        assert!(statuses.iter().any(|status| status.starts_with('2')), "{name}");
        assert!(has("500") && has("503"), "{name}");
        assert!(!operation.has_body() || (has("400") && has("413")), "{name}");
        assert!(operation.is_open() || has("401"), "{name}");
        assert!(!operation.path.contains('{') || has("404"), "{name}");
        for status in statuses.iter().filter(|status| status.starts_with(['4', '5'])) {
            let response = operation.response(status);
            let schema = &response["content"]["application/json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/ContractError", "{name} {status}");
        }
    }
}

#[test]
fn everything_but_health_and_signing_in_needs_a_bearer_token() {
    let document = document();
    assert_eq!(document["security"], serde_json::json!([{"bearer": []}]));
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    let operations = operations();
    let open: BTreeSet<&str> =
        operations.iter().filter(|it| it.is_open()).map(Operation::name).collect();
    let expected =
        ["register", "login", "sign_in_with_firebase", "refresh", "livez", "readyz", "healthz"];
    assert_eq!(open, expected.into());
}

#[test]
fn bodies_have_examples_and_limits() {
    let document = document();
    let mut wrong = BTreeSet::new();
    for operation in operations() {
        let name = operation.name();
        let content = &operation.value["requestBody"]["content"];
        let content = content.as_object().into_iter().flatten();
        let mut sent = Vec::new();
        for (kind, body) in content {
            assert_eq!(kind, "application/json", "{name}");
            properties(&document, &body["schema"], name, &mut sent);
        }
        for (at, property) in sent {
            if is_text(property) && property.get("format").is_none_or(|format| format == "password")
            {
                if property.get("example").is_none() {
                    wrong.insert(format!("{at} has no example"));
                }
                let excused = UNLIMITED.iter().any(|(excused, _)| *excused == at);
                if property.get("maxLength").is_none() && !excused {
                    wrong.insert(format!("{at} has no limit"));
                }
            }
        }
        let mut answered = Vec::new();
        for status in operation.statuses().iter().filter(|status| status.starts_with('2')) {
            let schema = &operation.response(status)["content"]["application/json"]["schema"];
            properties(&document, schema, name, &mut answered);
        }
        for (at, property) in answered {
            let says = |key: &str| property.get(key).is_some();
            if is_text(property) && !says("format") && !says("example") && !says("description") {
                wrong.insert(format!("{at} has no example"));
            }
        }
    }
    assert_eq!(wrong, BTreeSet::new());
}

#[test]
fn bodies_that_are_sent_take_no_other_fields() {
    let document = document();
    for operation in operations().iter().filter(|operation| operation.has_body()) {
        let schema = &operation.value["requestBody"]["content"]["application/json"]["schema"];
        let schema = resolve(&document, schema);
        let parts = schema["allOf"].as_array();
        let closed = |schema: &Value| schema["additionalProperties"] == false;
        let any = parts.map_or(closed(schema), |parts| parts.iter().any(closed));
        assert!(any, "{}", operation.name());
        assert_eq!(operation.value["requestBody"]["required"], true, "{}", operation.name());
    }
}

#[test]
fn every_schema_is_used_and_every_reference_leads_somewhere() {
    let document = document();
    let text = document.to_string();
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(text.contains(&format!("\"#/components/schemas/{name}\"")), "{name} is not used");
    }
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}
