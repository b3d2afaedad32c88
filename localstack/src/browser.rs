//! Our pages as link scanners and as people open them, through the function's own URL: every link of every
//! mail is opened, which changes nothing, and one button is pressed, which does.

mod chromium;
mod day;
mod proof;
mod walk;

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result, bail, ensure};
use aws_config::SdkConfig;
use reqwest::{Client, Method, StatusCode, redirect};
use shared::db::{self, PgConnection, recipients};
use shared::domain::ids::SendId;
use url::Url;

use crate::mail::ledger::{self, Mail};
use crate::session::Session;
use crate::settings::{STACK, Settings};
use crate::{aws, migrate, output, up};

pub use chromium::Chromium;
pub use walk::{Target, Walk};

/// Opens every link, presses one button, and checks the database.
pub(crate) async fn run(session: &Session) -> Result<()> {
    let settings = &session.settings;
    session.join().await?;
    let _alone = session.alone().await?;
    let python = up::prepare(settings).await?;
    let Some(chromium) = Chromium::prepare(settings, &python).await? else {
        output::warning("there is no headless Chromium for this processor: nothing was opened");
        return Ok(());
    };
    proof::run(&chromium).await?;
    let web = address(&aws::config(&settings.paths)).await?;
    let pages = Pages::of(settings, &web)?;
    let pool = migrate::marked(&settings.database_url()).await?;
    let mut conn = db::acquire(&pool).await?;

    let before = recipients::count_suppressed(&mut conn).await?;
    pages.scan().await?;
    let wrong = web.join("u/wrong")?;
    let privacy = web.join("privacy")?;
    let shown = pages.buttons.first().map_or(&wrong, |(_, link)| link);
    let version = chromium.look(&[shown, &privacy, &wrong]).await?;
    let after = recipients::count_suppressed(&mut conn).await?;
    ensure!(
        after == before,
        "opening links unsubscribed {} mailboxes",
        after - before
    );
    output::step(
        "Opened",
        format_args!(
            "{} links of {} mails: no recipient is unsubscribed",
            pages.links.len(),
            pages.buttons.len()
        ),
    );

    let (send, link) = pages.first_open(&mut conn).await?;
    chromium.press(link).await?;
    chromium.look(&[link]).await?;
    let now = recipients::count_suppressed(&mut conn).await?;
    let reason = recipients::suppression_of(&mut conn, send).await?;
    ensure!(
        now == before + 1 && reason.as_deref() == Some("unsubscribed"),
        "after the button, {} mailboxes more are suppressed; this one: {reason:?}",
        now - before
    );
    output::step(
        "Pressed",
        format_args!(
            "the button of send {send} in {version}: its mailbox, and no other, is unsubscribed"
        ),
    );
    drop(conn);
    day::run(&chromium, settings, &aws::config(&settings.paths)).await
}

/// Where the web function answers.
pub(crate) async fn address(aws: &SdkConfig) -> Result<Url> {
    let asked = aws_sdk_lambda::Client::new(aws)
        .get_function_url_config()
        .function_name(format!("{STACK}-web"))
        .send()
        .await
        .context("could not ask where the web function answers; is the local cloud up?")?;
    Ok(Url::parse(asked.function_url())?)
}

/// What the mails link to.
struct Pages {
    client: Client,
    links: BTreeSet<Url>,
    /// The unsubscribe link of each mail, newest first.
    buttons: Vec<(SendId, Url)>,
}

impl Pages {
    fn of(settings: &Settings, web: &Url) -> Result<Self> {
        let mails = ledger::read(&settings.paths)?;
        // An earlier cloud had another address: nothing answers there any more.
        let ours = |link: &Url| link.origin() == web.origin();
        let links: BTreeSet<Url> = mails.iter().flat_map(links_of).filter(ours).collect();
        let button = |mail: &Mail| {
            let link = links_of(mail).find(|link| ours(link) && link.path().starts_with("/u/"));
            Some((SendId(mail.send?), link?))
        };
        let buttons: Vec<_> = mails.iter().rev().filter_map(button).collect();
        if buttons.is_empty() {
            bail!("no mail links to {web}; `cargo local demo` sends some");
        }
        // Names below `localhost` mean this machine, whatever its resolver answers.
        let host = web.host_str().context("the function's URL has no host")?;
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.paths.localstack_port));
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .resolve(host, here)
            .build()?;
        Ok(Self {
            client,
            links,
            buttons,
        })
    }

    /// Opens every link as scanners do.
    async fn scan(&self) -> Result<()> {
        for link in &self.links {
            for method in [Method::HEAD, Method::GET] {
                let asked = self.client.request(method.clone(), link.clone());
                let status = asked.send().await?.status();
                ensure!(
                    status == StatusCode::OK,
                    "{method} of a link in a mail: {status}"
                );
            }
        }
        Ok(())
    }

    /// The newest mail whose mailbox may still be written to.
    async fn first_open(&self, conn: &mut PgConnection) -> Result<(SendId, &Url)> {
        for (send, link) in &self.buttons {
            if recipients::suppression_of(conn, *send).await?.is_none() {
                return Ok((*send, link));
            }
        }
        bail!(
            "every mailbox that got a mail is suppressed; `cargo local demo` finds others with another --seed"
        )
    }
}

/// Every address in the headers and the text of a mail.
fn links_of(mail: &Mail) -> impl Iterator<Item = Url> {
    let headers = mail.headers.iter().map(|(_, value)| value.as_str());
    headers
        .chain([mail.text.as_str()])
        .flat_map(|text| text.split(|c: char| c.is_whitespace() || "<>,".contains(c)))
        .filter(|word| word.starts_with("http"))
        .filter_map(|word| Url::parse(word).ok())
}
