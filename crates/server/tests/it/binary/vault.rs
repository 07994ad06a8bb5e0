//! `serene vault`, and what a server says to a key that does not fit.

use serde_json::json;

use crate::process::{Home, Server};
use rustix::process::Signal;

const MARK: &str = "wistaria7";

fn write(server: &Server, token: &str) -> String {
    let messages = server.conversation(token);
    server.post(&messages, token, &json!({"content": "wistaria7 is in bloom"})).expect(201);
    let note = "wistaria7 is in bloom all over the wall, and I stood there for an hour.";
    let entry = json!({"mood": "calm", "note": note, "tags": ["wistaria7"]});
    server.post("/api/v1/entries", token, &entry).expect(201);
    messages
}

fn stop(mut server: Server) {
    server.signal(Signal::TERM);
    assert!(server.wait().0.success());
}

#[test]
fn texts_are_sealed_and_opened_again_while_no_server_runs() {
    let home = Home::new();
    let server = home.start(&[]);
    let token = server.register("mira");
    let messages = write(&server, &token);
    let read = |server: &Server| server.get(&messages, &token).expect(200);
    let page = read(&server);
    let make_key = || {
        let made = home.run(&["vault", "key"], &[("PORT", "nonsense")]);
        assert_eq!(made.code, Some(0), "{made:?}");
        made.out.trim().to_owned()
    };
    let (key, other) = (make_key(), make_key());
    assert_ne!(key, other);
    let with_key = [("SERENE_MASTER_KEY", key.as_str())];
    let vault =
        |command: &str, environment: &[(&str, &str)]| home.run(&["vault", command], environment);

    // Not beside a server, and not without a key.
    let beside = vault("encrypt", &with_key);
    assert_eq!(beside.code, Some(1), "{beside:?}");
    assert!(beside.err.contains("stop"), "{beside:?}");
    stop(server);
    let keyless = vault("encrypt", &[]);
    assert!(keyless.err.contains("`serene vault key` makes one"), "{keyless:?}");
    let early = home.run(&[], &[with_key[0], ("PORT", "0")]);
    assert_eq!(early.code, Some(1), "{early:?}");
    assert!(early.err.contains("run `serene vault encrypt`"), "{early:?}");
    assert_ne!(home.places_with(MARK), [""; 0]);

    let sealed = vault("encrypt", &with_key);
    assert_eq!(sealed.code, Some(0), "{sealed:?}");
    assert!(sealed.out.starts_with("sealed now: 6\n"), "{sealed:?}");
    assert_eq!(home.places_with(MARK), [""; 0]);
    let status = vault("status", &with_key);
    assert!(
        status.out.starts_with("texts are sealed\nthe configured master key is "),
        "{status:?}"
    );

    // Only the right key starts a server.
    for (environment, complaint) in [
        (&[][..], "set SERENE_MASTER_KEY or SERENE_MASTER_KEY_FILE"),
        (
            &[("SERENE_MASTER_KEY", other.as_str())],
            "is not the one that this database is sealed with",
        ),
        (&[("SERENE_MASTER_KEY", "c2hvcnQ=")], "is not 32 bytes in base64"),
        (&[("SERENE_MASTER_KEY_FILE", "missing")], "missing cannot be read"),
    ] {
        let refused = home.run(&[], &[environment, &[("PORT", "0")]].concat());
        assert!(refused.code.is_some_and(|code| code != 0), "{refused:?}");
        assert!(refused.err.contains(complaint), "{complaint}: {refused:?}");
        assert!(!refused.err.contains("c2hvcnQ="), "{refused:?}");
        // The doctor says the same, unless the configuration cannot even be read.
        let doctor = home.run(&["doctor"], environment);
        let said = format!("{}{}", doctor.out, doctor.err);
        assert!(doctor.code != Some(0) && said.contains(complaint), "{doctor:?}");
    }
    let server = home.start(&with_key);
    assert_eq!(read(&server), page);
    assert!(!server.log().contains(MARK));
    stop(server);

    // The key is changed, from a file.
    std::fs::write(home.work().join("next.key"), format!("{other}\n")).unwrap();
    let rotated = home.run(&["vault", "rotate", "--new-key-file", "next.key"], &with_key);
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    assert!(rotated.out.starts_with("keys wrapped now: 1\n"), "{rotated:?}");
    assert!(vault("status", &with_key).code == Some(1));
    let from_file = [("SERENE_MASTER_KEY_FILE", "next.key")];
    let server = home.start(&from_file);
    assert_eq!(read(&server), page);
    stop(server);

    let opened = vault("decrypt", &from_file);
    assert!(opened.out.starts_with("opened now: 6\n"), "{opened:?}");
    let server = home.start(&[]);
    assert_eq!(read(&server), page);
    assert_ne!(home.places_with(MARK), [""; 0]);
}
