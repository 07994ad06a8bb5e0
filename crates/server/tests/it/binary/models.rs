//! Conversations with a model server: what it is asked, and what becomes of its answers.

use serde_json::{Value, json};

use crate::{
    mock_model::{MockModel, nobody},
    mock_model_server::MockServer,
    process::{Home, Request, Server},
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

/// What somebody says to it, in ten messages.
const SAID: [&str; 10] = [
    "I slept badly again.",
    "Since the move, mostly. The flat is still full of boxes.",
    "I know nobody here yet.",
    "My sister says: \"give it time\". She is right, I suppose…",
    "There is a choir on Tuesdays. I used to sing.",
    "I am afraid to walk in alone. Ich trau mich nicht 🙈",
    "Maybe I could write to them first.",
    "I wrote. They answered within the hour!",
    "They sing Fauré, and they need an alto.",
    "I am going. Thank you for listening.",
];

/// Sends a message and waits for the reply as JSON; returns its text.
fn say(server: &Server, token: &str, messages: &str, text: &str) -> String {
    let exchange = server.post(messages, token, &json!({"content": text})).expect(201);
    let reply = &exchange["assistant_message"];
    assert_eq!(
        (&reply["status"], &reply["engine"], &reply["model"]),
        (&json!("complete"), &json!("openai"), &json!("tiny"))
    );
    let usage = json!({"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12,
                       "cached_tokens": 0, "estimated": false});
    assert_eq!(exchange["generation"]["usage"], usage);
    reply["content"].as_str().unwrap().to_owned()
}

/// The same as a stream.
fn say_streamed(server: &Server, token: &str, messages: &str, text: &str) -> String {
    let request = Request::new("POST", messages).token(token).events();
    let streamed = request.json(&json!({"content": text})).send(server.address);
    assert_eq!(
        (streamed.status, streamed.header("content-type")),
        (200, Some("text/event-stream"))
    );
    let events = streamed.events();
    let deltas = events.iter().filter(|(name, _)| name == "delta");
    let told: String = deltas.filter_map(|(_, data)| data["text"].as_str()).collect();
    let (name, done) = events.last().unwrap();
    assert_eq!((name.as_str(), &done["message"]["status"]), ("done", &json!("complete")));
    assert_eq!(done["message"]["content"], told, "what was streamed is what is kept");
    told
}

#[test]
fn ten_messages_reach_a_model_with_the_instruction_and_every_turn_before() {
    let home = Home::new();
    let model = MockModel::saying(&["Answer ", "number # ", "to you."]);
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
    let ways = [say as fn(&Server, &str, &str, &str) -> String, say_streamed];
    for (nth, way) in ways.into_iter().enumerate() {
        let messages = server.conversation(&token);
        let before = nth * SAID.len();
        let mut turns = Vec::new();
        for (number, text) in (before + 1..).zip(SAID) {
            let answer = way(&server, &token, &messages, text);
            assert_eq!(answer, format!("Answer number {number} to you."));
            turns.push(turn("user", text));
            let asked = model.asked();
            assert_eq!(asked.len(), number, "a message is asked once: {asked:?}");
            let asked = &asked[number - 1];
            assert_eq!(asked.path, "/v1/chat/completions");
            assert_eq!(asked.authorization.as_deref(), Some("Bearer sk-of-the-operator"));
            assert_eq!(
                (&asked.body["model"], &asked.body["stream"]),
                (&json!("tiny"), &json!(true))
            );
            let expected = [&[turn("system", "You are a calm listener.")], &turns[..]].concat();
            assert_eq!(shown(&asked.body), expected);
            turns.push(turn("assistant", &answer));
        }
        let page = server.get(&format!("{messages}?limit=100"), &token).expect(200);
        assert_eq!(shown(&json!({"messages": page["items"]})), turns, "what is kept");
    }
}

#[test]
fn a_plain_endpoint_is_asked_in_its_own_format() {
    let home = Home::new();
    let model = MockModel::saying(&["I am listening."]);
    let url = model.base_url.replace("/v1", "/generate");
    let server = home.start(&[("AI_MODEL_ENDPOINT", &url), ("AI_TITLES", "off")]);
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

#[test]
fn another_engine_steps_in_and_the_reply_says_which() {
    let home = Home::new();
    let model = MockServer::start();
    let base_url = model.base_url();
    let settings = [
        ("AI_ENGINE", "openai"),
        ("OPENAI_BASE_URL", &*base_url),
        ("OPENAI_MODEL", "times:1+unauthorized+fixed:I am back."),
        ("AI_FALLBACK", "basic"),
    ];
    let server = home.start(&settings);
    let engine = format!(
        "openai (times:1+unauthorized+fixed:I am back. at {base_url}), else basic (built in: no \
         key, no network)"
    );
    assert!(
        server.printed().ends_with(&format!("  engine     {engine}\n")),
        "{}",
        server.printed()
    );
    let doctor = home.run(&["doctor"], &settings);
    assert!(doctor.out.contains(&format!("ok    engine: {engine}\n")), "{doctor:?}");

    let token = server.register("mira");
    let messages = server.conversation(&token);
    let said = json!({"content": "I could not sleep, my exam is on Friday."});
    let exchange = server.post(&messages, &token, &said).expect(201);
    let reply = &exchange["assistant_message"];
    assert_eq!((&reply["status"], &reply["engine"]), (&json!("complete"), &json!("basic")));
    assert_ne!(reply["content"], "");
    let log = server.log();
    assert!(log.contains("MODEL_UNAUTHORIZED") && log.contains("asking basic"), "{log}");

    // The first is asked first every time.
    let exchange = server.post(&messages, &token, &said).expect(201);
    let reply = &exchange["assistant_message"];
    assert_eq!((&reply["content"], &reply["engine"]), (&json!("I am back."), &json!("openai")));
    let ends: Vec<_> = model.requests().iter().map(|it| it["end"].clone()).collect();
    assert_eq!(ends, ["failed", "finished"]);
}
