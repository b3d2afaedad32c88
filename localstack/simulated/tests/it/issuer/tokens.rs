//! Tokens, keys, and what is changed over HTTP.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use simulated::{Role, SignedBy, Simulated, TokenRequest};

use super::{authorize, client, exchange, parameter, public};
use crate::client::get;

async fn keys(stand_ins: &Simulated) -> JwkSet {
    let (status, keys) = get(&format!("{}/keys", stand_ins.issuer().url())).await;
    assert_eq!(status, 200);
    serde_json::from_value(keys).unwrap()
}

/// The claims, where a careful client accepts the token.
fn verified(token: &str, keys: &JwkSet, audience: &str, issuer: &str) -> Option<Value> {
    let header = decode_header(token).ok()?;
    let key = keys.find(header.kid.as_deref()?)?;
    if ![Algorithm::ES256, Algorithm::RS256].contains(&header.alg) {
        return None;
    }
    let mut validation = Validation::new(header.alg);
    validation.leeway = 60;
    validation.validate_nbf = true;
    validation.set_audience(&[audience]);
    validation.set_issuer(&[issuer]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let decoded = decode::<Value>(token, &DecodingKey::from_jwk(key).ok()?, &validation);
    decoded.ok().map(|token| token.claims)
}

#[tokio::test]
async fn code_becomes_tokens_that_name_the_person() {
    let stand_ins = public();
    let issuer = stand_ins.issuer();
    let asked = authorize(&stand_ins, &[("audience", "another-api")]);
    let back = issuer.sign_in(&asked, Role::Reviewer).unwrap();
    let code = parameter(&back, "code").unwrap();
    let (status, tokens) = exchange(&stand_ins, &code, &[]).await;
    assert_eq!((status, &tokens["token_type"]), (200, &json!("Bearer")));
    let keys = keys(&stand_ins).await;
    let id_token = tokens["id_token"].as_str().unwrap();
    let claims = verified(id_token, &keys, "console", issuer.url()).unwrap();
    assert_eq!(claims["sub"], "noor");
    assert_eq!(claims["name"], "Noor Vandersteen");
    assert_eq!(claims["email"], "noor@partners.example");
    assert_eq!(claims["roles"], json!(["reviewer"]));
    assert_eq!(claims["nonce"], "a nonce");
    let access = tokens["access_token"].as_str().unwrap();
    assert!(verified(access, &keys, "console", issuer.url()).is_none());
    let claims = verified(access, &keys, "another-api", issuer.url()).unwrap();
    assert_eq!(
        (&claims["sub"], &claims["client_id"]),
        (&json!("noor"), &json!("console"))
    );
}

#[tokio::test]
async fn only_good_tokens_pass_a_careful_check() {
    let stand_ins = public();
    let issuer = stand_ins.issuer();
    let keys = keys(&stand_ins).await;
    let passes = |request: TokenRequest| {
        let token = issuer.access_token(&request).unwrap();
        verified(&token, &keys, "outreach-api", issuer.url()).is_some()
    };
    let good = || TokenRequest::of(Role::Admin);
    assert!(passes(good()));
    assert!(passes(good().signed_by(SignedBy::Previous)));
    assert!(passes(good().signed_by(SignedBy::Rsa)));
    for key in [
        SignedBy::Unpublished,
        SignedBy::Forged,
        SignedBy::PublicKeyAsSecret,
        SignedBy::Nothing,
    ] {
        assert!(!passes(good().signed_by(key)), "{key:?}");
    }
    for request in [
        good().audience("another-api"),
        good().issuer("https://issuer.example"),
        good().lifetime_seconds(-61),
        good().claim("sub", Value::Null),
        good().claim("nbf", json!(32_503_680_000_u64)),
    ] {
        assert!(!passes(request.clone()), "{request:?}");
    }
    let unsigned = issuer.access_token(&good().signed_by(SignedBy::Nothing));
    assert!(unsigned.unwrap().ends_with('.'));
}

#[tokio::test]
async fn rotated_key_stays_published_once() {
    let stand_ins = public();
    let issuer = stand_ins.issuer();
    let token = issuer
        .access_token(&TokenRequest::of(Role::Viewer))
        .unwrap();
    let id = decode_header(&token).unwrap().kid.unwrap();
    for is_published in [true, true, false] {
        assert_eq!(keys(&stand_ins).await.find(&id).is_some(), is_published);
        issuer.rotate();
    }
    assert_eq!(keys(&stand_ins).await.keys.len(), 3);
}

#[tokio::test]
async fn same_seed_has_the_same_keys() {
    assert_eq!(keys(&public()).await, keys(&public()).await);
}

#[tokio::test]
async fn issuer_is_changed_over_http() {
    let stand_ins = public();
    let base = format!("{}/issuer", stand_ins.control_base());
    let post = async |url: String, body: Value| {
        let answer = client().post(url).json(&body).send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let change = async |body: Value| post(base.clone(), body).await.0;
    let token = async || {
        let asked = json!({ "role": "operator", "claims": { "roles": "operator" } });
        let (status, answer) = post(format!("{base}/token"), asked).await;
        assert_eq!(status, 200);
        answer["access_token"].as_str().unwrap().to_owned()
    };
    let issuer = stand_ins.issuer().url();
    let before = keys(&stand_ins).await;
    let claims = verified(&token().await, &before, "outreach-api", issuer).unwrap();
    assert_eq!(
        (&claims["sub"], &claims["roles"]),
        (&json!("mara"), &json!("operator"))
    );

    assert_eq!(
        change(json!({ "rotate": true, "advance_seconds": 90 })).await,
        200
    );
    assert!(verified(&token().await, &before, "outreach-api", issuer).is_none());
    let now = keys(&stand_ins).await;
    assert!(verified(&token().await, &now, "outreach-api", issuer).is_some());

    let wrong = json!({ "id_tokens": { "claims": { "nonce": "another" } } });
    assert_eq!(change(wrong).await, 200);
    let back = stand_ins
        .issuer()
        .sign_in(&authorize(&stand_ins, &[]), Role::Admin);
    let code = parameter(&back.unwrap(), "code").unwrap();
    let tokens = exchange(&stand_ins, &code, &[]).await.1;
    let claims = verified(
        tokens["id_token"].as_str().unwrap(),
        &now,
        "console",
        issuer,
    );
    assert_eq!(claims.unwrap()["nonce"], "another");

    let stats = get(&base).await.1;
    assert_eq!((&stats["keys"], &stats["token"]), (&json!(2), &json!(1)));
    assert_eq!(change(json!({ "away": true })).await, 200);
    let keys_url = format!("{issuer}/keys");
    assert_eq!(client().get(&keys_url).send().await.unwrap().status(), 503);
    stand_ins.reset();
    assert_eq!(keys(&stand_ins).await, before);
    assert_eq!(change(json!({ "signed_by": "nobody" })).await, 400);
}
