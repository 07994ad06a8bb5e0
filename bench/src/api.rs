//! The API as its own OpenAPI document tells it: which operations there are, and requests to them.
//! Method and path come from the document, so that a case cannot measure another route than it says.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use anyhow::Context;
use serde_json::Value;

use crate::{client::Request, load};

/// The methods that a path of an OpenAPI document may have.
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// Every operation of a server.
#[derive(Debug)]
pub(crate) struct Api {
    version: String,
    /// Method and path by operation id.
    operations: BTreeMap<String, (String, String)>,
}

/// A request in the making.
#[derive(Debug)]
pub(crate) struct Builder {
    method: String,
    path: String,
    headers: String,
    body: Vec<u8>,
    contains: Option<&'static str>,
}

impl Api {
    /// Reads the document of the server at this address.
    pub(crate) async fn fetch(address: SocketAddr) -> anyhow::Result<Self> {
        let request = Builder::new("GET", "/openapi.json").expect(200);
        let document = load::each(address, 1, vec![request]).await?;
        Self::parse(document.first().context("no document")?)
    }

    fn parse(document: &Value) -> anyhow::Result<Self> {
        let version =
            document["info"]["version"].as_str().context("the document has no version")?;
        let paths = document["paths"].as_object().context("the document has no paths")?;
        let mut operations = BTreeMap::new();
        for (path, item) in paths {
            for method in METHODS {
                let Some(operation) = item.get(method) else { continue };
                // The published contracts call the same services; they are not measured apart.
                let tag = operation["tags"][0].as_str().unwrap_or_default();
                if tag.starts_with("contract ") {
                    continue;
                }
                let id = operation["operationId"].as_str();
                let id = id.with_context(|| format!("{method} {path} has no operation id"))?;
                operations.insert(id.to_owned(), (method.to_uppercase(), path.clone()));
            }
        }
        Ok(Self { version: version.to_owned(), operations })
    }

    /// The version of the product.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// How many operations there are.
    pub(crate) fn len(&self) -> usize {
        self.operations.len()
    }

    /// Fails unless these are the operations of the document, all of them and no others.
    pub(crate) fn census(&self, measured: &BTreeSet<&str>) -> anyhow::Result<()> {
        let known: BTreeSet<&str> = self.operations.keys().map(String::as_str).collect();
        let missing: Vec<_> = known.difference(measured).copied().collect();
        let gone: Vec<_> = measured.difference(&known).copied().collect();
        anyhow::ensure!(
            missing.is_empty(),
            "these operations have no case in bench/src/cases: {}",
            missing.join(", ")
        );
        anyhow::ensure!(gone.is_empty(), "these cases have no operation: {}", gone.join(", "));
        Ok(())
    }

    /// A request to an operation.
    pub(crate) fn to(&self, operation: &str) -> Builder {
        let (method, path) = self.operations.get(operation).unwrap_or_else(|| {
            panic!("{operation} has a case, and the census found every case in the document")
        });
        Builder::new(method, path)
    }
}

impl Builder {
    /// A request to a path, which a case knows that measures no operation of the document.
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: String::new(),
            body: Vec::new(),
            contains: None,
        }
    }

    /// Fills the path's `{id}`.
    pub(crate) fn id(mut self, id: &str) -> Self {
        self.path = self.path.replace("{id}", id);
        self
    }

    /// Adds a query, which is encoded already.
    pub(crate) fn query(mut self, query: &str) -> Self {
        self.path = format!("{}?{query}", self.path);
        self
    }

    /// Signs the request.
    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.extend([name, ": ", value, "\r\n"]);
        self
    }

    /// Gives it a body.
    pub(crate) fn json(self, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        let length = body.len().to_string();
        let mut request =
            self.header("content-type", "application/json").header("content-length", &length);
        request.body = body;
        request
    }

    /// Wants this text in the answer's body.
    pub(crate) fn containing(mut self, text: &'static str) -> Self {
        self.contains = Some(text);
        self
    }

    /// Wants this status, and is done.
    pub(crate) fn expect(self, status: u16) -> Request {
        let Self { method, path, headers, body, contains } = self;
        let head = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&body);
        Request { bytes: bytes.into(), status, contains }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn api() -> Api {
        let document = json!({"info": {"version": "9"}, "paths": {
            "/a/{id}": {"get": {"operationId": "read"}, "delete": {"operationId": "delete"}},
            "/b": {"post": {"operationId": "create"}},
        }});
        Api::parse(&document).unwrap()
    }

    #[test]
    fn a_forgotten_operation_and_a_stale_case_are_found() {
        let census = |measured: &[&'static str]| {
            api().census(&measured.iter().copied().collect()).map_err(|error| error.to_string())
        };
        assert_eq!(census(&["read", "delete", "create"]), Ok(()));
        let forgotten = census(&["read", "create"]).unwrap_err();
        assert!(forgotten.contains("have no case") && forgotten.contains("delete"), "{forgotten}");
        let stale = census(&["read", "delete", "create", "bury"]).unwrap_err();
        assert!(stale.contains("have no operation: bury"), "{stale}");
    }

    #[test]
    fn requests_go_where_the_document_says() {
        let request = api().to("create").token("t").json(&json!({})).expect(201);
        assert_eq!(
            std::str::from_utf8(&request.bytes).unwrap(),
            "POST /b HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer t\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
        );
        let request = api().to("read").id("7").query("limit=1").expect(200);
        assert!(request.bytes.starts_with(b"GET /a/7?limit=1 HTTP/1.1\r\n"));
    }
}
