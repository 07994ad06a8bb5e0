//! What no honest client sends: every answer to it is an error in the envelope, and the server
//! goes on.

mod bodies;
mod contracts;
mod routes;
mod sockets;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::Value;

use crate::app::{Client, Reply};

/// An operation, as the OpenAPI document lists it: a route that is new is tried as well.
struct Operation {
    method: String,
    /// With `{id}` where an id goes.
    path: String,
    takes_body: bool,
    takes_query: bool,
}

/// Everything of the canonical API.
fn operations() -> Vec<Operation> {
    listed(|tag| !tag.starts_with("contract "))
}

/// Everything of the published contracts.
fn contract_operations() -> Vec<Operation> {
    listed(|tag| tag.starts_with("contract "))
}

fn listed(wanted: fn(&str) -> bool) -> Vec<Operation> {
    let document = serde_json::to_value(serene_http::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if !wanted(operation["tags"][0].as_str().unwrap()) {
                continue;
            }
            let parameters = operation["parameters"].as_array();
            let in_query = |parameter: &Value| parameter["in"] == "query";
            operations.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                takes_body: operation.get("requestBody").is_some(),
                takes_query: parameters.is_some_and(|all| all.iter().any(in_query)),
            });
        }
    }
    operations
}

/// Sends bytes as JSON.
async fn send_bytes(client: &Client, method: &str, path: &str, body: impl Into<Body>) -> Reply {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .body(body.into());
    client.raw(request.unwrap()).await
}

/// Checks that the server still does what it is there for.
pub(crate) async fn assert_goes_on(client: &Client) {
    let conversation = client.conversation().await;
    let sent = client.say(&conversation, "still there?").await;
    assert_eq!(sent["assistant_message"]["status"], "complete");
    client.get("/readyz").await.expect(StatusCode::OK);
}
