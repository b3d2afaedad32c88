use super::*;
use crate::domain::lead::Platform;

#[test]
fn unknown_word_names_table_row_and_column() {
    let read = |word| known::<Platform>(word, "leads", 7, "source");
    assert_eq!(read("instagram").unwrap(), Platform::Instagram);
    let error = read("myspace").unwrap_err().to_string();
    for part in ["leads", "source", "7"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(!error.contains("myspace"), "{error}");
}

#[test]
fn connect_options_refuse_unverified_servers_elsewhere() {
    let check = |url: &str| connect_options(&Secret::new(url.to_owned())).is_ok();
    for url in [
        "postgres://app@localhost/outreach",
        "postgres://app@127.0.0.1:5433/outreach?sslmode=disable",
        "postgres://app@[::1]/outreach",
        "postgres://app@localhost/outreach?host=/var/run/postgresql",
        "postgres://app@db.example.com/outreach?sslmode=verify-full",
    ] {
        assert!(check(url), "{url}");
    }
    for mode in [
        "",
        "?sslmode=prefer",
        "?sslmode=require",
        "?sslmode=verify-ca",
    ] {
        let url = format!("postgres://app:secret@db.example.com/outreach{mode}");
        let error = connect_options(&Secret::new(url)).unwrap_err();
        let text = telemetry::chain(&error);
        assert!(
            text.contains("verify-full") && !text.contains("secret"),
            "{text}"
        );
    }
}

#[test]
fn connect_options_bring_authorities_of_rds() {
    let check = |host: &str, more: &str, expected: bool| {
        let url = format!("postgres://app@{host}/outreach?sslmode=verify-full{more}");
        let options = connect_options(&Secret::new(url)).unwrap();
        let given = format!("{options:?}");
        let with = options.ssl_root_cert_from_pem(RDS_AUTHORITIES.to_vec());
        let same = given == format!("{with:?}");
        assert_eq!(same, expected, "{host}{more}");
    };
    check("outreach.abc.eu-west-1.rds.amazonaws.com", "", true);
    check(
        "outreach.abc.eu-west-1.rds.amazonaws.com",
        "&sslrootcert=own.pem",
        false,
    );
    check("rds.amazonaws.com.example.com", "", false);
    check("db.example.com", "", false);
}
