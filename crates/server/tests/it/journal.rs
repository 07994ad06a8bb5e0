//! The journal: entries, the vibe check, moods.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use serene_core::base::Time;

use crate::app::{Client, Setup, TestApp};

const NOTE: &str = "I walked along the river this morning and for once nothing hurried me.";
const SENTENCE: &str = "If you're feeling unsafe or overwhelmed, please consider reaching out to \
    someone you trust or a local support service.";

async fn write(client: &Client, mood: &str, note: &str) -> Value {
    let body = json!({"mood": mood, "tags": ["river"], "note": note});
    client.post("/api/v1/entries", body).await.expect(StatusCode::CREATED)
}

#[tokio::test]
async fn an_entry_is_stored_and_answered_under_guard() {
    let app = TestApp::scripted("fixed:That sounds gentle. I am glad. Call 911 now.").await;
    let mira = app.user("mira").await;
    let entry = write(&mira, " Hopeful ", NOTE).await;
    assert_eq!(entry["ai_status"], "complete");
    assert_eq!(entry["ai_response"], "That sounds gentle. I am glad.", "a third sentence is cut");
    assert_eq!(entry["mood"], "Hopeful");
    assert_eq!(entry["tags"], json!(["river"]));
    let path = format!("/api/v1/entries/{}", entry["id"].as_str().unwrap());
    assert_eq!(mira.get(&path).await.expect(StatusCode::OK), entry);
    assert_eq!(app.serene.ledger.records(app.owner(&mira)).await.unwrap().len(), 1);
    let told = &app.engine.as_ref().unwrap().requests()[0].messages;
    assert!(told[1].text.contains(NOTE) && !told[0].text.contains(NOTE));
}

#[tokio::test]
async fn an_answer_that_fails_the_guard_is_asked_for_once_more_and_then_replaced() {
    let app = TestApp::scripted("fixed:You have depression.").await;
    let mira = app.user("mira").await;
    let entry = write(&mira, "tired", NOTE).await;
    assert_eq!(app.engine.as_ref().unwrap().requests().len(), 2);
    assert_eq!(entry["ai_status"], "complete");
    let answer = entry["ai_response"].as_str().unwrap();
    assert!(!answer.is_empty() && !answer.contains("depression"), "{answer}");
}

#[tokio::test]
async fn an_entry_is_kept_when_the_model_fails_and_says_so() {
    let app = TestApp::scripted("fail").await;
    let mira = app.user("mira").await;
    let entry = write(&mira, "tired", NOTE).await;
    assert_eq!(entry["ai_status"], "failed");
    assert_eq!(
        (&entry["ai_response"], &entry["ai_error_code"]),
        (&Value::Null, &json!("MODEL_FAILED"))
    );
    let page = mira.get("/api/v1/entries").await.expect(StatusCode::OK);
    assert_eq!(page["items"], json!([entry]));
}

#[tokio::test]
async fn a_crisis_is_saved_answered_with_the_sentence_and_shown_to_no_model() {
    let app = TestApp::scripted("panic").await;
    let mira = app.user("mira").await;
    let note = "Everything went wrong today and I just want to d1e, I cannot carry it any more.";
    let entry = write(&mira, "dark", note).await;
    assert_eq!(entry["ai_status"], "care");
    assert_eq!(entry["ai_response"], SENTENCE);
    assert_eq!(entry["safety"]["message"], SENTENCE);
    assert_eq!(entry["note"], note);
    assert!(app.serene.ledger.records(app.owner(&mira)).await.unwrap().is_empty());
    let short = json!({"mood": "dark", "note": "I want to kill myself"});
    let refused = mira.post("/api/v1/entries", short).await.expect_error(400, "NOTE_TOO_SHORT");
    assert_eq!(refused["safety"]["message"], SENTENCE);
    let check = mira.post("/api/v1/vibe-check", json!({"note": note})).await;
    assert_eq!(check.expect(StatusCode::OK)["ai_response"], SENTENCE);
}

#[tokio::test]
async fn gibberish_is_kept_and_not_answered() {
    let app = TestApp::scripted("panic").await;
    let mira = app.user("mira").await;
    let mash = "asdkjh qwkejh zxmncb askjdh qwlkejh asdlkj zxcmnb qwoeiu asdkjh";
    let entry = write(&mira, "odd", mash).await;
    assert_eq!((&entry["ai_status"], &entry["ai_response"]), (&json!("skipped"), &Value::Null));
    mira.post("/api/v1/vibe-check", json!({"note": mash}))
        .await
        .expect_error(400, "NOTE_GIBBERISH");
}

#[tokio::test]
async fn fifty_code_points_are_enough_and_forty_nine_are_not() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let body = |note: String| json!({"mood": "m", "note": note});
    for (note, status) in [
        ("🙂 ".repeat(25).trim().to_owned() + "🙂🙂", 400),
        ("é".repeat(49), 400),
        (format!("  {}  ", "x".repeat(49)), 400),
        (" ".repeat(60), 400),
        ("😀".repeat(50), 201),
    ] {
        let reply = mira.post("/api/v1/entries", body(note.clone())).await;
        // 49 + 2 code points with the spaces inside: counted after trimming.
        let enough = note.trim().chars().count() >= 50;
        assert_eq!(reply.status.as_u16(), if enough { 201 } else { 400 }, "{note} {status}");
    }
}

#[tokio::test]
async fn a_note_is_answered_anew_only_if_it_really_changed() {
    let app = TestApp::scripted("fixed:I hear you.").await;
    let mira = app.user("mira").await;
    let entry = write(&mira, "calm", NOTE).await;
    let path = format!("/api/v1/entries/{}", entry["id"].as_str().unwrap());
    let asked = || app.engine.as_ref().unwrap().requests().len();
    let same = json!({"note": format!("{NOTE}  "), "mood": "glad", "tags": []});
    let changed = mira.patch(&path, same).await.expect(StatusCode::OK);
    assert_eq!((&changed["mood"], &changed["tags"], asked()), (&json!("glad"), &json!([]), 1));
    let other = json!({"note": format!("{NOTE} And then it rained, which I did not mind at all.")});
    let changed = mira.patch(&path, other).await.expect(StatusCode::OK);
    assert_eq!((changed["ai_status"].as_str(), asked()), (Some("complete"), 2));
    let refused = mira.patch(&path, json!({"note": "short", "mood": "x"})).await;
    refused.expect_error(400, "NOTE_TOO_SHORT");
    assert_eq!(mira.get(&path).await.json()["mood"], "glad", "nothing is changed by half");
    assert_eq!(mira.delete(&path).await.status, StatusCode::NO_CONTENT);
    mira.get(&path).await.expect_error(404, "ENTRY_NOT_FOUND");
}

#[tokio::test]
async fn the_same_note_within_ten_minutes_asks_no_model_again() {
    let app = TestApp::scripted("fixed:I hear you.").await;
    let mira = app.user("mira").await;
    let noor = app.user("noor").await;
    write(&mira, "calm", NOTE).await;
    let check = |client: Client| async move {
        let body = json!({"note": NOTE});
        client.post("/api/v1/vibe-check", body).await.expect(StatusCode::OK)
    };
    assert_eq!(check(mira.clone()).await["ai_response"], "I hear you.");
    let asked = || app.engine.as_ref().unwrap().requests().len();
    assert_eq!(asked(), 1);
    check(noor).await;
    assert_eq!(asked(), 2, "somebody else's answer is not handed on");
    app.clock.step_seconds(601);
    check(mira).await;
    assert_eq!(asked(), 3);
}

#[tokio::test]
async fn a_vibe_check_is_streamed_after_it_was_checked_whole() {
    let app = TestApp::scripted("fixed:One calm day. It helps.").await;
    let mira = app.user("mira").await;
    let accept = [("accept", "text/event-stream")];
    let body = Some(json!({"note": NOTE}));
    let reply = mira.send(Method::POST, "/api/v1/vibe-check", body, &accept).await;
    let events = reply.events();
    let text: String = events.iter().filter_map(|(_, _, data)| data["text"].as_str()).collect();
    assert_eq!(text, "One calm day. It helps.");
    assert_eq!(events.last().unwrap().2["ai_response"], text);
}

#[tokio::test]
async fn entries_are_listed_by_time_mood_and_tag() {
    let app = TestApp::with(Setup { script: "fixed:I hear you.", ..Setup::default() }).await;
    let mira = app.user("mira").await;
    for (day, mood, tag) in
        [(1, "Calm", "a"), (2, "tired", "b"), (3, "calm", "b"), (4, "calm", "a")]
    {
        let body = json!({"mood": mood, "tags": [tag], "note": format!("{NOTE} Day {day}."),
            "written_at": format!("2026-03-0{day}T23:30:00Z"), "time_zone": "Europe/Berlin"});
        let entry = mira.post("/api/v1/entries", body).await.expect(StatusCode::CREATED);
        assert_eq!(entry["day"], format!("2026-03-0{}", day + 1), "its writer's own day");
    }
    let days = |query: &str| {
        let (mira, path) = (mira.clone(), format!("/api/v1/entries?{query}"));
        async move {
            let page = mira.get(&path).await.expect(StatusCode::OK);
            let items = page["items"].as_array().unwrap().clone();
            items
                .iter()
                .map(|entry| entry["day"].as_str().unwrap()[9..].to_owned())
                .collect::<String>()
        }
    };
    assert_eq!(days("").await, "5432");
    assert_eq!(days("from=2026-03-03&to=2026-03-04&tz=Europe/Berlin").await, "43");
    assert_eq!(days("from=2026-03-02T23:30:00Z&to=2026-03-03T23:30:00Z").await, "43");
    assert_eq!(days("mood=CALM").await, "542");
    assert_eq!(days("tag=a").await, "52");
    assert_eq!(days("tag=a&limit=1").await, "5");
    assert_eq!(days("mood=calm&tag=b").await, "4");
    for wrong in ["from=yesterday", "to=2026-13-01", "tz=Mars/Base", "from=2026-3-1"] {
        mira.get(&format!("/api/v1/entries?{wrong}")).await.expect_error(400, "INVALID_REQUEST");
    }
}

#[tokio::test]
async fn pages_of_entries_lose_nothing_and_repeat_nothing() {
    let app = TestApp::scripted("fixed:I hear you.").await;
    let mira = app.user("mira").await;
    for index in 0..25 {
        app.clock.step_seconds(10);
        write(&mira, "calm", &format!("{NOTE} Number {index}.")).await;
    }
    for filter in ["", "&tag=river", "&mood=calm"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = mira.get(&format!("/api/v1/entries?limit=10{filter}{cursor}")).await.json();
            seen.extend(
                page["items"].as_array().unwrap().iter().map(|entry| entry["id"].to_string()),
            );
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let distinct: std::collections::HashSet<_> = seen.iter().collect();
        assert_eq!((seen.len(), distinct.len()), (25, 25), "{filter}");
    }
}

#[tokio::test]
async fn a_week_is_counted_in_the_writers_days_across_daylight_saving_and_years_end() {
    let app = TestApp::scripted("fixed:I hear you.").await;
    let mira = app.user("mira").await;
    // The last minute before and the first of each Monday, in the zone of the writer.
    for (zone, moments) in [
        // Both changes of 2026 in Berlin: 29 March and 25 October; and the year's end.
        (
            "Europe/Berlin",
            [
                "2026-03-29T21:59:00Z",
                "2026-03-29T22:00:00Z",
                "2026-10-25T22:59:00Z",
                "2026-10-25T23:00:00Z",
                "2027-01-03T22:59:00Z",
                "2027-01-03T23:00:00Z",
            ],
        ),
        // New York: 8 March and 1 November.
        (
            "America/New_York",
            [
                "2026-03-09T03:59:00Z",
                "2026-03-09T04:00:00Z",
                "2026-11-02T04:59:00Z",
                "2026-11-02T05:00:00Z",
                "2027-01-04T04:59:00Z",
                "2027-01-04T05:00:00Z",
            ],
        ),
    ] {
        for (index, moment) in moments.into_iter().enumerate() {
            let mood = if index % 2 == 0 { "before" } else { "after" };
            let body = json!({"mood": mood, "note": format!("{NOTE} {zone} {moment}"),
                "written_at": moment, "time_zone": zone});
            mira.post("/api/v1/entries", body).await.expect(StatusCode::CREATED);
        }
    }
    let counts = |week: &'static str| {
        let mira = mira.clone();
        async move {
            mira.get(&format!("/api/v1/moods/weekly?week={week}")).await.expect(StatusCode::OK)
        }
    };
    for (week, expected) in [
        ("2026-W13", json!({"before": 1})),
        ("2026-W14", json!({"after": 1})),
        ("2026-W43", json!({"before": 1})),
        ("2026-W44", json!({"after": 1, "before": 1})),
        ("2026-W10", json!({"before": 1})),
        ("2026-W11", json!({"after": 1})),
        ("2026-W45", json!({"after": 1})),
        ("2026-W53", json!({"before": 2})),
        ("2027-W01", json!({"after": 2})),
        ("2026-W20", json!({})),
    ] {
        assert_eq!(counts(week).await["counts"], expected, "{week}");
    }
    let week = counts("2027-W01").await;
    assert_eq!((&week["from"], &week["to"]), (&json!("2027-01-04"), &json!("2027-01-10")));
    assert_eq!(week["previous"]["counts"], json!({"before": 2}));
    assert_eq!(week["enough"], false, "four entries are no trend");
}

#[tokio::test]
async fn the_zone_decides_which_week_is_the_current_one() {
    let app = TestApp::new().await;
    app.user("mira").await;
    // Sunday, 23:30 UTC: in Berlin it is Monday already.
    let sunday = Time::from_micros(
        "2026-02-01T23:30:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond(),
    );
    let now = app.clock.now();
    app.clock.step_seconds(sunday.as_seconds() - now.as_seconds());
    // The token was issued in another time: sign in again.
    let reply = app
        .anonymous()
        .post("/api/v1/auth/login", json!({"username": "mira", "password": crate::app::PASSWORD}))
        .await;
    let mira = app.signed_in(&reply.expect(StatusCode::OK));
    let week_of = |client: Client, query: &'static str| async move {
        client.get(&format!("/api/v1/moods/weekly{query}")).await.expect(StatusCode::OK)["week"]
            .clone()
    };
    assert_eq!(week_of(mira.clone(), "").await, "2026-W05");
    assert_eq!(week_of(mira.clone(), "?tz=Europe/Berlin").await, "2026-W06");
    mira.patch("/api/v1/me", json!({"time_zone": "Europe/Berlin"})).await.expect(StatusCode::OK);
    assert_eq!(week_of(mira, "").await, "2026-W06", "the account's own zone");
}

#[tokio::test]
async fn streaks_follow_old_entries_that_are_added_and_removed() {
    let app = TestApp::scripted("fixed:I hear you.").await;
    let mira = app.user("mira").await;
    let today = app.clock.now();
    let mut ids = Vec::new();
    for days_ago in [0_u64, 1, 3, 4, 5] {
        let at = today.minus(std::time::Duration::from_secs(days_ago * 86_400));
        let body = json!({"mood": "m", "note": format!("{NOTE} {days_ago}"), "written_at": at.to_string()});
        let entry = mira.post("/api/v1/entries", body).await.expect(StatusCode::CREATED);
        ids.push(entry["id"].as_str().unwrap().to_owned());
    }
    let streaks = || async { mira.get("/api/v1/moods/streaks").await.expect(StatusCode::OK) };
    assert_eq!(streaks().await, json!({"current_days": 2, "longest_days": 3}));
    let gap = today.minus(std::time::Duration::from_hours(48));
    let body = json!({"mood": "m", "note": format!("{NOTE} gap"), "written_at": gap.to_string()});
    mira.post("/api/v1/entries", body).await.expect(StatusCode::CREATED);
    assert_eq!(streaks().await, json!({"current_days": 6, "longest_days": 6}));
    mira.delete(&format!("/api/v1/entries/{}", ids[3])).await;
    assert_eq!(streaks().await, json!({"current_days": 4, "longest_days": 4}));
}

#[tokio::test]
async fn moods_over_time_are_bounded_and_never_somebody_elses() {
    let app = TestApp::scripted("fixed:I hear you.").await;
    let mira = app.user("mira").await;
    let noor = app.user("noor").await;
    write(&mira, "Calm", NOTE).await;
    let path = "/api/v1/moods/history?by=month";
    let mine = mira.get(path).await.expect(StatusCode::OK);
    let total: u64 =
        mine["items"].as_array().unwrap().iter().map(|b| b["total"].as_u64().unwrap()).sum();
    assert_eq!((total, &mine["enough"]), (1, &json!(false)));
    let theirs = noor.get(path).await.expect(StatusCode::OK);
    assert!(theirs["items"].as_array().unwrap().iter().all(|b| b["total"] == 0));
    for wrong in
        ["from=2000-01-01&to=2026-01-01", "from=2026-02-02&to=2026-02-01", "by=year", "from=x"]
    {
        mira.get(&format!("/api/v1/moods/history?{wrong}"))
            .await
            .expect_error(400, "INVALID_REQUEST");
    }
}

#[tokio::test]
async fn an_answer_that_a_crash_cut_off_is_given_at_the_next_start() {
    let app = TestApp::scripted("slow:5000+fixed:Late.").await;
    let mira = app.user("mira").await;
    let request = mira.post("/api/v1/entries", json!({"mood": "m", "note": NOTE}));
    // The client leaves, and the process ends before the model has answered.
    let _ = tokio::time::timeout(std::time::Duration::from_millis(200), request).await;
    app.serene
        .base()
        .tasks
        .stop(std::time::Duration::ZERO, std::time::Duration::from_secs(2))
        .await;
    let entry = mira.get("/api/v1/entries").await.json()["items"][0].clone();
    assert_eq!(entry["ai_status"], "pending");

    let setup = Setup { script: "fixed:Here now.", data: Some(app.data), ..Setup::default() };
    let app = TestApp::with(setup).await;
    app.serene.sweep().await;
    let mira = app.here(&mira);
    let entry = mira.get("/api/v1/entries").await.json()["items"][0].clone();
    assert_eq!(
        (&entry["ai_status"], &entry["ai_response"]),
        (&json!("complete"), &json!("Here now."))
    );
}

#[tokio::test]
async fn an_entry_whose_writer_hangs_up_while_it_is_written_is_answered() {
    let app = TestApp::scripted("fixed:I hear you.").await;
    let mira = app.user("mira").await;
    let held = app.data.hold_writes();
    let writing = mira.post("/api/v1/entries", json!({"mood": "tired", "note": NOTE}));
    let patience = std::time::Duration::from_millis(300);
    assert!(tokio::time::timeout(patience, writing).await.is_err());
    drop(held);
    let answered = "SELECT COUNT(*) FROM entries WHERE ai_status = 'complete'";
    crate::replies::eventually("the entry is answered", async || app.count(answered) == 1).await;
}
