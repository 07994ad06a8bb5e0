//! Keeps the table in `docs/configuration.md` the same as the table of settings.

use std::fmt::Write as _;

use super::settings::{ALL, Setting};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
const BEGIN: &str = "<!-- The table is made from crates/server/src/config/settings.rs. To renew it:\n     UPDATE_DOCS=1 cargo test -p serene-server docs -->\n";
const END: &str = "<!-- end of the table -->\n";

/// The settings as a Markdown table.
fn table() -> String {
    let mut out = String::from(
        "| Name | Other names | Flag | Default | Meaning | Example |\n|---|---|---|---|---|---|\n",
    );
    for setting in ALL {
        let code = |text: &str| {
            if text.is_empty() { String::new() } else { format!("`{}`", text.replace('|', "\\|")) }
        };
        let aliases: Vec<_> = setting.aliases.iter().map(|alias| code(alias)).collect();
        let flag = setting.flag.map(|flag| code(&format!("--{flag}"))).unwrap_or_default();
        writeln!(
            out,
            "| `{}` | {} | {flag} | {} | {} | {} |",
            setting.name,
            aliases.join(", "),
            code(setting.default.unwrap_or_default()),
            meaning(setting),
            code(setting.example),
        )
        .unwrap();
    }
    out
}

fn meaning(setting: &Setting) -> String {
    let secret = if setting.secret { " Secret: never printed." } else { "" };
    format!("{}.{secret}", setting.help.replace('|', "\\|"))
}

#[test]
fn docs_have_the_table_of_settings() {
    let page = std::fs::read_to_string(PATH).expect("docs/configuration.md is there");
    let (before, rest) = page.split_once(BEGIN).expect("the page says where the table begins");
    let (found, after) = rest.split_once(END).expect("the page says where the table ends");
    if found == table() {
        return;
    }
    #[allow(clippy::disallowed_methods, reason = "a test's own switch, no setting of Serene")]
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    assert!(
        update,
        "docs/configuration.md is not the table of settings; renew it with: UPDATE_DOCS=1 cargo test -p serene-server docs"
    );
    std::fs::write(PATH, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
}
