//! How somebody wants to be spoken to, everywhere and in one conversation; which model answers; and
//! what it is shown.

use std::{collections::BTreeSet, sync::Arc};

use axum::http::StatusCode;
use serde_json::{Value, json};
use serene_core::generations::DEFAULT_INSTRUCTION;
use serene_llm::{
    BasicEngine, Engine, NlpEngine, Offer, Registry, Request, Role, ScriptedEngine, estimate_tokens,
};

use crate::app::{Client, Setup, TestApp};

const MINE: &str = "/api/v1/me/preferences";

fn here(conversation: &str) -> String {
    format!("/api/v1/conversations/{conversation}/preferences")
}

fn nothing() -> Value {
    json!({"model": null, "temperature": null, "max_tokens": null, "instruction": null,
           "personality": null, "address_style": null})
}

/// Sends, and returns the reply.
async fn say(client: &Client, conversation: &str, text: &str) -> Value {
    client.say(conversation, text).await["assistant_message"].take()
}

/// The last request to the model.
fn asked(app: &TestApp) -> Request {
    app.engine.as_ref().unwrap().requests().pop().unwrap()
}

fn instruction(app: &TestApp) -> String {
    asked(app).messages[0].text.clone()
}

async fn set(client: &Client, path: &str, changes: Value) -> Value {
    client.patch(path, changes).await.expect(StatusCode::OK)
}

#[tokio::test]
async fn they_are_kept_changed_and_taken_back() {
    let app = TestApp::new().await;
    let (mira, odo) = (app.user("mira").await, app.user("odo").await);
    assert_eq!(mira.get(MINE).await.expect(StatusCode::OK), nothing());
    let all = json!({"model": "echo", "temperature": 0.35, "max_tokens": 500,
                     "instruction": "Be brief.", "personality": "expert",
                     "address_style": "formal"});
    assert_eq!(set(&mira, MINE, all.clone()).await, all);
    assert_eq!(mira.get(MINE).await.expect(StatusCode::OK), all);
    let mut changed = all;
    changed["temperature"] = json!(2.0);
    changed["instruction"] = json!(null);
    let answer = set(&mira, MINE, json!({"temperature": 2, "instruction": null})).await;
    assert_eq!(answer, changed);
    assert_eq!(odo.get(MINE).await.expect(StatusCode::OK), nothing());
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    for path in [MINE.to_owned(), here(&conversation)] {
        for (body, field) in [
            (json!({"model": "another"}), Some("model")),
            (json!({"temperature": 2.01}), Some("temperature")),
            (json!({"temperature": -1}), Some("temperature")),
            (json!({"max_tokens": 0}), Some("max_tokens")),
            (json!({"max_tokens": 32_001}), Some("max_tokens")),
            (json!({"instruction": " "}), Some("instruction")),
            (json!({"instruction": "a\u{0}"}), Some("instruction")),
            (json!({"instruction": "x".repeat(2_001)}), Some("instruction")),
            (json!({"personality": "pirate"}), Some("personality")),
            (json!({"address_style": "rude"}), Some("address_style")),
            (json!({}), None),
            (json!({"tone": "warm"}), None),
            (json!({"max_tokens": "many"}), None),
        ] {
            let refused = mira.patch(&path, body).await.expect_error(400, "INVALID_REQUEST");
            assert_eq!(refused["field"].as_str(), field, "{refused}");
        }
        assert_eq!(mira.get(&path).await.expect(StatusCode::OK), nothing());
    }
}

#[tokio::test]
async fn each_of_them_changes_what_the_model_is_asked() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    mira.say(&conversation, "hello").await;
    let usual = asked(&app);
    assert_eq!(usual.messages[0].text, DEFAULT_INSTRUCTION);
    assert_eq!((usual.max_tokens, usual.temperature), (None, None));

    let account = json!({"language": "de", "country": "CH", "time_zone": "Europe/Zurich"});
    mira.patch("/api/v1/me", account).await.expect(StatusCode::OK);
    mira.say(&conversation, "hello").await;
    let told = instruction(&app);
    for part in ["with the code de.", "with the code CH.", "Where they are (Europe/Zurich) it is "]
    {
        assert!(told.contains(part), "{told}");
    }
    for (changes, part) in [
        (json!({"personality": "robot"}), "friendly robot"),
        (json!({"personality": "cynic"}), "sceptical wit"),
        (json!({"personality": "expert"}), "as an expert would"),
        (json!({"address_style": "casual"}), "person casually"),
        (json!({"address_style": "formal"}), "person formally"),
        (json!({"address_style": "friendly"}), "good friend"),
        (json!({"address_style": "professional"}), "professional conversation"),
        (json!({"instruction": "Call me Mi."}), "<wish>\nCall me Mi.\n</wish>"),
    ] {
        let before = instruction(&app);
        assert!(!before.contains(part), "{before}");
        set(&mira, MINE, changes).await;
        mira.say(&conversation, "hello").await;
        assert!(instruction(&app).contains(part), "{}", instruction(&app));
    }
    set(&mira, MINE, json!({"max_tokens": 77, "temperature": 0.3})).await;
    mira.say(&conversation, "hello").await;
    assert_eq!((asked(&app).max_tokens, asked(&app).temperature), (Some(77), Some(0.3)));
    let manner = asked(&app).manner;
    assert_eq!(manner.personality.unwrap().as_str(), "expert");
    assert_eq!(manner.address_style.unwrap().as_str(), "professional");
}

#[tokio::test]
async fn a_conversation_has_its_own_and_a_fork_takes_them_over() {
    let app = TestApp::sealed("echo").await;
    let mira = app.user("mira").await;
    let (one, other) = (mira.conversation().await, mira.conversation().await);
    set(&mira, MINE, json!({"personality": "robot", "max_tokens": 100})).await;
    let own = json!({"personality": "expert", "instruction": "Only questions."});
    set(&mira, &here(&one), own).await;
    mira.say(&other, "hello").await;
    let told = instruction(&app);
    assert!(told.contains("robot") && !told.contains("Only questions."), "{told}");
    mira.say(&one, "hello").await;
    let told = instruction(&app);
    assert!(told.contains("expert") && !told.contains("robot"), "{told}");
    assert!(told.contains("Only questions.") && asked(&app).max_tokens == Some(100), "{told}");

    let path = format!("/api/v1/conversations/{one}/fork");
    let fork = mira.post(&path, json!({"position": 2})).await.expect(StatusCode::CREATED);
    let fork = fork["id"].as_str().unwrap();
    let mut expected = nothing();
    expected["personality"] = json!("expert");
    expected["instruction"] = json!("Only questions.");
    assert_eq!(mira.get(&here(fork)).await.expect(StatusCode::OK), expected);

    // What is taken back counts as everywhere; what goes with its conversation leaves nothing.
    set(&mira, &here(&one), json!({"personality": null, "instruction": null})).await;
    mira.say(&one, "hello").await;
    assert!(instruction(&app).contains("robot"));
    let path = format!("/api/v1/conversations/{fork}?permanent=true");
    mira.delete(&path).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(app.count("SELECT COUNT(*) FROM conversation_preferences"), 0);
    mira.get(&here(fork)).await.expect_error(404, "CONVERSATION_NOT_FOUND");
    let changes = json!({"personality": "robot"});
    mira.patch(&here(fork), changes).await.expect_error(404, "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn they_reach_the_model_again_and_when_one_goes_on() {
    let app = TestApp::scripted("cut:2+long:9").await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let reply = say(&mira, &conversation, "hello").await;
    set(&mira, &here(&conversation), json!({"personality": "cynic"})).await;
    let path = format!("/api/v1/messages/{}", reply["id"].as_str().unwrap());
    for again in ["continue", "regenerate"] {
        mira.post(&format!("{path}/{again}"), json!({})).await;
        assert!(instruction(&app).contains("sceptical"), "{again}");
    }
}

/// Models with these names, and the engines behind them.
fn registry(names: &[&str]) -> (Vec<ScriptedEngine>, Registry) {
    let engines: Vec<_> =
        names.iter().map(|name| ScriptedEngine::new(&format!("fixed:{name}")).unwrap()).collect();
    let offers = engines.iter().zip(names).map(|(engine, name)| Offer {
        name: (*name).to_owned(),
        context_tokens: Some(4_096),
        ..Offer::of(Arc::new(engine.clone()))
    });
    let registry = Registry::new(offers.collect(), Vec::new()).unwrap();
    (engines, registry)
}

#[tokio::test]
async fn the_model_that_was_chosen_answers_and_is_named() {
    let (engines, models) = registry(&["small", "large"]);
    let app = TestApp::with(Setup { engine: Some(Arc::new(models)), ..Setup::default() }).await;
    let mira = app.user("mira").await;
    let listed = mira.get("/api/v1/models").await.expect(StatusCode::OK);
    let model = |name, default| json!({"name": name, "engine": "scripted", "context_tokens": 4096, "default": default});
    assert_eq!(listed, json!({"items": [model("small", true), model("large", false)]}));

    let conversation = mira.conversation().await;
    let reply = say(&mira, &conversation, "hello").await;
    assert_eq!(
        (reply["content"].as_str(), reply["model"].as_str()),
        (Some("small"), Some("small"))
    );
    set(&mira, MINE, json!({"model": "large"})).await;
    let reply = say(&mira, &conversation, "hello").await;
    assert_eq!(
        (reply["content"].as_str(), reply["model"].as_str()),
        (Some("large"), Some("large"))
    );
    set(&mira, &here(&conversation), json!({"model": "small"})).await;
    mira.say(&conversation, "hello").await;
    assert_eq!((engines[0].requests().len(), engines[1].requests().len()), (2, 1));
    let usage = app.data.rows("SELECT model, COUNT(*) FROM usage_records GROUP BY 1 ORDER BY 1");
    assert_eq!(usage.len(), 2, "{usage:?}");

    // The operator takes it away: the usual one answers, and the choice is kept.
    let (_, fewer) = registry(&["small"]);
    let data = Some(Arc::clone(&app.data));
    let later = Setup { engine: Some(Arc::new(fewer)), data, ..Setup::default() };
    let app = TestApp::with(later).await;
    let mira = app.here(&mira);
    let other = mira.conversation().await;
    let reply = say(&mira, &other, "hello").await;
    assert_eq!(reply["model"].as_str(), Some("small"));
    assert_eq!(mira.get(MINE).await.expect(StatusCode::OK)["model"].as_str(), Some("large"));
}

async fn context(client: &Client, conversation: &str) -> Value {
    let path = format!("/api/v1/conversations/{conversation}/context");
    client.get(&path).await.expect(StatusCode::OK)
}

#[tokio::test]
async fn the_context_is_what_is_sent() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    set(&mira, &here(&conversation), json!({"instruction": "Be brief."})).await;
    for n in 0..3 {
        mira.say(&conversation, &format!("turn {n}")).await;
    }
    let context = context(&mira, &conversation).await;
    let shown: Vec<(String, String)> = context["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| {
            (part["role"].as_str().unwrap().into(), part["content"].as_str().unwrap().into())
        })
        .collect();
    mira.say(&conversation, "and now").await;
    let sent: Vec<(String, String)> = asked(&app)
        .messages
        .into_iter()
        .map(|message| (message.role.as_str().to_owned(), message.text))
        .collect();
    assert_eq!(sent[..sent.len() - 1], shown);
    assert_eq!(shown.len(), 7);
    // Each turn costs its words and four more.
    for part in context["parts"].as_array().unwrap() {
        let words = estimate_tokens(part["content"].as_str().unwrap());
        assert_eq!(part["tokens"], words + 4, "{part}");
    }
    let sum: u64 = context["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["tokens"].as_u64().unwrap())
        .sum();
    assert_eq!(context["total_tokens"], sum);
    assert_eq!(context["counted_by"], "estimate");
    assert_eq!(
        (&context["context_tokens"], &context["reply_tokens"]),
        (&json!(32_768), &json!(1_024))
    );
    assert_eq!(context["ceiling_tokens"], 31_744);
    assert_eq!((&context["left_out"], &context["older_count"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn what_is_left_out_is_named_and_the_model_is_told() {
    let app = TestApp::with(Setup { context_tokens: Some(1_024), ..Setup::default() }).await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    mira.say(&conversation, "I want to kill myself").await;
    for n in 0..6 {
        mira.say(&conversation, &format!("{n} {}", "word ".repeat(60))).await;
    }
    let context = context(&mira, &conversation).await;
    assert_eq!((&context["ceiling_tokens"], &context["reply_tokens"]), (&json!(512), &json!(512)));
    assert!(context["total_tokens"].as_u64().unwrap() <= 512, "{context}");
    let left_out = context["left_out"].as_array().unwrap();
    let reason = |reason: &str| left_out.iter().filter(|one| one["reason"] == reason).count();
    assert_eq!((reason("safety"), reason("no_room") > 0), (2, true), "{left_out:?}");
    let told = context["parts"][0]["content"].as_str().unwrap();
    assert!(told.contains("The beginning of this conversation is left out here."), "{told}");
    mira.say(&conversation, &"last ".repeat(60)).await;
    let request = asked(&app);
    assert!(request.messages[0].text.contains("is left out here."));
    let tokens: u32 =
        request.messages.iter().map(|message| estimate_tokens(&message.text) + 4).sum();
    assert!(tokens <= 512, "{tokens}");
    assert_eq!(request.messages.last().unwrap().text, "last ".repeat(60));
    assert!(request.messages.iter().all(|message| !message.text.contains("kill")));
}

#[tokio::test]
async fn a_message_that_is_more_than_the_model_takes_is_kept_and_not_sent() {
    let app = TestApp::with(Setup { context_tokens: Some(1_024), ..Setup::default() }).await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let long = "word ".repeat(600);
    let reply = say(&mira, &conversation, &long).await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let messages = mira.get(&path).await.expect(StatusCode::OK);
    assert_eq!(messages["items"][0]["content"], long.as_str());
    assert_eq!(
        (&reply["status"], &reply["error_code"]),
        (&json!("failed"), &json!("PROMPT_TOO_LONG"))
    );
    assert!(app.engine.as_ref().unwrap().requests().is_empty(), "nothing was sent");
    // What follows is answered, and shown as much as there is room for.
    let reply = say(&mira, &conversation, "shorter, then").await;
    assert_eq!(reply["content"], "shorter, then");
    let roles: Vec<Role> = asked(&app).messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::User]);
}

#[tokio::test]
async fn an_answer_may_be_no_longer_than_there_is_room() {
    let app = TestApp::with(Setup { context_tokens: Some(1_024), ..Setup::default() }).await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    set(&mira, MINE, json!({"max_tokens": 5_000})).await;
    mira.say(&conversation, "hello").await;
    let request = asked(&app);
    let prompt: u32 =
        request.messages.iter().map(|message| estimate_tokens(&message.text) + 4).sum();
    assert_eq!(request.max_tokens, Some(1_024 - prompt));
}

#[tokio::test]
async fn a_long_conversation_says_how_much_was_not_looked_at() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    for n in 0..103 {
        mira.say(&conversation, &format!("turn {n}")).await;
    }
    let context = context(&mira, &conversation).await;
    assert_eq!(context["older_count"], 6);
    assert_eq!(context["parts"].as_array().unwrap().len(), 201);
    let told = context["parts"][0]["content"].as_str().unwrap();
    assert!(told.contains("is left out here."), "{told}");
}

/// What a built-in engine answers to somebody with these settings.
async fn built_in(nlp: bool, account: Value, preferences: Value, said: &str) -> String {
    let engine: Arc<dyn Engine> = if nlp { Arc::new(NlpEngine) } else { Arc::new(BasicEngine) };
    let app = TestApp::with(Setup { engine: Some(engine), ..Setup::default() }).await;
    let mira = app.user("mira").await;
    if account != json!({}) {
        mira.patch("/api/v1/me", account).await.expect(StatusCode::OK);
    }
    if preferences != json!({}) {
        set(&mira, MINE, preferences).await;
    }
    let conversation = mira.conversation().await;
    say(&mira, &conversation, said).await["content"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_of_them_changes_the_words_of_the_built_in_engines() {
    // Nothing sad: whoever is sad hears no wit.
    const SAID: &str = "I painted the kitchen this weekend, and it looks great.";
    for nlp in [false, true] {
        let usual = built_in(nlp, json!({}), json!({}), SAID).await;
        for changes in [
            json!({"personality": "robot"}),
            json!({"personality": "cynic"}),
            json!({"personality": "expert"}),
            json!({"address_style": "casual"}),
            json!({"address_style": "formal"}),
            json!({"address_style": "friendly"}),
            json!({"address_style": "professional"}),
            json!({"max_tokens": 5}),
            json!({"instruction": "Be brief."}),
        ] {
            let answer = built_in(nlp, json!({}), changes.clone(), SAID).await;
            assert_ne!(answer, usual, "nlp: {nlp}, {changes}");
        }
        let mut others = BTreeSet::new();
        for temperature in [0.0, 0.4, 0.9, 1.3, 1.8] {
            let answer = built_in(nlp, json!({}), json!({"temperature": temperature}), SAID).await;
            others.insert(answer);
        }
        assert!(others.contains(&usual) && others.len() > 1, "nlp: {nlp}, {others:?}");
        for (account, said, part) in [
            (
                json!({"time_zone": "Europe/Berlin"}),
                "What day is it today?",
                "Where you are, it's 2",
            ),
            (json!({"language": "de"}), "ok", "Ich "),
            (json!({"country": "CH"}), "In which country do I live?", "the country code CH"),
        ] {
            let usual = built_in(nlp, json!({}), json!({}), said).await;
            assert!(!usual.contains(part), "{usual}");
            let answer = built_in(nlp, account, json!({}), said).await;
            assert!(answer.contains(part), "nlp: {nlp}, {answer}");
        }
    }
    let one = built_in(false, json!({}), json!({}), SAID).await;
    assert_ne!(one, built_in(true, json!({}), json!({}), SAID).await, "the model: another voice");
}
