//! How an answer becomes bytes. What is in it is the handlers'.

use std::cell::Cell;

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Serialize;

use crate::error::internal;

/// The longest buffer that a thread keeps.
const KEPT_BYTES: usize = 64 * 1024;

thread_local! {
    /// Written into, again and again, so that no page pays for a buffer that grows.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An answer in JSON.
///
/// axum's own writes through `BytesMut` into a buffer that grows: a page of 30 entries took an eighth
/// more instructions that way (callgrind).
pub(crate) struct Answer<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut buffer = BUFFER.take();
        buffer.clear();
        let written = serde_json::to_writer(&mut buffer, &self.0);
        let body = Bytes::copy_from_slice(&buffer);
        if buffer.capacity() <= KEPT_BYTES {
            BUFFER.set(buffer);
        }
        match written {
            Ok(()) => {
                let json = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, json)], body).into_response()
            }
            Err(_) => internal().into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::to_bytes, http::StatusCode};

    use super::*;

    async fn text(response: Response) -> String {
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn nothing_of_one_answer_is_in_the_next() {
        let long = "a secret ".repeat(20_000);
        let first = Answer(&long).into_response();
        assert_eq!(text(first).await.len(), long.len() + 2);
        for word in ["a longer word", "short"] {
            let response = Answer([word]).into_response();
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
            assert_eq!(text(response).await, format!("[\"{word}\"]"));
        }
    }

    #[tokio::test]
    async fn what_is_no_json_is_a_mistake_of_the_server() {
        let broken = std::collections::BTreeMap::from([((1, 2), 3)]);
        let response = Answer(broken).into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(text(response).await, "", "the envelope is the middleware's");
    }
}
