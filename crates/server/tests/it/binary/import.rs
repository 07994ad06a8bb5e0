//! `serene import`: what it says and with what it ends.

use serde_json::json;

use crate::process::{Home, Request, finished};

#[test]
fn an_export_is_read_into_an_account_beside_a_running_server() {
    let home = Home::new();
    let server = home.start(&[]);
    let token = server.register("mira");
    let messages = server.conversation(&token);
    server.post(&messages, &token, &json!({"content": "hello there"})).expect(201);
    let export = Request::new("GET", "/api/v1/me/export").token(&token).send(server.address);
    assert_eq!(export.status, 200);
    std::fs::write(home.work().join("mira.json"), &export.body).unwrap();

    let other = server.register("noah");
    let import = |file: &str, user: &str| home.run(&["import", file, "--user", user], &[]);
    let done = import("mira.json", "noah");
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(
        done.out,
        "conversations  1 taken, 0 there already, 0 not taken\n\
         messages       2 taken, 0 there already, 0 not taken\n\
         entries        0 taken, 0 there already, 0 not taken\n\
         usage          1 passed over: it was charged elsewhere\n"
    );
    assert_eq!(server.get(&messages, &other).expect(200)["items"][0]["content"], "hello there");
    let again = import("mira.json", "noah");
    assert!(
        again.out.contains("messages       0 taken, 2 there already, 0 not taken\n"),
        "{again:?}"
    );

    // From standard input; cut off in the middle of a list.
    let (head, _) = export.body.split_once("\"entries\"").unwrap();
    let command = home.serene(&["import", "-", "--user", "noah"], &[]);
    let cut = finished(command, head);
    assert_eq!(cut.code, Some(1), "{cut:?}");
    assert!(cut.out.contains("messages       0 taken, 2 there already"), "{cut:?}");
    assert!(cut.err.starts_with("serene: the document ended early: "), "{cut:?}");

    for (file, user, said) in [
        ("missing.json", "noah", "cannot open missing.json"),
        ("mira.json", "nobody", "there is no such account"),
    ] {
        let failed = import(file, user);
        assert_eq!(failed.code, Some(1), "{failed:?}");
        assert!(failed.err.contains(said) && failed.err.lines().count() == 1, "{failed:?}");
    }
}
