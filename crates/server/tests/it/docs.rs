//! The pages whose tables are made from the code: `docs/errors.md` and `docs/limits.md`.

use std::{
    fmt::{Display, Write as _},
    time::Duration,
};

use serene_core::base::limits::{self, Amount};
use serene_http::{
    accept::ConnectionLimits,
    error::{Code, MODEL_CODES},
};
use serene_llm::EngineError;

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");

/// Compares the tables of a page with the code. Each stands between two marks with its name.
fn check(page: &str, tables: &[(&str, String)]) {
    let path = format!("{DOCS}/{page}");
    let found = std::fs::read_to_string(&path).unwrap();
    let mut expected = found.clone();
    for (name, table) in tables {
        let (begin, end) =
            (format!("<!-- {name}: made from the code -->\n"), format!("<!-- end of {name} -->\n"));
        let (before, rest) = expected.split_once(&begin).expect("the page says where it begins");
        let (_, after) = rest.split_once(&end).expect("the page says where it ends");
        expected = format!("{before}{begin}\n{table}\n{end}{after}");
    }
    if found == expected {
        return;
    }
    #[expect(clippy::disallowed_methods, reason = "a test's own switch, no setting of Serene")]
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    assert!(
        update,
        "docs/{page} differs from the code; renew it with: UPDATE_DOCS=1 cargo test -p serene-server docs"
    );
    std::fs::write(path, expected).unwrap();
}

fn row(table: &mut String, cells: &[&dyn Display]) {
    for cell in cells {
        write!(table, "| {} ", cell.to_string().replace('|', "\\|")).unwrap();
    }
    table.push_str("|\n");
}

fn table(titles: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut out = String::new();
    row(&mut out, &titles.iter().map(|title| title as &dyn Display).collect::<Vec<_>>());
    out.push_str(&"|---".repeat(titles.len()));
    out.push_str("|\n");
    for cells in rows {
        row(&mut out, &cells.iter().map(|cell| cell as &dyn Display).collect::<Vec<_>>());
    }
    out
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

#[test]
fn the_page_of_errors_lists_every_code() {
    let codes = Code::ALL.iter().map(|it| {
        let (status, meaning) = (it.status().as_u16().to_string(), it.meaning().to_owned());
        vec![code(it.as_str()), status, meaning]
    });
    let of_models = MODEL_CODES.iter().map(|(it, meaning)| vec![code(it), (*meaning).to_owned()]);
    check(
        "errors.md",
        &[
            ("codes", table(&["Code", "Status", "Meaning"], codes)),
            ("model codes", table(&["Code", "Meaning"], of_models)),
        ],
    );
}

#[test]
fn every_way_in_which_a_model_fails_has_its_sentence() {
    let failures = [
        EngineError::Unreachable,
        EngineError::Timeout { phase: "idle", limit: Duration::ZERO },
        EngineError::RateLimited { retry_after: None },
        EngineError::Unauthorized { status: 401 },
        EngineError::Rejected { status: 400 },
        EngineError::Failed { status: None },
        EngineError::Cut,
        EngineError::Garbage,
        EngineError::Empty,
        EngineError::Busy,
        EngineError::TooLong,
    ];
    for failure in &failures {
        // A kind that is new makes this fail to compile: it belongs into the list above.
        match failure {
            EngineError::Unreachable
            | EngineError::Timeout { .. }
            | EngineError::RateLimited { .. }
            | EngineError::Unauthorized { .. }
            | EngineError::Rejected { .. }
            | EngineError::Failed { .. }
            | EngineError::Cut
            | EngineError::Garbage
            | EngineError::Empty
            | EngineError::Busy
            | EngineError::TooLong => {}
        }
    }
    // The last is also what keeps Serene from asking one.
    let codes: Vec<&str> = failures.iter().map(EngineError::code).collect();
    let documented: Vec<&str> = MODEL_CODES.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, documented);
}

#[test]
fn no_two_errors_share_a_code() {
    let mut codes: Vec<&str> = Code::ALL.iter().map(|it| it.as_str()).collect();
    codes.extend(MODEL_CODES.iter().map(|(it, _)| it));
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count);
}

#[test]
fn the_page_of_limits_lists_every_limit() {
    let product = limits::table()
        .into_iter()
        .map(|limit| vec![code(limit.name), shown(&limit.amount), limit.meaning.to_owned()]);
    let titles = ["Name", "Limit", "What it bounds"];
    let connections = connection_limits()
        .into_iter()
        .map(|(name, amount, meaning)| vec![code(name), shown(&amount), meaning.to_owned()]);
    check(
        "limits.md",
        &[("limits", table(&titles, product)), ("connections", table(&titles, connections))],
    );
}

fn shown(amount: &Amount) -> String {
    match amount {
        Amount::Count(bytes, "bytes") if *bytes >= 1024 && bytes.is_multiple_of(1024) => {
            let kib = bytes / 1024;
            if kib.is_multiple_of(1024) {
                format!("{} MiB", kib / 1024)
            } else {
                format!("{kib} KiB")
            }
        }
        Amount::Count(count, unit) => format!("{count} {unit}"),
        Amount::Range(range, unit) => format!("{} to {} {unit}", range.start(), range.end()),
        Amount::Time(time) => {
            let (seconds, millis) = (time.as_secs(), time.subsec_millis());
            match (seconds, millis) {
                (0, _) => format!("{millis} ms"),
                (60.., 0) if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
                (_, 0) => format!("{seconds} s"),
                _ => format!("{:.3} s", time.as_secs_f64()),
            }
        }
    }
}

/// What a connection may cost. Taken apart by name: a limit that is new makes this fail to
/// compile.
fn connection_limits() -> Vec<(&'static str, Amount, &'static str)> {
    let ConnectionLimits {
        max_connections,
        first_request_timeout,
        header_timeout,
        keep_alive_idle_timeout,
        write_stall_timeout,
        body_timeout,
        body_bytes_per_second,
        max_header_bytes,
        max_headers,
    } = ConnectionLimits::default();
    let rate = usize::try_from(body_bytes_per_second).unwrap();
    vec![
        (
            "max_connections",
            Amount::Count(max_connections, "connections"),
            "Connections open at once; further ones wait until a place is free. \
             `MAX_CONNECTIONS` sets it.",
        ),
        (
            "first_request_timeout",
            Amount::Time(first_request_timeout),
            "From connecting to the whole head of the first request.",
        ),
        (
            "header_timeout",
            Amount::Time(header_timeout),
            "From the first byte of a later request to the whole of its head.",
        ),
        (
            "keep_alive_idle_timeout",
            Amount::Time(keep_alive_idle_timeout),
            "How long a connection may rest between two requests. While more than half of all \
             places are taken, it is `header_timeout`.",
        ),
        (
            "write_stall_timeout",
            Amount::Time(write_stall_timeout),
            "How long a client may take nothing of the answer that waits for it.",
        ),
        (
            "body_timeout",
            Amount::Time(body_timeout),
            "The longest pause in a body, and how long a slow one may take beyond its earnings.",
        ),
        (
            "body_bytes_per_second",
            Amount::Count(rate, "bytes"),
            "So much of a body earns it one more second. What is faster is never disturbed.",
        ),
        (
            "max_header_bytes",
            Amount::Count(max_header_bytes, "bytes"),
            "The request line and the headers together.",
        ),
        ("max_headers", Amount::Count(max_headers, "headers"), "Headers of one request."),
    ]
}
