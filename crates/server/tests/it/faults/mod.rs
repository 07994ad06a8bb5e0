//! What goes wrong around a server, and what holds all the same. A row each; where the test lives in
//! another room, that is where it belongs.
//!
//! | fault | test |
//! |---|---|
//! | SIGKILL during writes and streams | `faults/kills.rs::sigkill_during_writes_and_streams` |
//! | the client disconnects in the middle of a stream | `faults/readers.rs::client_disconnects_mid_stream`, `replies/cuts.rs::a_reader_cut_at_any_byte_of_the_wire_reads_the_whole_text_once`, `replies/streaming.rs::hanging_up_before_the_end_does_not_save_the_bill` |
//! | the model server refuses | `faults/upstream.rs::upstream_refuses` |
//! | it times out | `faults/upstream.rs::upstream_times_out_connect`, `faults/upstream.rs::upstream_times_out_first_byte`, `faults/upstream.rs::upstream_times_out_idle`, `faults/upstream.rs::upstream_times_out_total` |
//! | it answers 429 | `faults/upstream.rs::upstream_429` |
//! | it answers 5xx | `faults/upstream.rs::upstream_5xx` |
//! | it cuts the answer off | `faults/upstream.rs::upstream_cuts_mid_stream` |
//! | it sends garbage | `faults/upstream.rs::upstream_sends_garbage` |
//! | it sends empty choices | `faults/upstream.rs::upstream_empty_choices` |
//! | it sends no usage | `faults/upstream.rs::upstream_no_usage` |
//! | any of these, told in a stream | `replies/failures.rs::a_failing_model_ends_the_stream_with_an_error` |
//! | it does not hear that a reply is stopped | `replies/stopping.rs::stopping_closes_the_connection_to_the_model_within_100_ms` |
//! | the disk is full | `faults/storage.rs::disk_full` |
//! | the database is locked or gone | `faults/storage.rs::database_locked_or_gone` |
//! | the same `Idempotency-Key` 50 times at once | `replies/retrying.rs::same_idempotency_key_50_times_at_once` |
//! | two tabs send at once | `faults/tabs.rs::two_tabs_send_at_once`, `faults/tabs.rs::twenty_tabs_send_at_once` |
//! | slow or silent clients | `slow_clients.rs::slow_and_silent_clients_are_closed_while_ordinary_traffic_goes_on` |
//! | a reader that stops reading | `faults/readers.rs::a_reader_that_stops_reading_is_dropped_and_harms_nobody` |
//! | a huge body | `bad_input/bodies.rs::a_body_over_a_mebibyte_is_refused_however_it_is_declared`, `bad_input/sockets.rs::a_body_over_a_mebibyte_gets_its_answer_over_the_wire` |
//! | JSON nested a million deep | `bad_input/bodies.rs::a_body_nested_a_million_deep_is_an_error_and_no_crash` |
//! | bad UTF-8, NUL, lone surrogates | `bad_input/bodies.rs::bad_utf8_is_refused_wherever_text_may_stand`, `bad_input/bodies.rs::a_nul_is_refused_in_every_text`, `bad_input/bodies.rs::a_lone_surrogate_is_refused_and_a_whole_character_taken` |
//! | ids of 20 digits | `bad_input/routes.rs::an_id_of_twenty_digits_or_of_nonsense_names_nothing`, `bad_input/contracts.rs::an_id_of_twenty_digits_or_of_nonsense_names_nothing` |
//! | the clock steps an hour | `faults/clock.rs::clock_steps_an_hour`, `faults/clock.rs::a_reply_under_way_does_not_notice_that_the_clock_steps`, `accounts/tokens.rs::a_clock_that_jumps_an_hour_costs_an_exchange_and_nobody_their_session` |
//! | another clock is ahead | `accounts/tokens.rs::another_clock_may_be_ahead_by_thirty_seconds_and_no_more`, `accounts/tokens.rs::an_access_token_ends_at_its_second` |
//! | SIGTERM with live streams | `faults/shutdown.rs::sigterm_with_live_streams`, `faults/shutdown.rs::a_second_signal_ends_at_once` |
//! | a panic in a handler | `faults/panics.rs::panic_in_a_handler`, `faults/panics.rs::panic_while_a_reply_is_written` |
//! | a migration is killed half-way | `faults/kills.rs::migration_killed_half_way` |
//! | a second process on the same file | `faults/kills.rs::second_process_on_the_same_file` |

mod clock;
mod kills;
mod panics;
mod readers;
mod shutdown;
mod storage;
mod tabs;
mod upstream;

#[test]
fn every_row_names_a_test_that_there_is() {
    let rows: Vec<&str> =
        include_str!("mod.rs").lines().filter(|line| line.starts_with("//! | ")).skip(1).collect();
    assert!(rows.len() > 25, "{rows:?}");
    for row in rows {
        let tests: Vec<&str> = row.split('`').filter(|text| text.contains(".rs::")).collect();
        assert!(!tests.is_empty(), "{row}");
        for test in tests {
            let (file, name) = test.split_once("::").unwrap();
            let file = format!("{}/tests/it/{file}", env!("CARGO_MANIFEST_DIR"));
            let source = std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("{file}"));
            let (before, _) = source.split_once(&format!("fn {name}()")).expect(test);
            let line = before.trim_end_matches("async ").trim_end().lines().next_back().unwrap();
            assert!(line.starts_with("#[") && line.contains("test"), "{test} is no test: {line}");
        }
    }
}
