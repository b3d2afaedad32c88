//! Signing in and out: what is asked, what is answered, what is refused.

use serde_json::json;
use simulated::{Client, Role};

use super::{authorize, client, exchange, parameter, public, with_client};
use crate::client::get;

#[tokio::test]
async fn discovery_names_every_endpoint() {
    let stand_ins = public();
    let url = stand_ins.issuer().url();
    assert_eq!(url, format!("http://{}/oidc", stand_ins.address()));
    let (status, document) = get(&format!("{url}/.well-known/openid-configuration")).await;
    assert_eq!((status, &document["issuer"]), (200, &json!(url)));
    for (name, path) in [
        ("authorization_endpoint", "authorize"),
        ("token_endpoint", "token"),
        ("jwks_uri", "keys"),
        ("end_session_endpoint", "logout"),
    ] {
        assert_eq!(document[name], format!("{url}/{path}"));
    }
}

#[tokio::test]
async fn page_offers_four_people_and_sends_one_back() {
    let stand_ins = public();
    let url = authorize(&stand_ins, &[]);
    let page = client().get(&url).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self' https://console.example.com;"));
    let text = page.text().await.unwrap();
    for role in Role::ALL {
        let button = format!("value=\"{role}\">{}<", role.label());
        assert!(text.contains(&button), "{text}");
    }
    let chosen = client().post(&url).body("person=operator").send().await;
    let chosen = chosen.unwrap();
    assert_eq!(chosen.status(), 303);
    let back = chosen.headers()["location"].to_str().unwrap();
    assert!(back.starts_with("https://console.example.com/login/callback?code="));
    assert_eq!(parameter(back, "state").as_deref(), Some("a state"));
    assert_eq!(
        parameter(back, "iss").as_deref(),
        Some(stand_ins.issuer().url())
    );
    let left = client().post(&url).body("person=").send().await.unwrap();
    let back = left.headers()["location"].to_str().unwrap();
    assert_eq!(parameter(back, "error").as_deref(), Some("access_denied"));
}

#[test]
fn wrong_request_is_shown_or_told() {
    let stand_ins = public();
    let answer = |changes: &[(&str, &str)]| {
        let url = authorize(&stand_ins, changes);
        let back = stand_ins.issuer().sign_in(&url, Role::Admin);
        back.map(|back| parameter(&back, "error").unwrap_or_default())
    };
    for (name, value) in [
        ("client_id", "somebody"),
        ("client_id", ""),
        (
            "redirect_uri",
            "https://console.example.com/login/callback/",
        ),
        ("redirect_uri", "https://evil.example/login/callback"),
        ("redirect_uri", ""),
    ] {
        assert!(answer(&[(name, value)]).is_err(), "{name}={value}");
    }
    assert!(answer(&[("state", "1"), ("state", "2")]).is_err());
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("response_mode", "form_post", "invalid_request"),
        ("scope", "profile", "invalid_scope"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("prompt", "none", "login_required"),
    ] {
        assert_eq!(
            answer(&[(name, value)]),
            Ok(error.to_owned()),
            "{name}={value}"
        );
    }
    assert_eq!(answer(&[]), Ok(String::new()));
}

#[tokio::test]
async fn code_is_refused_with_the_right_error() {
    let stand_ins = public();
    let fresh = || {
        let back = stand_ins
            .issuer()
            .sign_in(&authorize(&stand_ins, &[]), Role::Admin);
        parameter(&back.unwrap(), "code").unwrap()
    };
    for (name, value, status, error) in [
        ("grant_type", "", 400, "invalid_request"),
        ("grant_type", "password", 400, "unsupported_grant_type"),
        ("code", "guessed", 400, "invalid_grant"),
        ("code_verifier", "", 400, "invalid_request"),
        ("code_verifier", "another", 400, "invalid_grant"),
        (
            "redirect_uri",
            "https://evil.example/",
            400,
            "invalid_grant",
        ),
        ("client_id", "somebody", 401, "invalid_client"),
        ("client_secret", "unknown", 401, "invalid_client"),
    ] {
        let (found, body) = exchange(&stand_ins, &fresh(), &[(name, value)]).await;
        assert_eq!(
            (found, &body["error"]),
            (status, &json!(error)),
            "{name}={value}"
        );
    }
    let code = fresh();
    assert_eq!(exchange(&stand_ins, &code, &[]).await.0, 200);
    let again = exchange(&stand_ins, &code, &[]).await;
    assert_eq!((again.0, &again.1["error"]), (400, &json!("invalid_grant")));
    let code = fresh();
    stand_ins.issuer().advance_seconds(61);
    let late = exchange(&stand_ins, &code, &[]).await;
    assert_eq!((late.0, &late.1["error"]), (400, &json!("invalid_grant")));
}

#[tokio::test]
async fn client_with_a_secret_proves_it_once() {
    let stand_ins = with_client(Client {
        secret: Some("a:secret %".to_owned()),
        ..Client::default()
    });
    let fresh = || {
        let back = stand_ins
            .issuer()
            .sign_in(&authorize(&stand_ins, &[]), Role::Admin);
        parameter(&back.unwrap(), "code").unwrap()
    };
    let secret = [("client_secret", "a:secret %")];
    assert_eq!(exchange(&stand_ins, &fresh(), &secret).await.0, 200);
    assert_eq!(exchange(&stand_ins, &fresh(), &[]).await.0, 401);
    let basic = async |password: &str, more: &str| {
        let form = format!(
            "grant_type=authorization_code&code={}&code_verifier={}&redirect_uri={}{more}",
            fresh(),
            super::VERIFIER,
            "https%3A%2F%2Fconsole.example.com%2Flogin%2Fcallback"
        );
        let url = format!("{}/token", stand_ins.issuer().url());
        let sent = client().post(url).basic_auth("console", Some(password));
        let sent = sent.header(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        );
        let answer = sent.body(form).send().await.unwrap();
        let asked = answer.headers().contains_key("www-authenticate");
        (answer.status().as_u16(), asked)
    };
    assert_eq!(basic("a%3Asecret+%25", "").await, (200, false));
    assert_eq!(basic("wrong", "").await, (401, true));
    let twice = "&client_secret=a%3Asecret+%25";
    assert_eq!(basic("a%3Asecret+%25", twice).await, (400, false));
}

#[tokio::test]
async fn sign_out_returns_to_the_registered_address_only() {
    let stand_ins = public();
    let back = stand_ins
        .issuer()
        .sign_in(&authorize(&stand_ins, &[]), Role::Viewer);
    let code = parameter(&back.unwrap(), "code").unwrap();
    let tokens = exchange(&stand_ins, &code, &[]).await.1;
    let ours = tokens["id_token"].as_str().unwrap();
    let access = tokens["access_token"].as_str().unwrap();
    let home = "https://console.example.com/signed-out";
    let check = async |parameters: &[(&str, &str)], status: u16, location: Option<&str>| {
        let url = format!("{}/logout", stand_ins.issuer().url());
        let url = url::Url::parse_with_params(&url, parameters).unwrap();
        let answer = client().get(url).send().await.unwrap();
        let to = answer
            .headers()
            .get("location")
            .map(|to| to.to_str().unwrap());
        assert_eq!(
            (answer.status().as_u16(), to),
            (status, location),
            "{parameters:?}"
        );
    };
    let there = ("post_logout_redirect_uri", home);
    check(&[("client_id", "console"), there], 303, Some(home)).await;
    check(
        &[("id_token_hint", ours), there, ("state", "x")],
        303,
        Some(&format!("{home}?state=x")),
    )
    .await;
    check(&[("id_token_hint", access), there], 400, None).await;
    check(&[there], 400, None).await;
    let elsewhere = ("post_logout_redirect_uri", "https://evil.example/");
    check(&[("client_id", "console"), elsewhere], 400, None).await;
    check(&[], 200, None).await;
}
