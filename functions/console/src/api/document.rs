//! What the API can do: an OpenAPI document made from the code, and a page for people that is made from it.

use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::{Json as Body, extract::State, http::StatusCode, response::Response};
use serde_json::{Value, json};
use utoipa::{
    OpenApi,
    openapi::{
        self, Ref, RefOr, ResponseBuilder,
        content::ContentBuilder,
        path::Operation,
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

use super::{
    answer::Problem, campaigns, health, leads, review, sends, sources, suppressions, system,
};
use crate::{
    Deps,
    access::Caller,
    answer::{self, Failure},
    filters,
    routes::{Least, routes},
    uploads,
    view::{Place, Shell},
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Outreach console",
        description = "Everything that the console’s pages do, for programs. Errors are problems (RFC 9457). Lists come \
                       a page at a time: send `next` as `cursor` for the rows after them.",
    ),
    tags(
        (name = "Leads", description = "People whom campaigns found"),
        (name = "Campaigns", description = "What is offered, to whom, under which rules"),
        (name = "Sources", description = "Where campaigns look for people"),
        (name = "Review", description = "Drafts that a person decides about"),
        (name = "Sends", description = "Mails, and why each left or did not"),
        (name = "Suppressions", description = "Mailboxes that get no more mail"),
        (name = "System", description = "Whether mails leave, what waits, who did what"),
    ),
    paths(
        leads::list::list_leads, leads::show_lead, leads::show_address, leads::add_note, leads::ask_lead_again,
        leads::suppress_lead,
        campaigns::list_campaigns, campaigns::create_campaign, campaigns::show_campaign, campaigns::edit_campaign,
        campaigns::set_campaign_status, campaigns::price_again, campaigns::ask_campaign_again,
        sources::list_sources, sources::create_source, sources::show_source, sources::edit_source,
        sources::switch_source, sources::run_source, sources::trial::test_list,
        sources::trial::test_source, uploads::allow_upload,
        review::count_drafts, review::take_draft, review::decide_draft, review::undo_decision, review::ask_for_draft, review::check_text,
        review::many::take_drafts, review::many::decide_drafts, review::many::undo_decisions,
        sends::list_sends, sends::show_send, sends::resolve_send,
        suppressions::look_up_mailbox, suppressions::suppress_mailbox, suppressions::lift_suppression,
        system::show_me, system::list_figures, health::show_health, health::list_checks, system::stop_sending, system::start_sending, system::close_breaker,
        health::move_dead_letters_back, system::list_records,
        show_document,
    ),
    components(schemas(Problem)),
)]
struct Api;

/// The document, with what every operation has in common.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut api = Api::openapi();
    let components = api.components.get_or_insert_default();
    components.add_security_scheme(
        "token",
        SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
    );
    api.security = Some(vec![SecurityRequirement::new("token", [""; 0])]);
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in [
            ("GET", &mut item.get),
            ("POST", &mut item.post),
            ("PATCH", &mut item.patch),
        ] {
            if let Some(operation) = operation {
                complete(operation, method, path);
            }
        }
    }
    serde_json::to_value(api).unwrap_or_default()
});

/// Adds the least role and the errors that any operation may answer.
fn complete(operation: &mut Operation, method: &str, path: &str) {
    let found = routes()
        .into_iter()
        .find(|route| route.method.as_str() == method && route.path == path);
    if let Some(Least::Role(role)) = found.map(|route| route.least) {
        let extension = operation.extensions.get_or_insert_default();
        extension.insert("x-least-role".to_owned(), json!(role.as_str()));
        let said = operation.description.take().unwrap_or_default();
        let said = format!(
            "{said}\n\nTakes the role {} or a stronger one.",
            role.as_str()
        );
        operation.description = Some(said.trim().to_owned());
    }
    let mut errors = vec![
        (400, "The request cannot be read"),
        (401, "No token, or none that counts here"),
        (403, "The role is too small"),
        (404, "There is nothing of this id"),
        (429, "Too many requests; Retry-After says when to go on"),
        (503, "The database or the issuer does not answer"),
        (504, "It took too long, and may have been done"),
    ];
    if operation.request_body.is_some() {
        errors.extend([
            (413, "The body is too large"),
            (415, "The body is not JSON"),
            (
                422,
                "The body holds what cannot be taken; `errors` says where",
            ),
        ]);
    }
    for (status, description) in errors {
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.to_string())
            .or_insert_with(|| problem(description));
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            as_problem(response);
        }
    }
}

fn problem(description: &str) -> RefOr<openapi::Response> {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    let response = ResponseBuilder::new().description(description);
    RefOr::T(
        response
            .content("application/problem+json", content)
            .build(),
    )
}

/// A body of `Problem` has a media type of its own.
fn as_problem(response: &mut openapi::Response) {
    let problem = Ref::from_schema_name("Problem");
    let found = response.content.get("application/json");
    let is_problem = found.is_some_and(|content| {
        let RefOr::T(content) = content else {
            return false;
        };
        matches!(&content.schema, Some(schema) if *schema == RefOr::Ref(problem.clone()))
    });
    if is_problem && let Some(content) = response.content.shift_remove("application/json") {
        response
            .content
            .insert("application/problem+json".to_owned(), content);
    }
}

/// Shows this document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "System",
    responses((status = 200, description = "OpenAPI 3.1", body = Value)))]
pub(crate) async fn show_document() -> Body<&'static Value> {
    Body(&DOCUMENT)
}

/// An operation as the page shows it.
#[derive(Debug)]
struct Line {
    method: String,
    path: String,
    summary: String,
    role: String,
    takes: Vec<Field>,
    gives: Vec<Field>,
}

/// A parameter, or a field of a body.
#[derive(Debug)]
struct Field {
    name: String,
    kind: String,
    needed: bool,
    text: String,
}

#[derive(Debug)]
struct Section {
    title: String,
    text: String,
    lines: Vec<Line>,
}

impl Line {
    /// What it takes and what it answers, each under its title.
    fn tables(&self) -> [(&'static str, &[Field]); 2] {
        [("Takes", &self.takes), ("Answers", &self.gives)]
    }
}

#[derive(Template)]
#[template(path = "api.html")]
struct ReferencePage {
    shell: Shell,
    sections: Vec<Section>,
    /// Requests of a person in a minute.
    most: i32,
}

/// The document for people.
pub(crate) async fn show_page(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let page = ReferencePage {
        shell: Shell::load(&mut conn, &deps, &caller, Place::Health).await?,
        most: deps.config.requests_a_minute,
        sections: sections(&DOCUMENT),
    };
    Ok(answer::page(StatusCode::OK, &page))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn sections(document: &Value) -> Vec<Section> {
    let tags = document["tags"].as_array().into_iter().flatten();
    tags.map(|tag| Section {
        title: text(&tag["name"]),
        text: text(&tag["description"]),
        lines: lines(document, &tag["name"]),
    })
    .collect()
}

fn lines(document: &Value, tag: &Value) -> Vec<Line> {
    let mut lines = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if operation.pointer("/tags/0") != Some(tag) {
                continue;
            }
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let mut takes: Vec<Field> = parameters.map(parameter).collect();
            takes.extend(fields(document, &operation["requestBody"]));
            let responses = operation["responses"].as_object().into_iter().flatten();
            let done = responses
                .clone()
                .find(|(status, _)| status.starts_with('2'));
            lines.push(Line {
                method: method.to_uppercase(),
                path: path.clone(),
                summary: text(&operation["summary"]),
                role: text(&operation["x-least-role"]),
                takes,
                gives: done
                    .map(|(_, body)| fields(document, body))
                    .unwrap_or_default(),
            });
        }
    }
    lines
}

fn parameter(parameter: &Value) -> Field {
    Field {
        name: text(&parameter["name"]),
        kind: format!("{}, {}", text(&parameter["in"]), kind(&parameter["schema"])),
        needed: parameter["required"] == true,
        text: text(&parameter["description"]),
    }
}

/// The fields of a body's object.
fn fields(document: &Value, body: &Value) -> Vec<Field> {
    let Some(schema) = body.pointer("/content/application~1json/schema") else {
        return Vec::new();
    };
    let schema = resolved(document, schema);
    let mut parts = vec![schema];
    parts.extend(
        schema["allOf"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|part| resolved(document, part)),
    );
    let mut found = Vec::new();
    for part in parts {
        let required = part["required"].as_array();
        for (name, field) in part["properties"].as_object().into_iter().flatten() {
            found.push(Field {
                name: name.clone(),
                kind: kind(field),
                needed: required.is_some_and(|names| names.contains(&json!(name))),
                text: text(&field["description"]),
            });
        }
    }
    found
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"]
        .as_str()
        .and_then(|path| path.strip_prefix('#'))
    {
        Some(pointer) => document.pointer(pointer).unwrap_or(schema),
        None => schema,
    }
}

/// A schema's type in a word or two.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    let named = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect::<Vec<_>>().join(" or "),
        one => text(one),
    };
    match named.as_str() {
        "array" => format!("array of {}", kind(&schema["items"])),
        "" => "any".to_owned(),
        _ => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes;

    #[test]
    fn document_names_exactly_the_routes() {
        let mut documented: Vec<(String, String)> = Vec::new();
        for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                documented.push((method.to_uppercase(), path.clone()));
                assert!(operation["x-least-role"].is_string(), "{method} {path}");
            }
        }
        let served = routes().into_iter();
        let served = served.filter(|route| answer::is_api(route.path));
        let mut served: Vec<(String, String)> = served
            .map(|route| (route.method.to_string(), route.path.to_owned()))
            .collect();
        documented.sort();
        served.sort();
        assert_eq!(documented, served);
    }
}
