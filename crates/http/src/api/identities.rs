//! `/api/v1/me/identities`: who the caller is for other issuers.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serene_core::{
    accounts::LinkedIdentity,
    base::{Error, limits},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    App,
    answer::Answer,
    error::ApiError,
    extract::{Caller, Json},
    time::Stamp,
};

/// Whom to link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewIdentity {
    /// A Firebase ID token, as the client library gives it.
    #[schema(example = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.e30.c2ln", max_length = 8192)]
    id_token: String,
}

/// An ID token, unless it is too long to be one.
pub(super) fn checked(id_token: &str) -> Result<&str, Error> {
    let most = limits::MAX_ID_TOKEN_BYTES;
    if id_token.len() > most {
        let message = format!("must have at most {most} bytes");
        return Err(Error::Invalid { field: "id_token", message });
    }
    Ok(id_token)
}

/// An identity that opens the account.
#[derive(Serialize, ToSchema)]
#[schema(as = Identity)]
pub(crate) struct IdentityBody {
    id: Uuid,
    /// Who vouches for it.
    #[schema(example = "https://securetoken.google.com/a-project")]
    issuer: String,
    /// What you are called there.
    #[schema(example = "kYx1w9rS2vQ0")]
    subject: String,
    created_at: Stamp,
}

impl From<LinkedIdentity> for IdentityBody {
    fn from(linked: LinkedIdentity) -> Self {
        Self {
            id: linked.id,
            issuer: linked.issuer,
            subject: linked.subject,
            created_at: linked.created_at.into(),
        }
    }
}

/// The identities: at most twenty, so there are no pages.
#[derive(Serialize, ToSchema)]
pub(crate) struct IdentityList {
    items: Vec<IdentityBody>,
    /// Always null.
    #[schema(example = json!(null))]
    next_cursor: Option<String>,
}

/// Link an identity
///
/// From now on this Firebase identity opens the account as well. One that opens another account is
/// refused; the same one again is no error.
#[utoipa::path(post, path = "/api/v1/me/identities", tag = "me", operation_id = "link_identity",
    request_body = NewIdentity,
    responses((status = 201, body = IdentityBody),
              (status = 409, description = "It opens another account")))]
pub(crate) async fn link(
    State(app): State<App>,
    Caller(caller): Caller,
    Json(body): Json<NewIdentity>,
) -> Result<(StatusCode, Answer<IdentityBody>), ApiError> {
    let linked = app.serene.accounts.link_identity(caller.owner, checked(&body.id_token)?).await?;
    Ok((StatusCode::CREATED, Answer(linked.into())))
}

/// List identities
///
/// Who you are for other issuers, the oldest first.
#[utoipa::path(get, path = "/api/v1/me/identities", tag = "me", operation_id = "list_identities",
    responses((status = 200, body = IdentityList)))]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
) -> Result<Answer<IdentityList>, ApiError> {
    let linked = app.serene.accounts.identities(caller.owner).await?;
    let items = linked.into_iter().map(Into::into).collect();
    Ok(Answer(IdentityList { items, next_cursor: None }))
}
