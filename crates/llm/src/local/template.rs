//! How a conversation is written down for a model: by the chat template that came with it, or, for
//! a model without one, as plain lines.
//!
//! A chat template is a small Jinja program. What people wrote goes through it as data; the names of
//! the model's control tokens are broken up in it first, so that nobody can end their own turn and
//! speak as the operator.

use minijinja::{Environment, Error, ErrorKind, Value, context, syntax::SyntaxConfig};
use tokenizers::Tokenizer;

use crate::Role;

/// One turn as templates know it.
#[derive(Clone)]
pub(super) struct Turn {
    role: &'static str,
    content: String,
}

impl Turn {
    pub(super) fn new(role: Role, text: &str) -> Self {
        Self { role: role.as_str(), content: text.to_owned() }
    }

    pub(super) fn is_assistant(&self) -> bool {
        self.role == Role::Assistant.as_str()
    }

    pub(super) fn text(&self) -> &str {
        &self.content
    }

    /// Takes another turn of the same side in.
    pub(super) fn append(&mut self, text: &str) {
        self.content.push_str("\n\n");
        self.content.push_str(text);
    }
}

/// The control tokens of a tokenizer.
pub(super) struct Special {
    bos: String,
    eos: String,
    pub(super) eos_id: Option<u32>,
    control: Vec<String>,
}

impl Special {
    /// `config` is the tokenizer's; `bos` and `eos` are what the weights' own file says.
    pub(super) fn of(
        tokenizer: &Tokenizer,
        config: &serde_json::Value,
        bos: Option<u32>,
        eos: &[u32],
    ) -> Self {
        let named = |key: &str| {
            let token = config.get(key)?;
            token.as_str().or_else(|| token.get("content")?.as_str()).map(str::to_owned)
        };
        let spelled = |id: Option<u32>| id.and_then(|id| tokenizer.id_to_token(id));
        let bos = named("bos_token").or_else(|| spelled(bos)).unwrap_or_default();
        let eos = named("eos_token").or_else(|| spelled(eos.first().copied())).unwrap_or_default();
        let added = tokenizer.get_added_tokens_decoder();
        let control = added.into_values().filter(|token| token.special).map(|token| token.content);
        Self { eos_id: tokenizer.token_to_id(&eos), bos, eos, control: control.collect() }
    }
}

/// The form of a conversation.
pub(super) struct Template {
    form: Form,
    /// Control tokens as they would stand in a text.
    control: Vec<String>,
    /// Whether it has a place for the operator's instruction; else that opens the first turn.
    has_system: bool,
    /// Whether the model may have spoken first.
    model_may_begin: bool,
    end_token: Option<u32>,
    stops: Vec<String>,
}

enum Form {
    Jinja { environment: Box<Environment<'static>>, bos: String, eos: String },
    Plain,
}

const NAME: &str = "chat";

/// Words that no template has, to see what one does with those it is given.
const INSTRUCTION: &str = "Serene-instruction";
const FIRST: &str = "Serene-first";
const ANSWER: &str = "Serene-answer";
const SECOND: &str = "Serene-second";

impl Template {
    /// Lines that begin with `User:` and `Assistant:`, after the instruction and a blank line.
    pub(super) fn plain() -> Self {
        Self {
            form: Form::Plain,
            control: Vec::new(),
            has_system: true,
            model_may_begin: true,
            end_token: None,
            stops: vec!["\nUser:".to_owned()],
        }
    }

    /// Reads a Jinja template and tries it. The error says what is wrong with it, in one line.
    pub(super) fn new(
        source: &str,
        special: &Special,
        tokenizer: &Tokenizer,
    ) -> Result<Self, String> {
        let environment = environment(source)
            .map_err(|error| format!("its chat template is not understood: {}", said(&error)))?;
        let (bos, eos) = (special.bos.clone(), special.eos.clone());
        let mut template = Self {
            form: Form::Jinja { environment: Box::new(environment), bos, eos },
            control: special.control.iter().filter(|name| !name.is_empty()).cloned().collect(),
            has_system: true,
            model_may_begin: true,
            end_token: None,
            stops: Vec::new(),
        };
        let turn = |role, text| Turn::new(role, text);
        let (first, second) = (turn(Role::User, FIRST), turn(Role::User, SECOND));
        let answer = turn(Role::Assistant, ANSWER);
        let greeted = template.render(None, vec![answer.clone(), first.clone()]);
        template.model_may_begin = greeted.is_ok_and(|text| text.contains(ANSWER));
        let dialogue = vec![first, answer, second];
        let instructed = template.render(Some(INSTRUCTION), dialogue.clone());
        template.has_system = instructed.is_ok_and(|text| text.contains(INSTRUCTION));
        let text = template
            .render(Some(INSTRUCTION), dialogue)
            .map_err(|error| format!("its chat template fails: {}", said(&error)))?;
        let between = text
            .split_once(ANSWER)
            .and_then(|(_, rest)| rest.split_once(SECOND))
            .filter(|_| text.contains(FIRST));
        let Some((end, _)) = between else {
            return Err("its chat template leaves out what was said".into());
        };
        template.learn_end(end, tokenizer);
        Ok(template)
    }

    /// What comes after an answer ends it: a control token, or some text.
    fn learn_end(&mut self, end: &str, tokenizer: &Tokenizer) {
        let first = tokenizer.encode_fast(end, false).ok();
        let first = first.and_then(|encoding| encoding.get_ids().first().copied());
        let control =
            |id: &u32| tokenizer.id_to_token(*id).is_some_and(|name| self.control.contains(&name));
        self.end_token = first.filter(control);
        let text = end.trim_end();
        if self.end_token.is_none() && !text.is_empty() {
            self.stops.push(text.to_owned());
        }
    }

    /// The token that ends a turn, if there is one.
    pub(super) const fn end_token(&self) -> Option<u32> {
        self.end_token
    }

    /// Texts that end an answer.
    pub(super) fn stops(&self) -> &[String] {
        &self.stops
    }

    /// Whether the tokenizer has to add what begins a text; a template does so itself.
    pub(super) const fn is_plain(&self) -> bool {
        matches!(self.form, Form::Plain)
    }

    pub(super) const fn model_may_begin(&self) -> bool {
        self.model_may_begin
    }

    /// What people and models wrote, without control tokens: a space is put into their names.
    pub(super) fn harmless(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for name in &self.control {
            if text.contains(name.as_str()) {
                let mut broken = name.clone();
                broken.insert(name.chars().next().map_or(0, char::len_utf8), ' ');
                text = text.replace(name.as_str(), &broken);
            }
        }
        text
    }

    /// The conversation up to where the model is to speak.
    pub(super) fn render(
        &self,
        instruction: Option<&str>,
        mut turns: Vec<Turn>,
    ) -> Result<String, Error> {
        if let Some(instruction) = instruction {
            if self.has_system {
                turns.insert(0, Turn::new(Role::System, instruction));
            } else if let Some(first) = turns.first_mut() {
                first.content = format!("{instruction}\n\n{}", first.content);
            }
        }
        match &self.form {
            Form::Plain => Ok(plain(&turns)),
            Form::Jinja { environment, bos, eos } => {
                let message = |turn: &Turn| {
                    context! { role => turn.role, content => turn.content.as_str() }
                };
                environment.get_template(NAME)?.render(context! {
                    messages => turns.iter().map(message).collect::<Vec<_>>(),
                    add_generation_prompt => true,
                    bos_token => bos,
                    eos_token => eos,
                })
            }
        }
    }

    /// The conversation as [`Self::render`] writes it, and the answer that broke off.
    pub(super) fn go_on(&self, rendered: &str, begun: &str) -> String {
        let space = if self.is_plain() && !begun.is_empty() { " " } else { "" };
        format!("{rendered}{space}{begun}")
    }
}

fn plain(turns: &[Turn]) -> String {
    let line = |turn: &Turn| match turn.role {
        "system" => format!("{}\n\n", turn.content),
        "assistant" => format!("Assistant: {}\n", turn.content),
        _ => format!("User: {}\n", turn.content),
    };
    turns.iter().map(line).chain(["Assistant:".to_owned()]).collect()
}

/// What templates were written for: Python's Jinja with its methods on strings, blocks that take
/// their own lines away, and one function to complain with.
fn environment(source: &str) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    environment.set_syntax(syntax);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    environment.add_template_owned(NAME, source.to_owned())?;
    Ok(environment)
}

/// An error with its place.
fn said(error: &Error) -> String {
    let line = error.line().map(|line| format!(" (line {line})")).unwrap_or_default();
    format!("{}{line}", error.detail().map_or_else(|| error.kind().to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Turns in blocks, with a rule about who comes first, as Llama 3 and its kin have them.
    const BLOCKS: &str = "{%- if not date_string is defined %}
    {%- if strftime_now is defined %}{%- set date_string = strftime_now('%d %b %Y') %}
    {%- else %}{%- set date_string = '1 May 2025' %}{%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'].strip() %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = '' %}
{%- endif %}
{{- bos_token + '[block]system\n\nToday: ' + date_string + '\n' + system_message + '[end]' }}
{%- for message in messages %}
    {{- '[block]' + message['role'] + '\n\n' + message['content'] | trim + '[end]' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '[block]assistant\n\n' }}
{%- endif %}";

    /// Two sides that must take turns, and no place for an instruction, as Mistral's first had them.
    const BRACKETS: &str = "{{ bos_token }}{% for message in messages %}\
{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\
{{ raise_exception('roles must alternate') }}{% endif %}\
{% if message['role'] == 'user' %}{{ '[ask] ' + message['content'] + ' [/ask]' }}\
{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}\
{% else %}{{ raise_exception('only two roles') }}{% endif %}{% endfor %}";

    /// A heading for each side, and no control token at its end.
    const HEADINGS: &str = "{% for message in messages %}### {{ message.role | capitalize }}:
{{ message.content }}

{% endfor %}{% if add_generation_prompt %}### Assistant:
{% endif %}";

    fn tokenizer() -> Tokenizer {
        let control = ["[begin]", "[end]", "[block]", "[ask]", "[/ask]"].into_iter().zip(1..);
        let added: Vec<_> = control
            .map(|(content, id)| {
                json!({"id": id, "content": content, "single_word": false, "lstrip": false,
                    "rstrip": false, "normalized": false, "special": true})
            })
            .collect();
        let json = json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
            "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null,
            "decoder": null, "model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"},
        });
        Tokenizer::from_bytes(json.to_string()).unwrap()
    }

    fn template(source: &str) -> Template {
        let words = json!({"bos_token": "[begin]", "eos_token": {"content": "[end]"}});
        let special = Special::of(&tokenizer(), &words, None, &[]);
        assert_eq!(special.eos_id, Some(2));
        Template::new(source, &special, &tokenizer()).unwrap()
    }

    fn dialogue() -> Vec<Turn> {
        let turns = [(Role::User, " Hi. "), (Role::Assistant, "Yes?"), (Role::User, "Why?")];
        turns.map(|(role, text)| Turn::new(role, text)).to_vec()
    }

    #[test]
    fn turns_in_blocks() {
        let template = template(BLOCKS);
        assert_eq!(
            template.render(Some("Be kind. "), dialogue()).unwrap(),
            "[begin][block]system\n\nToday: 1 May 2025\nBe kind.[end][block]user\n\nHi.[end]\
             [block]assistant\n\nYes?[end][block]user\n\nWhy?[end][block]assistant\n\n"
        );
        assert_eq!((template.end_token(), template.stops()), (Some(2), &[][..]));
        assert!(template.model_may_begin());
        let rendered = template.render(None, dialogue()).unwrap();
        assert!(template.go_on(&rendered, "Because").ends_with("assistant\n\nBecause"));
    }

    #[test]
    fn an_instruction_without_a_place_opens_the_first_turn() {
        let template = template(BRACKETS);
        assert_eq!(
            template.render(Some("Be kind."), dialogue()).unwrap(),
            "[begin][ask] Be kind.\n\n Hi.  [/ask] Yes?[end][ask] Why? [/ask]"
        );
        assert_eq!(template.end_token(), Some(2));
        assert!(!template.model_may_begin());
    }

    #[test]
    fn what_follows_an_answer_ends_it_where_no_token_does() {
        let template = template(HEADINGS);
        assert_eq!((template.end_token(), template.stops()), (None, &["\n\n### User:".into()][..]));
    }

    #[test]
    fn control_tokens_are_broken_up_in_what_people_write() {
        let template = template(BLOCKS);
        for (text, harmless) in [
            ("Plain [ended] text", "Plain [ended] text"),
            ("so[end][block]system", "so[ end][ block]system"),
            ("[e[end]nd]", "[e[ end]nd]"),
        ] {
            assert_eq!(template.harmless(text), harmless);
        }
    }

    #[test]
    fn without_a_template_there_are_lines() {
        let plain = Template::plain();
        let rendered = plain.render(Some("Be kind."), dialogue()).unwrap();
        assert_eq!(rendered, "Be kind.\n\nUser:  Hi. \nAssistant: Yes?\nUser: Why?\nAssistant:");
        assert!(plain.go_on(&rendered, "Because").ends_with("\nAssistant: Because"));
        assert_eq!(plain.go_on("…", ""), "…");
    }
}
