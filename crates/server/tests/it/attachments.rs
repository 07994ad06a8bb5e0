//! Images that come with a message: kept byte for byte, given to the model, shown to their owner.

use axum::http::{StatusCode, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::app::{Client, Reply, TestApp};

/// How each kind begins.
const KINDS: [(&str, &[u8]); 4] = [
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", b"\xff\xd8\xff"),
    ("image/webp", b"RIFF\x00\x00\x00\x00WEBP"),
    ("image/gif", b"GIF89a"),
];

const MEBIBYTE: usize = 1024 * 1024;

/// The kinds and bytes of a message's images.
type Images<'a> = Vec<(&'a str, &'a [u8])>;

/// An image of this kind and size that has every byte in it.
fn image(kind: &str, size: usize) -> Vec<u8> {
    let (_, magic) = KINDS.iter().find(|(name, _)| *name == kind).unwrap();
    magic.iter().copied().chain((0..=255).cycle()).take(size.max(magic.len())).collect()
}

fn data_url(kind: &str, data: &[u8]) -> String {
    format!("data:{kind};base64,{}", STANDARD.encode(data))
}

async fn send(client: &Client, conversation: &str, content: &str, urls: &[String]) -> Reply {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    client.post(&path, json!({"content": content, "attachments": urls})).await
}

#[tokio::test]
async fn images_of_every_kind_are_kept_byte_for_byte() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let images: Vec<Vec<u8>> = KINDS.iter().map(|(kind, _)| image(kind, 1000)).collect();
    let urls: Vec<String> =
        KINDS.iter().zip(&images).map(|((kind, _), data)| data_url(kind, data)).collect();
    let exchange = send(&mira, &id, "look", &urls).await.expect(StatusCode::CREATED);
    let attachments = exchange["user_message"]["attachments"].as_array().unwrap();
    assert_eq!(exchange["assistant_message"]["attachments"], json!([]));
    assert_eq!(attachments.len(), 4);
    for ((attachment, (kind, _)), data) in attachments.iter().zip(&KINDS).zip(&images) {
        let id = attachment["id"].as_str().unwrap();
        let expected = json!({
            "id": id,
            "media_type": kind,
            "size_bytes": data.len(),
            "url": format!("/api/v1/attachments/{id}"),
        });
        assert_eq!(attachment, &expected);
        let answer = mira.get(attachment["url"].as_str().unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(&answer.bytes, data);
        assert_eq!(answer.headers[header::CONTENT_TYPE], *kind);
        assert_eq!(answer.headers[header::CONTENT_LENGTH], data.len().to_string());
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers[header::CONTENT_SECURITY_POLICY], "default-src 'none'; sandbox");
        let cache = answer.headers[header::CACHE_CONTROL].to_str().unwrap();
        assert!(cache.starts_with("private, ") && cache.ends_with(", immutable"), "{cache}");
    }
    // Read again, one by one and in the list, they are the same.
    let message = &exchange["user_message"];
    let path = format!("/api/v1/messages/{}", message["id"].as_str().unwrap());
    assert_eq!(&mira.get(&path).await.expect(StatusCode::OK), message);
    let page = mira.get(&format!("/api/v1/conversations/{id}/messages")).await;
    assert_eq!(&page.expect(StatusCode::OK)["items"][0], message);
}

#[tokio::test]
async fn the_model_is_shown_the_images_with_their_message() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let (png, gif) = (image("image/png", 300), image("image/gif", 200));
    send(&mira, &id, "the first", &[data_url("image/png", &png), data_url("image/gif", &gif)])
        .await
        .expect(StatusCode::CREATED);
    mira.say(&id, "no image").await;
    let webp = image("image/webp", 100);
    send(&mira, &id, "the last", &[data_url("image/webp", &webp)])
        .await
        .expect(StatusCode::CREATED);
    let requests = app.engine.as_ref().unwrap().requests();
    let seen: Vec<(&str, Images<'_>)> = requests[2]
        .messages
        .iter()
        .filter(|message| message.role == serene_llm::Role::User)
        .map(|message| {
            let images = message.images.iter();
            let images = images.map(|image| (image.media_type.as_str(), &image.data[..]));
            (message.text.as_str(), images.collect())
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("the first", vec![("image/png", &png[..]), ("image/gif", &gif[..])]),
            ("no image", vec![]),
            ("the last", vec![("image/webp", &webp[..])]),
        ]
    );
}

#[tokio::test]
async fn the_model_is_shown_the_newest_four_images() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    for size in [10, 20, 30] {
        let urls = [size, size + 1].map(|size| data_url("image/png", &image("image/png", size)));
        send(&mira, &id, "look", &urls).await.expect(StatusCode::CREATED);
    }
    let requests = app.engine.as_ref().unwrap().requests();
    let images = requests[2].messages.iter().flat_map(|message| &message.images);
    let sizes: Vec<usize> = images.map(|image| image.data.len()).collect();
    assert_eq!(sizes, [20, 21, 30, 31]);
}

#[tokio::test]
async fn an_image_is_found_by_its_owner_alone_and_as_long_as_its_message() {
    let app = TestApp::new().await;
    let (mira, odo) = (app.user("mira").await, app.user("odo").await);
    let id = mira.conversation().await;
    let url = data_url("image/gif", &image("image/gif", 20));
    let exchange = send(&mira, &id, "look", &[url]).await.expect(StatusCode::CREATED);
    let message = &exchange["user_message"];
    let path = message["attachments"][0]["url"].as_str().unwrap();
    mira.get(path).await.expect_raw(StatusCode::OK);
    odo.get(path).await.expect_error(404, "ATTACHMENT_NOT_FOUND");
    app.anonymous().get(path).await.expect_error(401, "UNAUTHENTICATED");

    let conversation = format!("/api/v1/conversations/{id}");
    mira.delete(&conversation).await.expect(StatusCode::NO_CONTENT);
    mira.get(path).await.expect_error(404, "ATTACHMENT_NOT_FOUND");
    mira.post(&format!("{conversation}/restore"), json!({})).await.expect(StatusCode::OK);
    mira.get(path).await.expect_raw(StatusCode::OK);
    let message = format!("/api/v1/messages/{}", message["id"].as_str().unwrap());
    mira.delete(&message).await.expect(StatusCode::NO_CONTENT);
    mira.get(path).await.expect_error(404, "ATTACHMENT_NOT_FOUND");
    assert_eq!(app.count("SELECT COUNT(*) FROM attachments"), 0);
}

#[tokio::test]
async fn what_is_no_image_is_refused_and_nothing_is_fetched() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let gif = data_url("image/gif", &image("image/gif", 20));
    let mut wrong: Vec<(String, &str)> = [
        ("https://example.org/cat.png", "data:"),
        ("file:///etc/passwd", "data:"),
        ("", "data:"),
        ("data:image/gif,R0lGODlh", "data:"),
        ("data:image/gif;base64,R0lGODl*", "valid base64"),
        ("data:text/html;base64,PGI+", "image/png"),
        ("data:image/svg+xml;base64,PHN2Zy8+", "image/png"),
        ("data:image/png;base64,", "no image/png"),
    ]
    .map(|(url, words)| (url.to_owned(), words))
    .into();
    // Every kind under every other kind's name.
    for (kind, magic) in KINDS {
        for (name, _) in KINDS.iter().filter(|(name, _)| *name != kind) {
            wrong.push((data_url(name, magic), "must be what they say"));
        }
    }
    for (url, words) in wrong {
        let error = send(&mira, &id, "look", &[gif.clone(), url]).await;
        let error = error.expect_error(400, "INVALID_REQUEST");
        assert_eq!(error["field"], "attachments");
        assert!(error["error"].as_str().unwrap().contains(words), "{words}: {error}");
    }
    let five = vec![gif; 5];
    let error = send(&mira, &id, "look", &five).await.expect_error(400, "INVALID_REQUEST");
    assert!(error["error"].as_str().unwrap().contains("at most 4"), "{error}");
    let page = mira.get(&format!("/api/v1/conversations/{id}/messages")).await;
    assert_eq!(page.expect(StatusCode::OK)["items"], json!([]), "nothing was stored");
    assert!(app.engine.as_ref().unwrap().requests().is_empty());
}

#[tokio::test]
async fn four_images_of_five_mebibytes_are_taken_and_no_byte_more() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let largest = image("image/jpeg", 5 * MEBIBYTE);
    let four = vec![data_url("image/jpeg", &largest); 4];
    let exchange = send(&mira, &id, "look", &four).await.expect(StatusCode::CREATED);
    let last: &Value = &exchange["user_message"]["attachments"][3];
    assert_eq!(last["size_bytes"], 5 * MEBIBYTE);
    assert_eq!(mira.get(last["url"].as_str().unwrap()).await.bytes, largest);
    let over = data_url("image/jpeg", &image("image/jpeg", 5 * MEBIBYTE + 1));
    let error = send(&mira, &id, "look", &[over]).await.expect_error(400, "INVALID_REQUEST");
    assert!(error["error"].as_str().unwrap().contains("5 MiB"), "{error}");
}
