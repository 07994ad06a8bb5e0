//! The `.env` block of each published contract, as its brief prints it.

use super::*;

#[test]
fn the_env_file_of_histories() {
    let config = load(
        &[],
        "# Flask
FLASK_ENV=development          # development or production
FLASK_DEBUG=True               # Enable debug mode
FLASK_APP=app.py

# Database
DATABASE_URL=sqlite:///app.db  # SQLite for dev
# DATABASE_URL=postgresql://user:pass@host/db  # PostgreSQL for prod

# JWT
JWT_SECRET_KEY=your_secret_key_here
JWT_ACCESS_TOKEN_EXPIRES=2592000  # 30 days in seconds

# CORS
FRONTEND_URL=http://localhost:3000

# Server
SERVER_PORT=5000
SERVER_HOST=0.0.0.0
",
    )
    .unwrap();
    assert_eq!(row(&config, "SERENE_ENV"), ("development".into(), ".env FLASK_ENV".into()));
    assert_eq!(row(&config, "SERENE_LOG"), ("debug".into(), ".env FLASK_DEBUG".into()));
    assert_eq!(exposed(&config.database), "app.db");
    assert_eq!(config.data_dir(), Path::new("."));
    assert_eq!(row(&config, "JWT_SECRET"), ("set (hidden)".into(), ".env JWT_SECRET_KEY".into()));
    assert_eq!(config.jwt_secret.as_ref().unwrap().expose_secret(), "your_secret_key_here");
    assert_eq!((config.access_token_secs, config.refresh_token_secs), (2_592_000, 2_592_000));
    assert_eq!(config.frontend_origins, ["http://localhost:3000"]);
    assert_eq!(config.listen_address().to_string(), "0.0.0.0:5000");
    assert_eq!(config.warnings.len(), 1, "{:?}", config.warnings);
    assert!(config.warnings[0].starts_with("JWT_SECRET_KEY ("), "{:?}", config.warnings);
    assert!(config.warnings[0].contains("is a well-known example; production refuses it"));
}

#[test]
fn the_env_file_of_sessions() {
    let config = load(
        &[],
        "DATABASE_URL=postgresql://username:password@localhost:5432/yourdatabase
OPENAI_API_KEY=sk-...
FIREBASE_CREDENTIALS=serviceAccountKey.json
",
    )
    .unwrap();
    assert_eq!(
        exposed(&config.database),
        "postgresql://username:password@localhost:5432/yourdatabase"
    );
    assert_eq!(config.data_dir(), Path::new("./data"));
    assert_eq!(config.ai.engine, AiEngine::Basic);
    assert!(config.ai.openai_api_key.is_none());
    assert_eq!(row(&config, "OPENAI_API_KEY").0, "not set (a placeholder)");
    assert!(config.warnings[0].contains("is a placeholder and counts as unset"));
}

#[test]
fn the_env_file_of_conversations() {
    let config = load(
        &[],
        "   # Database settings
   DB_USER=your_db_user
   DB_PASSWORD=your_db_password
   DB_HOST=localhost
   DB_NAME=chatapp_db
   
   # JWT settings
   SECRET_KEY=your_secret_key
   
   # OpenAI API settings
   OPENAI_API_KEY=your_openai_api_key
",
    )
    .unwrap();
    assert_eq!(
        exposed(&config.database),
        "mysql://your_db_user:your_db_password@localhost/chatapp_db"
    );
    let shown = "mysql://your_db_user:***@localhost/chatapp_db";
    assert_eq!(
        row(&config, "DATABASE_URL"),
        (shown.into(), "from DB_USER, DB_HOST and DB_NAME".into())
    );
    assert_eq!(row(&config, "DB_PASSWORD"), ("set (hidden)".into(), ".env DB_PASSWORD".into()));
    assert_eq!(row(&config, "JWT_SECRET").1, ".env SECRET_KEY");
    assert_eq!(config.ai.engine, AiEngine::Basic);
}

#[test]
fn the_env_file_of_entries() {
    let block =
        "DATABASE_URL=sqlite:///./data/serene.db JWT_SECRET=supersecret\nOPENAI_API_KEY=...\n";
    let config = load(&[], block).unwrap();
    assert_eq!(exposed(&config.database), "./data/serene.db");
    assert_eq!(config.jwt_secret.as_ref().unwrap().expose_secret(), "supersecret");
    assert_eq!(config.ai.engine, AiEngine::Basic);
}

#[test]
fn the_env_file_of_chatbot() {
    let config = load(
        &[],
        "DATABASE_URL=postgresql+asyncpg://user:password@localhost/chatbot
JWT_SECRET=your_secret_key
JWT_ALGORITHM=HS256
AI_MODEL_ENDPOINT=http://localhost:8001/generate  # or OpenAI API
",
    )
    .unwrap();
    assert_eq!(exposed(&config.database), "postgresql://user:password@localhost/chatbot");
    assert_eq!(config.jwt_secret.as_ref().unwrap().expose_secret(), "your_secret_key");
    let AiEngine::Endpoint(url) = &config.ai.engine else { panic!("the endpoint answers") };
    assert_eq!(url.as_str(), "http://localhost:8001/generate");
    assert_eq!(
        row(&config, "AI_ENGINE"),
        ("endpoint".into(), "because AI_MODEL_ENDPOINT is set".into())
    );
}
