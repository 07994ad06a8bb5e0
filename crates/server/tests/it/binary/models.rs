//! Conversations with a model server: what it is asked, and what becomes of its answers.

use serde_json::{Value, json};

use crate::{
    mock_model::{MockModel, nobody},
    process::{Home, Request},
};

/// The roles and texts that a model was shown.
fn shown(body: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map(str::to_owned).unwrap();
    let messages = body["messages"].as_array().unwrap().iter();
    messages.map(|message| (text(&message["role"]), text(&message["content"]))).collect()
}

fn turn(role: &str, text: &str) -> (String, String) {
    (role.to_owned(), text.to_owned())
}

#[test]
fn a_model_is_shown_the_instruction_the_turns_before_and_the_new_message() {
    let home = Home::new();
    let model = MockModel::saying(&["That ", "sounds ", "tiring."]);
    let server = home.start(&[
        ("OPENAI_BASE_URL", &model.base_url),
        ("OPENAI_API_KEY", "sk-of-the-operator"),
        ("OPENAI_MODEL", "tiny"),
        ("SYSTEM_INSTRUCTION", "You are a calm listener."),
    ]);
    assert!(
        server.printed().contains(&format!("  engine     openai (tiny at {})", model.base_url))
    );
    let token = server.register("mira");
    let messages = server.conversation(&token);

    let first = json!({"content": "I slept badly again."});
    let exchange = server.post(&messages, &token, &first).expect(201);
    let reply = &exchange["assistant_message"];
    assert_eq!(reply["content"], "That sounds tiring.");
    assert_eq!((&reply["engine"], &reply["model"]), (&json!("openai"), &json!("tiny")));
    let usage = json!({"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12,
                       "cached_tokens": 0, "estimated": false});
    assert_eq!(exchange["generation"]["usage"], usage);

    let second = json!({"content": "Since the move, mostly."});
    let streamed = Request::new("POST", &messages).token(&token).json(&second).events();
    let streamed = streamed.send(server.address);
    assert_eq!(streamed.header("content-type"), Some("text/event-stream"));
    let events = streamed.events();
    let (name, done) = events.last().unwrap();
    assert_eq!(
        (name.as_str(), &done["message"]["content"]),
        ("done", &json!("That sounds tiring."))
    );
    let deltas = events.iter().filter_map(|(_, data)| data["text"].as_str());
    assert_eq!(deltas.collect::<String>(), "That sounds tiring.");

    let asked = model.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    for request in &asked {
        assert_eq!(request.path, "/v1/chat/completions");
        assert_eq!(request.authorization.as_deref(), Some("Bearer sk-of-the-operator"));
        assert_eq!(
            (&request.body["model"], &request.body["stream"]),
            (&json!("tiny"), &json!(true))
        );
    }
    let instruction = turn("system", "You are a calm listener.");
    let mut expected = vec![instruction, turn("user", "I slept badly again.")];
    assert_eq!(shown(&asked[0].body), expected);
    expected.push(turn("assistant", "That sounds tiring."));
    expected.push(turn("user", "Since the move, mostly."));
    assert_eq!(shown(&asked[1].body), expected);
}

#[test]
fn a_plain_endpoint_is_asked_in_its_own_format() {
    let home = Home::new();
    let model = MockModel::saying(&["I am listening."]);
    let url = model.base_url.replace("/v1", "/generate");
    let server = home.start(&[("AI_MODEL_ENDPOINT", &url)]);
    let token = server.register("mira");
    let messages = server.conversation(&token);
    let said = json!({"content": "Good evening."});
    let exchange = server.post(&messages, &token, &said).expect(201);
    assert_eq!(exchange["assistant_message"]["content"], "I am listening.");
    let asked = model.asked();
    assert_eq!((asked.len(), &*asked[0].path), (1, "/generate"));
    assert_eq!(asked[0].authorization, None);
    assert_eq!(asked[0].body["prompt"], "Good evening.");
    assert!(asked[0].body["max_tokens"].is_u64(), "{asked:?}");
    let shown = shown(&asked[0].body);
    assert_eq!((&*shown[0].0, shown.last()), ("system", Some(&turn("user", "Good evening."))));
}

#[test]
fn when_the_model_is_down_the_message_is_kept_and_the_answer_says_so() {
    let home = Home::new();
    let base_url = nobody();
    let server = home.start(&[("AI_ENGINE", "openai"), ("OPENAI_BASE_URL", &base_url)]);
    let token = server.register("mira");
    let messages = server.conversation(&token);
    let said = json!({"content": "Is anybody there?"});
    let exchange = server.post(&messages, &token, &said).expect(201);
    assert_eq!(exchange["assistant_message"]["status"], "failed");
    assert_eq!(exchange["assistant_message"]["error_code"], "MODEL_UNREACHABLE");
    let streamed = Request::new("POST", &messages).token(&token).json(&said).events();
    let events = streamed.send(server.address).events();
    let (name, data) = events.last().unwrap();
    assert_eq!((name.as_str(), &data["code"]), ("error", &json!("MODEL_UNREACHABLE")));

    let page = server.get(&messages, &token).expect(200);
    let items = page["items"].as_array().unwrap();
    let kept: Vec<_> = items.iter().map(|item| (&item["role"], &item["status"])).collect();
    let (user, assistant) = (json!("user"), json!("assistant"));
    let (complete, failed) = (json!("complete"), json!("failed"));
    let pair = [(&user, &complete), (&assistant, &failed)];
    assert_eq!(kept, [pair, pair].concat());
    assert_eq!(server.get("/readyz", "").status, 200);

    // Once there is a model again, the failures are no part of what it is shown.
    drop(server);
    let model = MockModel::saying(&["Yes."]);
    let server = home.start(&[("AI_ENGINE", "openai"), ("OPENAI_BASE_URL", &model.base_url)]);
    let exchange = server.post(&messages, &token, &said).expect(201);
    assert_eq!(exchange["assistant_message"]["content"], "Yes.");
    let roles: Vec<String> =
        shown(&model.asked()[0].body).into_iter().map(|(role, _)| role).collect();
    assert!(!roles.contains(&"assistant".to_owned()), "{roles:?}");
}
