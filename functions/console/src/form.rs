//! What a request carries, with a page of ours where it cannot be read.

use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::FormRejection},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::answer::Failure;

/// The query. What is missing or unknown is the handler's business; what has another type is told.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        query
            .map(|query| Self(query.0))
            .map_err(|_| Failure::Unreadable("the address"))
    }
}

/// A form's fields.
#[derive(Debug)]
pub(crate) struct Form<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        match axum::extract::Form::from_request(request, state).await {
            Ok(form) => Ok(Self(form.0)),
            Err(FormRejection::BytesRejection(_)) => Err(Failure::TooLarge),
            Err(_) => Err(Failure::Unreadable("the form")),
        }
    }
}

/// An id in the path.
#[derive(Debug)]
pub(crate) struct Id(pub(crate) i64);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let id = axum::extract::Path::<i64>::from_request_parts(parts, state).await;
        id.map(|id| Self(id.0)).map_err(|_| Failure::NotFound)
    }
}
