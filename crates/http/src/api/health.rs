//! Health, for whoever watches the server: no sign-in, and nothing of anybody's.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, answer::Answer, error::ApiError};

/// How the server is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: a server that is not answers with an error.
    #[schema(example = "ok")]
    status: &'static str,
}

const OK: Answer<Health> = Answer(Health { status: "ok" });

/// Is the process alive?
#[utoipa::path(get, path = "/livez", tag = "health", operation_id = "livez", security(()),
    responses((status = 200, body = Health)))]
pub(crate) async fn live() -> Answer<Health> {
    OK
}

/// Can it take requests?
///
/// False once it was told to stop, and while the database cannot be written.
#[utoipa::path(get, path = "/readyz", tag = "health", operation_id = "readyz", security(()),
    responses((status = 200, body = Health)))]
pub(crate) async fn ready(State(app): State<App>) -> Result<Answer<Health>, ApiError> {
    app.serene.check_ready().await?;
    Ok(OK)
}

/// Both at once
#[utoipa::path(get, path = "/healthz", tag = "health", operation_id = "healthz", security(()),
    responses((status = 200, body = Health)))]
pub(crate) async fn health(State(app): State<App>) -> Result<Answer<Health>, ApiError> {
    app.serene.check_ready().await?;
    Ok(OK)
}
