//! What the model is told.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::http::StatusCode;
use serde_json::json;
use serene_core::generations::DEFAULT_INSTRUCTION;
use serene_llm::{Engine, EventStream, Request, Role, ScriptedEngine};

use super::{Stream, generation_of};
use crate::app::{Setup, TestApp};

/// Engines that answer in turn; the last one answers from then on.
#[derive(Clone, Debug)]
struct InTurn {
    engines: Vec<ScriptedEngine>,
    asked: Arc<AtomicUsize>,
}

impl InTurn {
    fn new(scripts: &[&str]) -> Self {
        let engines = scripts.iter().map(|script| ScriptedEngine::new(script).unwrap()).collect();
        Self { engines, asked: Arc::default() }
    }

    fn setup(&self) -> Setup {
        Setup { engine: Some(Arc::new(self.clone())), ..Setup::default() }
    }

    /// What the engine of this turn was told: roles and texts.
    fn told(&self, turn: usize) -> Vec<(Role, String)> {
        let request = self.engines[turn].requests().swap_remove(0);
        request.messages.into_iter().map(|message| (message.role, message.text)).collect()
    }
}

impl Engine for InTurn {
    fn name(&self) -> &'static str {
        "in turn"
    }

    fn model(&self) -> &'static str {
        "scripted"
    }

    fn stream(&self, request: Request) -> EventStream {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        self.engines[turn.min(self.engines.len() - 1)].stream(request)
    }
}

#[tokio::test]
async fn the_model_is_told_the_instruction_then_the_turns_then_the_new_message() {
    let app = TestApp::new().await;
    let (mira, odo) = (app.user("mira").await, app.user("odo").await);
    let (one, other) = (mira.conversation().await, mira.conversation().await);
    mira.say(&other, "said elsewhere").await;
    odo.say(&odo.conversation().await, "said by somebody else").await;
    for n in 0..3 {
        mira.say(&one, &format!("turn {n}")).await;
    }
    let requests = app.engine.as_ref().unwrap().requests();
    let told: Vec<(Role, &str)> = requests
        .last()
        .unwrap()
        .messages
        .iter()
        .map(|message| (message.role, message.text.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Role::System, DEFAULT_INSTRUCTION),
            (Role::User, "turn 0"),
            (Role::Assistant, "turn 0"),
            (Role::User, "turn 1"),
            (Role::Assistant, "turn 1"),
            (Role::User, "turn 2"),
        ]
    );
}

#[tokio::test]
async fn failed_replies_are_not_told_and_stopped_ones_are() {
    let scripts = ["fail", "cut:2+long:9", "slow:20+long:500", "echo"];
    let engine = InTurn::new(&scripts);
    let app = TestApp::with(engine.setup()).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    mira.say(&id, "first").await;
    mira.say(&id, "second").await;
    let mut stream = Stream::send(&mira, &id, json!({"content": "third"})).await;
    stream.delta().await;
    let stop = format!("{}/stop", generation_of(&stream.generation()));
    mira.post(&stop, json!({})).await.expect(StatusCode::OK);
    let (_, (_, _, done)) = stream.rest().await;
    let so_far = done["message"]["content"].as_str().unwrap();
    mira.say(&id, "fourth").await;
    let told = engine.told(3);
    let told: Vec<(Role, &str)> = told.iter().map(|(role, text)| (*role, text.as_str())).collect();
    assert_eq!(
        told,
        [
            (Role::System, DEFAULT_INSTRUCTION),
            (Role::User, "first"),
            (Role::User, "second"),
            (Role::User, "third"),
            (Role::Assistant, so_far),
            (Role::User, "fourth"),
        ]
    );
    assert!(!so_far.is_empty());
}

#[tokio::test]
async fn a_long_conversation_is_told_from_its_end() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    // Each message is 7,684 of the 31,744 tokens that are told.
    let long = |letter: char| letter.to_string().repeat(30 * 1024);
    for letter in ['a', 'b', 'c'] {
        mira.say(&id, &long(letter)).await;
    }
    let requests = app.engine.as_ref().unwrap().requests();
    let told: Vec<char> = requests[2].messages[1..]
        .iter()
        .map(|message| message.text.chars().next().unwrap())
        .collect();
    assert_eq!(told, ['a', 'b', 'b', 'c'], "whole messages, the newest, and the new one");
}
