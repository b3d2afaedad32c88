//! Lists as files bring them: packed, as JSON, as a well-known service exports them.

use flate2::{Compression, write::GzEncoder};

use super::*;

fn packed(content: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}

/// What is refused, and why it is.
fn refused(content: &[u8]) -> Vec<(u64, String)> {
    let rows = read(content).into_iter();
    rows.filter_map(|(line, profile)| Some((line, profile.err()?.to_string())))
        .collect()
}

#[track_caller]
fn unreadable(content: &[u8], why: &str) {
    let error = open(content, &Params::default(), &json!({})).unwrap_err();
    assert!(error.to_string().contains(why), "{error}");
}

const CSV: &str = "username,name,email,followers,bio\n\
    ana,Ana,ana@example.org,1200,\"Runs,\nand writes\"\n\
    bo,Bo,,7,\n\
    cy,,cy@example.org,,Hikes\n";
const RECORDS: [&str; 3] = [
    r#"{"username":"ana","name":"Ana","email":"ana@example.org","followers":1200,"bio":"Runs,\nand writes"}"#,
    r#"{"username":"bo","name":"Bo","email":null,"followers":"7"}"#,
    r#"{"bio":"Hikes","username":"cy","email":"cy@example.org"}"#,
];

#[test]
fn formats_of_one_list_give_the_same_leads() {
    let expected = leads(CSV.as_bytes()).leads;
    assert_eq!(expected.len(), 3);
    let array = format!("[{}]", RECORDS.join(","));
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&array).unwrap());
    let pretty = pretty.unwrap();
    for content in [
        RECORDS.join("\n"),
        format!("\u{FEFF}{}\r\n", RECORDS.join("\r\n")),
        format!("\n{}\n\n", RECORDS.join("\n\n")),
        array.clone(),
        format!("\u{FEFF} {pretty}\n"),
        format!("{{\"data\":{array},\"total\":3}}"),
        format!("{{\n  \"paging\": {{\"next\": [1]}},\n  \"results\": {pretty}\n}}"),
    ] {
        for bytes in [content.as_bytes().to_vec(), packed(content.as_bytes())] {
            assert_eq!(leads(&bytes).leads, expected, "{content}");
        }
    }
    assert_eq!(leads(&packed(CSV.as_bytes())).leads, expected);
    let (_, report) = read_with(array.as_bytes(), &Params::default());
    assert_eq!(
        (report.delimiter.as_str(), report.encoding.as_str()),
        ("", "UTF-8")
    );
    assert_eq!(report.columns.used["email"], "email");
}

#[test]
fn packed_twice_is_one_list() {
    let (first, second) = CSV.split_at(60);
    let both = [packed(first.as_bytes()), packed(second.as_bytes())].concat();
    assert_eq!(leads(&both).leads, leads(CSV.as_bytes()).leads);
}

#[test]
fn broken_record_is_named_and_others_go_on() {
    let lines = [RECORDS[0], "{\"username\":\"b", "[1]", RECORDS[2], "{}"];
    let content = lines.join("\n");
    assert_eq!(leads(content.as_bytes()).leads.len(), 2);
    assert_eq!(
        refused(content.as_bytes()),
        [
            (2, "it is no valid JSON".to_owned()),
            (3, "it is JSON, but no object with fields".to_owned())
        ]
    );
    // Also where the first is broken.
    for start in [
        "{\"username\":\"b",
        "{\"username\":\"b\",",
        "{\"username\":",
    ] {
        let content = [start, RECORDS[2]].join("\n");
        assert_eq!(leads(content.as_bytes()).leads.len(), 1, "{start}");
    }
    let content = ["{\"username\":\"b", "{\"username\":\"c", RECORDS[2]].join("\n");
    assert_eq!(leads(content.as_bytes()).leads.len(), 1);
    // One that is too large.
    let large = format!(
        "{{\"username\":\"b\",\"bio\":\"{}\"}}",
        "a".repeat(2 * 1024 * 1024)
    );
    let content = [RECORDS[0], &large, RECORDS[2]].join("\n");
    assert_eq!(leads(content.as_bytes()).leads.len(), 2);
    assert_eq!(
        refused(content.as_bytes()),
        [(2, "it is larger than 1 MiB".to_owned())]
    );
    let content = [&large, RECORDS[0]].join("\n");
    assert_eq!(leads(content.as_bytes()).leads.len(), 1);
    // Fields, but none that says who it is.
    let content = [RECORDS[0], r#"{"user":{"email":"x@example.com"}}"#].join("\n");
    assert_eq!(leads(content.as_bytes()).bad.len(), 1);
}

/// Somebody who has a list of others is one person, and they are not taken for records.
#[test]
fn list_within_a_person_is_left_alone() {
    let ana =
        r#"{"username":"ana","email":"ana@example.org","contacts":[{"email":"bo@example.org"}]}"#;
    for content in [
        ana.to_owned(),
        [ana, RECORDS[2]].join("\n"),
        [RECORDS[2], ana].join("\n"),
    ] {
        let found = summary(&leads(content.as_bytes()));
        assert!(
            found.contains(&"csv/ana ana@example.org".to_owned()),
            "{found:?}"
        );
        assert!(!found.iter().any(|lead| lead.contains("bo@")), "{found:?}");
    }
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(ana).unwrap());
    unreadable(pretty.unwrap().as_bytes(), "one record and no list");
    // Words before the records are none of them.
    let content = r#"{"value":["a","b"],"items":[{"username":"ana"}]}"#;
    let rows = read(content.as_bytes());
    assert!(
        rows.len() == 1 && rows[0].0 == 1 && rows[0].1.is_ok(),
        "{rows:?}"
    );
    assert!(read(b"[]").is_empty() && read(b"{\"data\":[]}").is_empty());
    let content = r#"{"contacts":[],"people":[{"username":"ana"}]}"#;
    assert_eq!(leads(content.as_bytes()).leads.len(), 1);
    let content = "{\"data\":[\n{\"username\":\"ana\"}\n,{\"username\":\"bo\"}\n]}";
    assert_eq!(leads(content.as_bytes()).leads.len(), 2);
}

/// A record may lack the fields that tell whose export it is.
#[test]
fn export_is_that_of_the_whole_list() {
    let lines = [
        r#"{"email":"ana@fit.example","personLinkedinUrl":"https://www.linkedin.com/in/ana","companyLinkedinUrl":"https://www.linkedin.com/company/fit","twitterUrl":"https://twitter.com/fit"}"#,
        r#"{"email":"bo@fit.example","twitterUrl":"https://twitter.com/fit"}"#,
        r#"{"email":"cy@fit.example","twitterUrl":"https://twitter.com/fit"}"#,
    ];
    let found = summary(&leads(lines.join("\n").as_bytes()));
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found.iter().all(|lead| !lead.starts_with("x/")),
        "{found:?}"
    );
}

/// What tells of opt-outs in a header may as well be a value.
#[test]
fn opt_out_words_do_not_make_a_header() {
    let content =
        "username,name,status\ntwitter,Twitter,Unsubscribed\nana,Ana Silva,active\nbo,Bo,lead\n";
    let found = summary(&leads(content.as_bytes()));
    assert_eq!(found, ["csv/ana -", "csv/bo -"]);
    assert_eq!(refused(content.as_bytes()).len(), 1);
    let content = "username,name,email,followers,Unsubscribed\nana,Ana,ana@example.org,5210,no\n\n\
        Week,New followers,Reach,,Notes\n2026-W07,12,1400,,\n";
    assert_eq!(summary(&leads(content.as_bytes())).len(), 1);
}

#[test]
fn fields_that_come_late_are_read() {
    let mut lines: Vec<String> = (0..1_200)
        .map(|n| format!("{{\"username\":\"runner{n}\"}}"))
        .collect();
    lines.push("{\"username\":\"last\",\"email\":\"last@example.org\",\"shoe\":42}".to_owned());
    let content = lines.join("\n");
    let (rows, report) = read_with(content.as_bytes(), &Params::default());
    let last = rows.last().unwrap().profile.as_ref().unwrap();
    assert_eq!(last.email.as_deref(), Some("last@example.org"));
    assert_eq!(report.columns.ignored, ["shoe"]);
}

#[test]
fn list_that_cannot_be_read_says_why() {
    unreadable(b"[{\"username\":\"ana\"},{\"username\":]", "no valid JSON");
    unreadable(b"[{\"username\":\"ana\"}", "no valid JSON");
    unreadable(
        b"{\"data\":[{\"email\":\"a@example.org\"}],\n\"items\":[{\"email\":\"b@example.org\"}]}",
        "several lists, data and items",
    );
    unreadable(
        b"{\n\"next\":null,\n\"related\":[{\"username\":\"bo\"}]\n}",
        "no list of records",
    );
    unreadable(b"\xFF\xFE[\0{\0", "UTF-16");
    unreadable(&packed(&packed(CSV.as_bytes())), "packed twice");
    unreadable(b"[{\"colour\":\"red\"}]", "nothing names a column");
    let whole = packed(CSV.repeat(100).as_bytes());
    unreadable(&whole[..whole.len() / 2], "cannot be unpacked");
    let endless = format!("[{{\"username\":\"{}\"}}]", "a".repeat(2 * 1024 * 1024));
    unreadable(endless.as_bytes(), "larger than 1 MiB");
}

/// The beginning of a large list, cut anywhere, is read up to its last whole row.
#[test]
fn beginning_ends_with_a_whole_row() {
    let array = format!("[{}]", RECORDS.join(",\n"));
    let csv = "username,name\nana,Ana\nbo,Bo\ncy,Cy\n";
    let lines = RECORDS.join("\n");
    for content in [array.as_str(), csv, lines.as_str()] {
        for cut in [content.len() - 3, content.len() - 2] {
            let cut = &content.as_bytes()[..cut];
            let mut list = List::open_beginning(file(cut), true, &Params::default()).unwrap();
            let page = list.next_page().unwrap();
            assert!(page.last && page.rows.len() == 2, "{content}: {page:?}");
            assert!(page.rows.iter().all(|row| row.profile.is_ok()), "{page:?}");
        }
    }
    let whole = packed(csv.repeat(500).as_bytes());
    let cut = file(&whole[..whole.len() - 9]);
    let mut list = List::open_beginning(cut, true, &Params::default()).unwrap();
    assert!(list.next_page().unwrap().rows.len() > 100 && list.is_cut());
    // Of one that is packed small, some MiB are unpacked.
    let long = format!("username,name\n{}", "ana,Ana\n".repeat(2_000_000));
    let small = packed(long.as_bytes());
    assert!(small.len() < 1024 * 1024);
    let list = List::open_beginning(file(&small), false, &Params::default()).unwrap();
    assert!(list.is_cut());
    // What is there whole ends without a line break, and nothing is missing.
    for content in [
        array.as_bytes().to_vec(),
        packed(array.as_bytes()),
        b"username\nana\nbo\ncy".to_vec(),
    ] {
        let mut list = List::open_beginning(file(&content), false, &Params::default()).unwrap();
        assert!(!list.is_cut());
        assert_eq!(list.next_page().unwrap().rows.len(), 3);
    }
}

#[test]
fn list_is_gone_on_with_where_it_was_left() {
    // Not each has every field, and one has the columns of an export.
    let record = |n: usize| {
        match n {
        700 => r#"{"username":"seven","personLinkedinUrl":"","companyLinkedinUrl":"","website":"https://fit.example"}"#.to_owned(),
        n if n % 3 == 0 => format!("{{\"username\":\"runner{n}\",\"website\":\"https://runner{n}.example\"}}"),
        n => format!("{{\"bio\":\"line\\nline {n}\",\"username\":\"runner{n}\"}}"),
    }
    };
    let records: Vec<String> = (0..1_203).map(record).collect();
    let lines = records.join("\n");
    let array = format!("{{\"items\":[\n{}\n]}}", records.join(",\n"));
    for content in [
        lines.as_bytes().to_vec(),
        array.into_bytes(),
        packed(lines.as_bytes()),
    ] {
        let params = Params::default();
        let (whole, _) = read_with(&content, &params);
        let (mut rows, mut cursor, mut last) = (Vec::new(), json!({}), false);
        while !last {
            let mut list = open(&content, &params, &cursor).unwrap();
            let page = list.next_page().unwrap();
            rows.extend(page.rows);
            (cursor, last) = (page.cursor, page.last);
        }
        assert_eq!(rows.len(), 1_203);
        assert_eq!(format!("{rows:?}"), format!("{whole:?}"));
    }
}

#[test]
fn known_exports_are_read_by_their_columns() {
    for (name, content, expected) in [
        (
            "PhantomBuster, search on LinkedIn",
            "linkedinProfileUrl,fullName,firstName,lastName,headline,jobTitle,company,location,query,timestamp\n\
             https://www.linkedin.com/in/ana-fit/,Ana Fit,Ana,Fit,Coach,Coach,Fit Ltd,Lisbon,coach,2026-01-05\n",
            "linkedin/ana-fit - | Ana Fit | - | Coach | Lisbon",
        ),
        (
            "PhantomBuster, followers on X",
            "profileUrl,screenName,name,bio,location,website,userId,followersCount,certified,query\n\
             https://x.com/ana_runs,ana_runs,Ana,Runs,Lisbon,https://ana.example,771234567,\"15,2K\",true,x\n",
            "x/ana_runs 771234567 | Ana | - | Runs | Lisbon",
        ),
        (
            "PhantomBuster, posts of Instagram",
            "profileUrl,profileName,ownerId,postUrl,description,pubDate,location,query\n\
             https://www.instagram.com/ana.fit,ana.fit,7712345,https://www.instagram.com/p/1/,write to shop@example.com,2026,Rome,#run\n",
            "instagram/ana.fit 7712345 | - | - | - | -",
        ),
        (
            "PhantomBuster, groups of Facebook",
            "profileUrl,uid,name,firstName,lastName,groupName,groupUrl\n\
             https://www.facebook.com/ana.runs,100012345678,Ana,Ana,Runs,Trails,https://www.facebook.com/groups/trails\n",
            "facebook/ana.runs 100012345678 | Ana | - | - | -",
        ),
        (
            "LinkedIn, connections",
            "Notes:\n\"When exporting, some addresses are missing\"\n\n\
             First Name,Last Name,URL,Email Address,Company,Position,Connected On\n\
             Ana,Silva,https://www.linkedin.com/in/ana-silva,ana@example.org,Fit Ltd,Coach,05 Jan 2026\n",
            "linkedin/ana-silva - | Ana Silva | ana@example.org | Coach | -",
        ),
        (
            "Apify, profiles of Instagram",
            r#"[{"id":"7712345","username":"ana.fit","url":"https://www.instagram.com/ana.fit","fullName":"Ana","biography":"Runs","externalUrl":"https://ana.example","followersCount":1200,"private":false,"verified":false}]"#,
            "instagram/ana.fit 7712345 | Ana | - | Runs | -",
        ),
        (
            "Apify, pages of Facebook",
            r#"[{"facebookUrl":"https://www.facebook.com/anaruns","pageId":"100012345678","pageName":"anaruns","title":"Ana Runs","intro":"Trails","email":"ana@example.org","website":"ana.example","followers":900,"likes":800}]"#,
            "facebook/anaruns 100012345678 | Ana Runs | ana@example.org | Trails | -",
        ),
        (
            "Apify, posts of X",
            r#"[{"id":"1900000000000000001","url":"https://x.com/ana_runs/status/1900000000000000001","text":"hi","author":{"id":"771234567","userName":"ana_runs","name":"Ana","url":"https://x.com/ana_runs","description":"Runs","followers":1200}}]"#,
            "x/ana_runs 771234567 | Ana | - | Runs | -",
        ),
        (
            "HubSpot, contacts",
            "Record ID,First Name,Last Name,Email,Phone Number,Country/Region,Website URL,Job Title,Unsubscribed from all email\n\
             101,Ana,Silva,ana@example.org,,Portugal,ana.example,Coach,No\n",
            "csv/mail - | Ana Silva | ana@example.org | Coach | -",
        ),
        (
            "Mailchimp, audience",
            "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,CC,REGION,LEID,EUID,NOTES,TAGS\n\
             ana@example.org,Ana,Silva,2,2025-01-05 10:00:00,PT,11,123456,abc,,\n",
            "csv/mail - | Ana Silva | ana@example.org | - | -",
        ),
        (
            "HubSpot, answer of the API",
            r#"{"results":[{"id":"101","properties":{"email":"ana@example.org","firstname":"Ana","lastname":"Silva","hs_email_optout":null}}],"paging":{}}"#,
            "csv/mail - | Ana Silva | ana@example.org | - | -",
        ),
        (
            "Facebook, answers to an advertisement",
            "Page ID,Page Name,Form Name,Full Name,Email\n\
             100012345678,Trail Runs,Spring,Ana Silva,ana@example.org\n",
            "csv/mail - | Ana Silva | ana@example.org | - | -",
        ),
        (
            "Apollo, contacts",
            "First Name,Last Name,Title,Company,Email,Email Status,Website,Person Linkedin Url,Company Linkedin Url,Facebook Url,Twitter Url,City,Country\n\
             Ana,Silva,Coach,Fit Ltd,ana@example.org,Verified,fit.example,,https://www.linkedin.com/company/fit,https://www.facebook.com/fit,https://twitter.com/fit,Porto,Portugal\n",
            "csv/mail - | Ana Silva | ana@example.org | Coach | Porto",
        ),
    ] {
        let batch = leads(content.as_bytes());
        let [lead] = &batch.leads[..] else {
            panic!("{name}: {batch:?}");
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let email = lead
            .email
            .as_ref()
            .map(|(address, _)| address.as_str().to_owned());
        let username = match lead.username.strip_prefix("mail-") {
            Some(_) => "mail",
            None => &lead.username,
        };
        let id = match lead.external_id.starts_with('@') || username == "mail" {
            true => "-",
            false => &lead.external_id,
        };
        let fields = [&lead.name, &email, &lead.bio, &lead.location].map(text);
        let found = format!("{}/{username} {id} | {}", lead.platform, fields.join(" | "));
        assert_eq!(found, expected, "{name}");
    }
    let (_, report) = read_with(
        b"Person Linkedin Url,Company Linkedin Url,Website,Email\n,,fit.example,a@example.org\n",
        &Params::default(),
    );
    assert_eq!(report.export.as_deref(), Some("Apollo"));
    assert!(report.columns.ignored.contains(&"Website".to_owned()));
}

#[test]
fn country_of_an_audience_is_a_country() {
    let content = "Email Address,CC,LEID,EUID\nana@example.org,PT,1,a\n";
    let batch = leads(content.as_bytes());
    assert_eq!(batch.leads[0].country.unwrap().to_string(), "PT");
}

#[test]
fn who_opted_out_elsewhere_is_refused() {
    let content = "email,UNSUB_TIME,Do not contact\n\
        ana@example.org,2025-11-02 08:00:00,\n\
        bo@example.org,,yes\n\
        cy@example.org,,no\n\
        di@example.org,-,false\n\
        ed@example.org,,maybe\n";
    let batch = leads(content.as_bytes());
    let found = summary(&batch);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].ends_with("cy@example.org") && found[1].ends_with("di@example.org"));
    assert_eq!(
        refused(content.as_bytes()),
        [
            (
                2,
                "UNSUB_TIME says that this person wants no mail".to_owned()
            ),
            (
                3,
                "Do not contact says that this person wants no mail".to_owned()
            ),
            (
                6,
                "Do not contact says that this person wants no mail".to_owned()
            ),
        ]
    );
    let apollo = r#"{"email":"ana@fit.example","personLinkedinUrl":"","companyLinkedinUrl":"","stage":"Do Not Contact"}"#;
    assert_eq!(refused(apollo.as_bytes()).len(), 1);
    let mapped = Params {
        columns: BTreeMap::from([("Status".to_owned(), "opt_out".to_owned())]),
        ..Params::default()
    };
    let (rows, report) = read_with(b"email,Status\nana@example.org,gone\n", &mapped);
    assert!(rows[0].profile.is_err());
    assert_eq!(report.columns.used["Status"], "opt_out");
}
