//! A model that runs inside the server: from a folder, through the real binary, to a stream.

use std::path::Path;

use serde_json::{Value, json};

use crate::process::{Home, Request, Server, read_until, wait_for};

#[allow(dead_code, reason = "it is the engine's own tests that use all of it")]
#[path = "../../../../llm/tests/local/folder.rs"]
mod folder;

use folder::{Says, Tiny};

/// A home with the folder of a tiny model in it.
fn home(says: Says) -> (Home, String) {
    let home = Home::new();
    let model = home.work().join("tiny-model");
    std::fs::create_dir(&model).unwrap();
    // A byte is a token here, and the instruction alone has hundreds.
    Tiny { context: 4096, ..Tiny::new(says) }.write(&model);
    let path = model.to_str().unwrap().to_owned();
    (home, path)
}

fn start(home: &Home, path: &str) -> Server {
    home.start(&[("AI_ENGINE", "transformers"), ("AI_MODEL_PATH", path)])
}

/// Sends a message and reads its stream to the end: the deltas, and the last event.
fn streamed(server: &Server, token: &str, messages: &str) -> (Vec<String>, (String, Value)) {
    let said = json!({"content": "Are you there?"});
    let request = Request::new("POST", messages).token(token).events().json(&said);
    let mut events = request.send(server.address).events();
    let last = events.pop().unwrap();
    let deltas = events.iter().filter(|(name, _)| name == "delta");
    (deltas.map(|(_, data)| data["text"].as_str().unwrap().to_owned()).collect(), last)
}

#[test]
fn a_reply_of_a_model_in_a_folder_is_streamed_and_kept() {
    let (home, path) = home(Says::Text("Hé€😀 you."));
    let server = start(&home, &path);
    let banner = format!("  engine     transformers ({path})\n");
    assert!(server.printed().ends_with(&banner), "{}", server.printed());
    let token = server.register("mira");
    let messages = server.conversation(&token);
    for _ in 0..2 {
        let (deltas, (name, done)) = streamed(&server, &token, &messages);
        assert_eq!((deltas.concat().as_str(), name.as_str()), ("Hé€😀 you.", "done"));
        let message = &done["message"];
        assert_eq!(
            (&message["engine"], &message["model"], &message["status"]),
            (&json!("transformers"), &json!("tiny-model"), &json!("complete"))
        );
        assert_eq!(message["content"], "Hé€😀 you.");
        let usage = &done["generation"]["usage"];
        assert_eq!(
            (&usage["completion_tokens"], &usage["estimated"]),
            (&json!(16), &json!(false)),
            "{done}"
        );
    }
    // Whole, too.
    let said = json!({"content": "And now?"});
    let exchange = server.post(&messages, &token, &said).expect(201);
    assert_eq!(exchange["assistant_message"]["content"], "Hé€😀 you.");
    assert_eq!(
        home.run(&["doctor"], &[("AI_ENGINE", "transformers"), ("AI_MODEL_PATH", &path)]).code,
        Some(0)
    );
}

#[test]
fn a_reply_that_is_stopped_makes_room_for_the_next() {
    let (home, path) = home(Says::Endless("abcdefgh "));
    let mut config = Tiny { context: 8192, ..Tiny::new(Says::Noise) }.config();
    config["eos_token_id"] = Value::Null;
    folder::write(Path::new(&path), "config.json", &config);
    let server = start(&home, &path);
    let token = server.register("mira");
    let messages = server.conversation(&token);
    let said = json!({"content": "Go on and on."});
    let request = Request::new("POST", &messages).token(&token).events().json(&said);
    let mut stream = request.open(server.address);
    read_until(&mut stream, "\"text\"");
    let page = server.get(&messages, &token).expect(200);
    let items = page["items"].as_array().unwrap();
    let running = items.iter().find_map(|item| item["generation_id"].as_str()).unwrap();
    let stop = format!("/api/v1/generations/{running}/stop");
    assert_eq!(server.post(&stop, &token, &json!({})).status, 200);
    wait_for("the reply to stop", || {
        let page = server.get(&messages, &token).expect(200);
        page["items"].as_array().unwrap().iter().find(|item| item["status"] == "stopped").cloned()
    });
    let other = server.conversation(&token);
    let (deltas, (name, _)) = streamed(&server, &token, &other);
    assert!(deltas.concat().starts_with("abcdefgh abc"), "{deltas:?}");
    assert_eq!(name, "done");
}

#[test]
fn a_broken_folder_is_one_line_at_start_and_no_matter_to_other_commands() {
    let (home, path) = home(Says::Text("Hi."));
    let folder = Path::new(&path);
    let weights = folder.join("model.safetensors");
    let whole = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &whole[..whole.len() / 2]).unwrap();
    let settings = [("PORT", "0"), ("AI_ENGINE", "transformers"), ("AI_MODEL_PATH", &*path)];
    let finished = home.run(&[], &settings);
    assert_eq!((finished.code, finished.out.as_str()), (Some(78), ""), "{finished:?}");
    let line = finished.err.strip_suffix('\n').unwrap();
    let file = weights.display();
    assert!(
        !line.contains('\n') && line.starts_with(&format!("serene: {file}: is cut off in ")),
        "{line}"
    );
    assert!(!home.work().join("data/serene.db").exists(), "the database comes after the model");
    let doctor = home.run(&["doctor"], &settings);
    assert!(doctor.out.contains(&format!("BAD   engine: {file}: is cut off")), "{doctor:?}");
    assert_eq!(home.run(&["user", "list"], &settings).code, Some(0));
}
