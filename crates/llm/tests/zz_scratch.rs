//! scratch
use serene_llm::{BasicEngine, Message, Request, Role, complete};
#[tokio::test]
async fn scratch() {
    let text = std::fs::read_to_string("/tmp/extra.txt").unwrap();
    for block in text.split("\n\n") {
        let mut history = Vec::new();
        println!("=====");
        for line in block.lines().filter(|l| !l.is_empty()) {
            history.push(Message::text(Role::User, line));
            let a = complete(&BasicEngine, Request { messages: history.clone(), ..Request::default() }).await.unwrap().text;
            println!("> {line}\n    {a}");
            history.push(Message::text(Role::Assistant, a));
        }
    }
}
