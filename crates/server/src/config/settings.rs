//! The table of settings: every name Serene reads, what it means and what it is when nobody sets it.
//!
//! The command line's help, `serene config` and `docs/configuration.md` are all made from this table.

/// One thing that can be configured. `Debug` prints its name.
pub(super) struct Setting {
    /// The canonical name, which is also the name of its environment variable.
    pub(super) name: &'static str,
    /// Other names it is known by, in the order in which they are tried after `name`.
    pub(super) aliases: &'static [&'static str],
    /// The long flag without its dashes. Secrets have none: the command line shows in `ps`.
    pub(super) flag: Option<&'static str>,
    /// The value when no source sets it, written as a user would write it.
    pub(super) default: Option<&'static str>,
    /// True when the value is never printed, in reports or in errors.
    pub(super) secret: bool,
    /// What it does, in one line.
    pub(super) help: &'static str,
    /// A value that is accepted, or none for what nobody should copy.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "printed in docs/configuration.md by a test")
    )]
    pub(super) example: &'static str,
}

impl Setting {
    const fn new(name: &'static str, help: &'static str, example: &'static str) -> Self {
        Self { name, aliases: &[], flag: None, default: None, secret: false, help, example }
    }

    const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    const fn flag(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// The names under which environment and `.env` may set it, best first.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Where the data is kept.
pub(super) static DATABASE_URL: Setting = Setting::new(
    "DATABASE_URL",
    "Where the data is kept: sqlite:///relative, sqlite:////absolute, postgresql:// or mysql://",
    "postgresql+asyncpg://user:password@localhost/chatbot",
)
.flag("database-url")
.default("sqlite:///./data/serene.db");

/// MySQL user.
pub(super) static DB_USER: Setting =
    Setting::new("DB_USER", "MySQL user; the DB_ names count when DATABASE_URL is unset", "serene");
/// MySQL password.
pub(super) static DB_PASSWORD: Setting =
    Setting::new("DB_PASSWORD", "MySQL password, as it is (nothing in it needs escaping)", "")
        .secret();
/// MySQL host.
pub(super) static DB_HOST: Setting =
    Setting::new("DB_HOST", "MySQL host name or address", "localhost");
/// MySQL port.
pub(super) static DB_PORT: Setting =
    Setting::new("DB_PORT", "MySQL port; the server's usual one (3306) when unset", "3306");
/// MySQL database.
pub(super) static DB_NAME: Setting = Setting::new("DB_NAME", "MySQL database", "chatapp_db");

/// Listening address.
pub(super) static SERVER_HOST: Setting = Setting::new(
    "SERVER_HOST",
    "Address to listen on: an IP address or localhost; 0.0.0.0 is every network",
    "0.0.0.0",
)
.flag("host")
.default("127.0.0.1");
/// Listening port.
pub(super) static PORT: Setting =
    Setting::new("PORT", "Port to listen on; 0 takes any free one and prints it", "5000")
        .aliases(&["SERVER_PORT"])
        .flag("port")
        .default("8000");
/// Connections at once.
pub(super) static MAX_CONNECTIONS: Setting =
    Setting::new("MAX_CONNECTIONS", "Connections served at once, 1 to 1000000", "4096")
        .default("4096");

/// Development or production.
pub(super) static SERENE_ENV: Setting = Setting::new(
    "SERENE_ENV",
    "development or production; production refuses weak secrets",
    "production",
)
.aliases(&["FLASK_ENV"])
.flag("env")
.default("development");

/// The key that signs tokens.
pub(super) static JWT_SECRET: Setting = Setting::new(
    "JWT_SECRET",
    "Key that signs tokens; in development one is made in the data folder when unset",
    "",
)
.aliases(&["JWT_SECRET_KEY", "SECRET_KEY"])
.secret();
/// The signature algorithm.
pub(super) static JWT_ALGORITHM: Setting =
    Setting::new("JWT_ALGORITHM", "How tokens are signed; only HS256", "HS256").default("HS256");
/// Lifetime of an access token.
pub(super) static JWT_ACCESS_TOKEN_EXPIRES: Setting = Setting::new(
    "JWT_ACCESS_TOKEN_EXPIRES",
    "Lifetime of an access token in seconds, 60 to 31536000",
    "2592000",
)
.default("900");
/// Lifetime of a refresh token.
pub(super) static REFRESH_TOKEN_EXPIRES: Setting = Setting::new(
    "REFRESH_TOKEN_EXPIRES",
    "Lifetime of a refresh token in seconds, 60 to 31536000; by default never shorter than an access token's",
    "5184000",
)
.default("2592000");
/// The cost of a password hash.
pub(super) static BCRYPT_COST: Setting = Setting::new(
    "BCRYPT_COST",
    "Work per password hash, 4 to 15, each step doubles it; production asks for 10 or more",
    "12",
)
.default("10");
/// Whether guessing is slowed.
pub(super) static AUTH_THROTTLE: Setting = Setting::new(
    "AUTH_THROTTLE",
    "on or off: whether repeated login and register attempts are slowed",
    "on",
)
.default("on");

/// The key that seals private text.
pub(super) static SERENE_MASTER_KEY: Setting = Setting::new(
    "SERENE_MASTER_KEY",
    "Key that seals private text in the database: 32 bytes in base64, as `serene vault key` prints",
    "",
)
.secret();
/// The file of that key.
pub(super) static SERENE_MASTER_KEY_FILE: Setting = Setting::new(
    "SERENE_MASTER_KEY_FILE",
    "File that holds the master key, instead of SERENE_MASTER_KEY",
    "/run/secrets/serene_master_key",
);

/// Where people in need can turn.
pub(super) static SAFETY_RESOURCES_FILE: Setting = Setting::new(
    "SAFETY_RESOURCES_FILE",
    "TOML file that names where people in need can turn, by country; docs/safety-resources.md",
    "resources.toml",
);

/// Who answers.
pub(super) static AI_ENGINE: Setting = Setting::new(
    "AI_ENGINE",
    "Who answers: basic or nlp (both built in), openai, endpoint or transformers; unset, what else is configured decides",
    "openai",
)
.flag("ai-engine");
/// Who answers otherwise.
pub(super) static AI_FALLBACK: Setting = Setting::new(
    "AI_FALLBACK",
    "Who answers when AI_ENGINE cannot: basic, nlp, openai, endpoint or transformers; none lets the reply fail",
    "basic",
)
.default("none");
/// The file of engines and models.
pub(super) static SERENE_TOML: Setting = Setting::new(
    "SERENE_TOML",
    "TOML file of engines, models and prices, instead of AI_ENGINE and its kin; docs/models.md",
    "/etc/serene/serene.toml",
);
/// The context window.
pub(super) static AI_CONTEXT_TOKENS: Setting = Setting::new(
    "AI_CONTEXT_TOKENS",
    "The most tokens that a model reads and writes together, 512 to 2000000; less where it takes less",
    "8192",
)
.default("32768");
/// Names of conversations.
pub(super) static AI_TITLES: Setting = Setting::new(
    "AI_TITLES",
    "on or off: whether a model names a conversation after its first answer, with a call of its own",
    "off",
)
.default("on");
/// A local model.
pub(super) static AI_MODEL_PATH: Setting = Setting::new(
    "AI_MODEL_PATH",
    "Folder of the model that the engine transformers runs on this machine; docs/local-models.md",
    "/var/lib/serene/models/tiny",
);
/// A plain generate URL.
pub(super) static AI_MODEL_ENDPOINT: Setting = Setting::new(
    "AI_MODEL_ENDPOINT",
    "URL of a model; one that ends in /chat/completions speaks OpenAI's format",
    "http://localhost:8001/generate",
)
.flag("ai-model-endpoint");
/// The key for the model server.
pub(super) static OPENAI_API_KEY: Setting =
    Setting::new("OPENAI_API_KEY", "Key for the model server; placeholders count as unset", "")
        .secret();
/// The model server.
pub(super) static OPENAI_BASE_URL: Setting = Setting::new(
    "OPENAI_BASE_URL",
    "Base URL of OpenAI or any compatible server, without /chat/completions",
    "http://localhost:11434/v1",
)
.flag("openai-base-url")
.default("https://api.openai.com/v1");
/// The model.
pub(super) static OPENAI_MODEL: Setting =
    Setting::new("OPENAI_MODEL", "Model asked for at the model server", "gpt-4o-mini")
        .flag("openai-model")
        .default("gpt-4o-mini");
/// The default system instruction.
pub(super) static SYSTEM_INSTRUCTION: Setting = Setting::new(
    "SYSTEM_INSTRUCTION",
    "Text that replaces the built-in system instruction, at most 8000 characters",
    "\"You are a calm listener.\"",
);

/// What each user may use.
pub(super) static BUDGET_PER_USER: Setting = Setting::new(
    "BUDGET_PER_USER",
    "What each user may use of models, comma separated: tokens/day, tokens/month, cost/day, cost/month; docs/usage.md",
    "200000 tokens/day, 5.00 cost/month",
);
/// What all of them may use.
pub(super) static BUDGET_PER_INSTANCE: Setting = Setting::new(
    "BUDGET_PER_INSTANCE",
    "What all users together may use of models, written as BUDGET_PER_USER",
    "100.00 cost/month",
);

/// Origins of front ends.
pub(super) static FRONTEND_URL: Setting = Setting::new(
    "FRONTEND_URL",
    "Origins of front ends that may call from a browser, comma separated",
    "http://localhost:3000,https://app.example.org",
);
/// Proxies whose headers are believed.
pub(super) static TRUSTED_PROXIES: Setting = Setting::new(
    "TRUSTED_PROXIES",
    "IP addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are believed, comma separated",
    "127.0.0.1,10.0.0.0/8",
);

/// How often a user may ask.
pub(super) static RATE_LIMIT_PER_USER: Setting = Setting::new(
    "RATE_LIMIT_PER_USER",
    "How often each user may ask: a number per second, minute or hour, or off",
    "20/second",
)
.default("600/minute");
/// How often an address may ask.
pub(super) static RATE_LIMIT_PER_ADDRESS: Setting = Setting::new(
    "RATE_LIMIT_PER_ADDRESS",
    "How often each address (of IPv6, each /64) may ask, or off; behind a proxy, set TRUSTED_PROXIES",
    "3000/minute",
)
.default("off");

/// The published contracts.
pub(super) static SERENE_CONTRACTS: Setting = Setting::new(
    "SERENE_CONTRACTS",
    "Published contracts that are served: all, none, or names, comma separated; docs/contracts.md",
    "entries,histories",
)
.default("all");
/// Who may come without a credential.
pub(super) static DEMO_USER: Setting = Setting::new(
    "DEMO_USER",
    "User as whom the published contracts treat whoever sends no credential; refused in production",
    "demo",
);
/// The cookie and other sites.
pub(super) static COOKIE_SAMESITE: Setting = Setting::new(
    "COOKIE_SAMESITE",
    "SameSite of the cookie: lax, strict or none; none is always Secure",
    "none",
)
.default("lax");
/// The cookie and plain http.
pub(super) static COOKIE_SECURE: Setting = Setting::new(
    "COOKIE_SECURE",
    "on or off: whether the cookie is Secure also where a request did not come by https",
    "on",
)
.default("off");
/// Which week.
pub(super) static WEEKLY_MOODS: Setting = Setting::new(
    "WEEKLY_MOODS",
    "What the contract entries calls a week: iso (from Monday) or rolling (the last seven days)",
    "rolling",
)
.default("iso");

/// The file of a Firebase service account.
pub(super) static FIREBASE_CREDENTIALS: Setting = Setting::new(
    "FIREBASE_CREDENTIALS",
    "File of a Firebase service account; its project_id is read, and nothing else",
    "serviceAccountKey.json",
);
/// The Firebase project.
pub(super) static FIREBASE_PROJECT_ID: Setting = Setting::new(
    "FIREBASE_PROJECT_ID",
    "Firebase project whose ID tokens are taken, instead of FIREBASE_CREDENTIALS",
    "my-project-1a2b3",
);
/// Where the keys of ID tokens are.
pub(super) static FIREBASE_CERTS_URL: Setting = Setting::new(
    "FIREBASE_CERTS_URL",
    "Where the keys of ID tokens are: a JWK set, or a map from key id to certificate; https in production",
    "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com",
)
.default(serene_core::accounts::FIREBASE_CERTS_URL);
/// The Firebase emulator.
pub(super) static FIREBASE_AUTH_EMULATOR_HOST: Setting = Setting::new(
    "FIREBASE_AUTH_EMULATOR_HOST",
    "Address of the Firebase emulator, whose ID tokens nobody signs; refused in production",
    "127.0.0.1:9099",
);

/// Where the metrics are read.
pub(super) static METRICS_ADDRESS: Setting = Setting::new(
    "METRICS_ADDRESS",
    "IP address and port where /metrics can be read by whoever reaches it; docs/metrics.md",
    "127.0.0.1:9464",
);
/// The token of who reads them.
pub(super) static METRICS_TOKEN: Setting = Setting::new(
    "METRICS_TOKEN",
    "Bearer token, of 16 characters or more, with which /metrics can be read at the main port",
    "",
)
.secret();

/// What is logged.
pub(super) static SERENE_LOG: Setting = Setting::new(
    "SERENE_LOG",
    "error, warn, info, debug, trace or off, also per module (info,hyper=warn); FLASK_DEBUG=true means debug",
    "info,serene_db=debug",
)
.aliases(&["FLASK_DEBUG"])
.flag("log")
.default("info");
/// How it is logged.
pub(super) static SERENE_LOG_FORMAT: Setting = Setting::new(
    "SERENE_LOG_FORMAT",
    "auto, pretty or json; auto is pretty on a terminal and json otherwise",
    "json",
)
.flag("log-format")
.default("auto");

/// Every setting, in the order in which they are checked and printed.
pub(super) static ALL: &[&Setting] = &[
    &DATABASE_URL,
    &DB_USER,
    &DB_PASSWORD,
    &DB_HOST,
    &DB_PORT,
    &DB_NAME,
    &SERVER_HOST,
    &PORT,
    &MAX_CONNECTIONS,
    &SERENE_ENV,
    &JWT_SECRET,
    &JWT_ALGORITHM,
    &JWT_ACCESS_TOKEN_EXPIRES,
    &REFRESH_TOKEN_EXPIRES,
    &BCRYPT_COST,
    &AUTH_THROTTLE,
    &SERENE_MASTER_KEY,
    &SERENE_MASTER_KEY_FILE,
    &SAFETY_RESOURCES_FILE,
    &SERENE_TOML,
    &AI_CONTEXT_TOKENS,
    &AI_TITLES,
    &AI_ENGINE,
    &AI_FALLBACK,
    &AI_MODEL_ENDPOINT,
    &AI_MODEL_PATH,
    &OPENAI_API_KEY,
    &OPENAI_BASE_URL,
    &OPENAI_MODEL,
    &SYSTEM_INSTRUCTION,
    &BUDGET_PER_USER,
    &BUDGET_PER_INSTANCE,
    &FRONTEND_URL,
    &TRUSTED_PROXIES,
    &RATE_LIMIT_PER_USER,
    &RATE_LIMIT_PER_ADDRESS,
    &SERENE_CONTRACTS,
    &DEMO_USER,
    &COOKIE_SAMESITE,
    &COOKIE_SECURE,
    &WEEKLY_MOODS,
    &FIREBASE_CREDENTIALS,
    &FIREBASE_PROJECT_ID,
    &FIREBASE_CERTS_URL,
    &FIREBASE_AUTH_EMULATOR_HOST,
    &METRICS_ADDRESS,
    &METRICS_TOKEN,
    &SERENE_LOG,
    &SERENE_LOG_FORMAT,
];

/// `name` as the table has it, when some setting can be set under it.
pub(super) fn known_name(name: &str) -> Option<&'static str> {
    ALL.iter().flat_map(|setting| setting.names()).find(|known| *known == name)
}
