//! Reads SQL just well enough to say whose rows it touches. What it does not understand is wrong.

/// One SELECT, UPDATE or DELETE with its own tables; what stands in its parentheses is read apart.
#[derive(Debug, Default)]
struct Scope {
    /// Tables with the name each goes by here.
    tables: Vec<(String, String)>,
    /// The words outside of all parentheses.
    words: Vec<String>,
}

/// Words in lower case, names with their dot, signs one by one.
fn tokens(sql: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    let mut in_text = false;
    for c in sql.chars().flat_map(char::to_lowercase) {
        if c == '\'' {
            in_text = !in_text;
            in_word = false;
            if in_text {
                tokens.push("'".into());
            }
        } else if in_text {
        } else if c.is_alphanumeric() || c == '_' || c == '.' {
            match tokens.last_mut() {
                Some(word) if in_word => word.push(c),
                _ => tokens.push(c.into()),
            }
            in_word = true;
        } else {
            in_word = false;
            let joins = |last: &str| matches!((last, c), ("<", '>' | '=') | (">" | "!", '='));
            match tokens.last_mut() {
                Some(last) if joins(last) => last.push(c),
                _ if c.is_whitespace() => {}
                _ => tokens.push(c.into()),
            }
        }
    }
    tokens
}

/// Cuts a statement into its scopes.
fn scopes(tokens: &[String]) -> Vec<Scope> {
    let mut done = Vec::new();
    // `None` is a parenthesis that holds an expression or a list.
    let mut open: Vec<Option<Scope>> = vec![Some(Scope::default())];
    for (index, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "(" => {
                let is_select = tokens.get(index + 1).is_some_and(|next| next == "select");
                if let Some(Some(around)) = open.last_mut() {
                    around.words.push("()".into());
                }
                open.push(is_select.then(Scope::default));
            }
            ")" => done.extend(open.pop().flatten()),
            word => {
                if let Some(Some(scope)) = open.last_mut() {
                    scope.words.push(word.into());
                }
            }
        }
    }
    done.extend(open.into_iter().flatten());
    for scope in &mut done {
        scope.tables = tables(&scope.words);
    }
    done
}

fn tables(words: &[String]) -> Vec<(String, String)> {
    const NO_ALIAS: [&str; 15] = [
        "where", "set", "join", "left", "right", "inner", "outer", "cross", "on", "order", "group",
        "limit", "values", "select", "()",
    ];
    let mut tables = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if !matches!(word.as_str(), "from" | "join" | "into" | "update") {
            continue;
        }
        let Some(table) = words.get(index + 1).filter(|table| *table != "()") else { continue };
        let alias = words.get(index + 2).filter(|word| !NO_ALIAS.contains(&word.as_str()));
        let alias =
            if alias.is_some_and(|word| word == "as") { words.get(index + 3) } else { alias };
        tables.push((table.clone(), alias.unwrap_or(table).clone()));
    }
    tables
}

pub(super) fn is_insert(sql: &str) -> bool {
    tokens(sql).first().is_some_and(|word| word == "insert")
}

/// What is wrong with a statement: each owned table that it touches without `owner_id = ?`.
pub(super) fn violations(sql: &str, owned: &[&str]) -> Vec<String> {
    let tokens = tokens(sql);
    if is_insert(sql) {
        return insert_violations(&tokens, owned);
    }
    scopes(&tokens).iter().flat_map(|scope| scope_violations(scope, owned)).collect()
}

fn scope_violations(scope: &Scope, owned: &[&str]) -> Vec<String> {
    let is_owned = |table: &str| owned.contains(&table);
    if !scope.tables.iter().any(|(table, _)| is_owned(table)) {
        return Vec::new();
    }
    let start = scope.words.iter().position(|word| word == "where" || word == "on");
    let conditions = start.map_or(&[][..], |start| &scope.words[start..]);
    let mut wrong = Vec::new();
    // These make a condition that is there say less than it seems to.
    for word in ["or", "not", "union", "except", "intersect"] {
        let misread = scope.words.windows(2).any(|pair| {
            pair[0] == word && !(word == "not" && matches!(pair[1].as_str(), "null" | "in"))
        });
        if misread {
            wrong.push(format!("{word} beside an owned table"));
        }
    }
    let from = scope.words.iter().position(|word| word == "from");
    let listed =
        from.zip(start).map_or(&[][..], |(from, start)| &scope.words[from..start.max(from)]);
    if listed.iter().any(|word| word == ",") {
        wrong.push("tables joined by a comma".into());
    }
    let bound = bound(scope, conditions);
    for (table, alias) in scope.tables.iter().filter(|(table, _)| is_owned(table)) {
        if !bound.contains(alias) {
            wrong.push(format!("{table} ({alias}) without owner_id = ?"));
        }
    }
    wrong
}

/// The tables tied to the owner: by `owner_id = ?`, or by equality with one that is.
fn bound(scope: &Scope, conditions: &[String]) -> Vec<String> {
    let equal = |left: &str, right: &str| {
        conditions.windows(3).any(|words| words[0] == left && words[1] == "=" && words[2] == right)
    };
    let column = |alias: &str| format!("{alias}.owner_id");
    let alone = scope.tables.len() == 1;
    let mut bound: Vec<String> = Vec::new();
    loop {
        let next = scope.tables.iter().map(|(_, alias)| alias).find(|alias| {
            let own = column(alias);
            let tied = |other: &String| equal(&own, &column(other)) || equal(&column(other), &own);
            !bound.contains(alias)
                && (equal(&own, "?") || (alone && equal("owner_id", "?")) || bound.iter().any(tied))
        });
        match next {
            Some(alias) => bound.push(alias.clone()),
            None => return bound,
        }
    }
}

fn insert_violations(tokens: &[String], owned: &[&str]) -> Vec<String> {
    let table = tokens.get(2).map_or("", String::as_str);
    if !owned.contains(&table) {
        return Vec::new();
    }
    let mut lists = tokens.split(|token| token == "(").skip(1).map(|rest| {
        let end = rest.iter().position(|token| token == ")").unwrap_or(rest.len());
        rest[..end].split(|token| token == ",").collect::<Vec<_>>()
    });
    let (columns, values) = (lists.next().unwrap_or_default(), lists.next().unwrap_or_default());
    let place = columns.iter().position(|column| *column == ["owner_id"]);
    let given = place.and_then(|place| values.get(place)).is_some_and(|value| *value == ["?"]);
    if given && tokens.iter().any(|word| word == "values") {
        Vec::new()
    } else {
        vec![format!("{table} filled without an owner_id that is given")]
    }
}

/// The SELECTs that read a table without a LIMIT of their own.
pub(super) fn selects_without_limit(sql: &str) -> Vec<String> {
    let all = scopes(&tokens(sql));
    let endless = all.into_iter().filter(|scope| {
        let is_select = scope.words.first().is_some_and(|word| word == "select");
        is_select && !scope.tables.is_empty() && !scope.words.iter().any(|word| word == "limit")
    });
    endless.map(|scope| scope.words.join(" ")).collect()
}
