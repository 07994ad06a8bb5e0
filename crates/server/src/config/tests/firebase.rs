//! Whose Firebase ID tokens are taken, in whole configurations.

use serene_core::accounts::FIREBASE_CERTS_URL;

use super::*;

fn published() -> FirebaseKeys {
    FirebaseKeys::At(FIREBASE_CERTS_URL.to_owned())
}

#[test]
fn a_project_is_named_by_itself_or_by_a_file() {
    assert_eq!(env(&[]).firebase, None);
    let config = env(&[("FIREBASE_PROJECT_ID", "demo-1")]);
    let demo = FirebaseOptions { project_id: "demo-1".to_owned(), keys: published() };
    assert_eq!(config.firebase, Some(demo));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("serviceAccountKey.json");
    std::fs::write(&path, r#"{"project_id": "from-file", "private_key": "hush"}"#).unwrap();
    let path = path.to_str().unwrap();
    let config = env(&[("FIREBASE_CREDENTIALS", path)]);
    assert_eq!(config.firebase.as_ref().unwrap().project_id, "from-file");
    assert!(!format!("{config:?}").contains("hush"));
    let both = env(&[("FIREBASE_CREDENTIALS", path), ("FIREBASE_PROJECT_ID", "demo-1")]);
    assert_eq!(both.firebase.unwrap().project_id, "demo-1");
    let url = "http://127.0.0.1:9/keys";
    let elsewhere = env(&[("FIREBASE_PROJECT_ID", "demo-1"), ("FIREBASE_CERTS_URL", url)]);
    assert_eq!(elsewhere.firebase.unwrap().keys, FirebaseKeys::At(url.to_owned()));
}

#[test]
fn a_file_that_is_not_there_is_said_and_lets_nobody_in() {
    let config = env(&[("FIREBASE_CREDENTIALS", "/nowhere/serviceAccountKey.json")]);
    assert_eq!(config.firebase, None);
    let expected = "FIREBASE_CREDENTIALS names /nowhere/serviceAccountKey.json, which is not there: \
                    no Firebase ID token is taken";
    assert_eq!(config.warnings, [expected]);
}

#[test]
fn the_emulator_needs_a_project_and_is_refused_in_production() {
    let host = ("FIREBASE_AUTH_EMULATOR_HOST", "127.0.0.1:9099");
    let message = refused(&[host]);
    assert!(message.ends_with("no project is: set FIREBASE_PROJECT_ID"), "{message}");
    let project = ("FIREBASE_PROJECT_ID", "demo-1");
    let config = env(&[host, project]);
    assert_eq!(config.firebase.as_ref().unwrap().keys, FirebaseKeys::Emulator);
    assert!(config.warnings[0].contains("anybody can make one"), "{:?}", config.warnings);
    check_production(&config).expect("development refuses nothing");

    let production = [("SERENE_ENV", "production"), ("JWT_SECRET", STRONG), project];
    check_production(&env(&production)).expect("keys that Google publishes");
    let refused = |more| {
        let all = [&production[..], &[more]].concat();
        check_production(&env(&all)).unwrap_err().to_string()
    };
    assert!(
        refused(host).starts_with("FIREBASE_AUTH_EMULATOR_HOST (environment): checks no token")
    );
    let open = refused(("FIREBASE_CERTS_URL", "http://keys.example.org/"));
    assert!(open.starts_with("FIREBASE_CERTS_URL (environment): is not https"), "{open}");
}

#[test]
fn what_is_no_project_is_refused() {
    for wrong in ["a b", "a/b", "\"x\""] {
        let message = refused(&[("FIREBASE_PROJECT_ID", wrong)]);
        assert!(message.contains("is no project id"), "{message}");
    }
    assert!(refused(&[("FIREBASE_CERTS_URL", "keys")]).contains("is not a URL"));
}
