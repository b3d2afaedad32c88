//! Lists as people got them from other programs.

use super::*;

#[test]
fn padded_rows_and_counts_of_practice_are_read() {
    let padded = leads(fixture!("padded_cells.csv"));
    assert_eq!((padded.leads.len(), padded.bad.len()), (3, 0));
    let counts = leads(fixture!("float_counts.csv"));
    let followers: Vec<_> = counts
        .leads
        .iter()
        .map(|lead| lead.follower_count)
        .collect();
    let expected = [
        15_200, 880, 14_020, -1, 12_300, 3_410, 1_200_000, 600, 45, 46, 1_235,
    ];
    assert_eq!(followers, expected.map(|n| (n >= 0).then_some(n)));
    assert_eq!(counts.leads[7].verified, Some(true));
    assert_eq!(
        (
            counts.unknown[&Field::Followers],
            counts.unknown[&Field::Verified]
        ),
        (1, 2)
    );
}

#[test]
fn identities_of_practice_are_one_each() {
    let batch = leads(fixture!("profile_addresses.csv"));
    let ids: Vec<_> = batch
        .leads
        .iter()
        .map(|lead| format!("{}/{} {}", lead.platform, lead.username, lead.external_id))
        .collect();
    let expected = [
        "facebook/100000000000011 100000000000011",
        "facebook/100000000000012 100000000000012",
        "linkedin/joao-perdiz-000000 @joao-perdiz-000000",
        "linkedin/ines-valdor-000000 @ines-valdor-000000",
        "linkedin/karl-hintze-000000 @karl-hintze-000000",
        "linkedin/peer-lund-000000 @peer-lund-000000",
        "x/nora_wiik @nora_wiik",
        "facebook/100000000000013 100000000000013",
    ];
    assert_eq!(ids, expected);
    assert!(batch.bad.is_empty());
}

#[test]
fn people_known_by_mail_have_no_profile() {
    let batch = leads(fixture!("source_column.csv"));
    assert_eq!((batch.leads.len(), batch.bad.len()), (4, 0));
    for lead in &batch.leads {
        assert!(
            lead.platform == Platform::Csv
                && lead.profile_url.is_none()
                && lead.username.starts_with("mail-")
        );
    }
    let countries: Vec<_> = batch
        .leads
        .iter()
        .map(|lead| lead.country.map(|c| c.to_string()))
        .collect();
    assert_eq!(
        countries,
        [Some("PT"), Some("PL"), None, Some("ES")].map(|c| c.map(str::to_owned))
    );
    assert_eq!(batch.leads[0].name.as_deref(), Some("Mila Ostrand"));
}

#[test]
fn email_cells_of_practice_are_cleaned() {
    let batch = leads(fixture!("email_cells.csv"));
    assert_eq!(batch.bad, []);
    let expected = [
        "csv/mila_runs -",
        "csv/tomasz_k -",
        "csv/joao_bakes joao.perdiz@example.com",
        "csv/ines_v ines.valdor@example.org",
        "csv/karl_h karl.hintze@example.com",
        "csv/nora_w nora.wiik@example.org",
        "csv/peer_l peer.lund@example.net",
        "csv/ana_s -",
        "csv/bo_t -",
        "csv/lea_m -",
        "csv/ugo_p ugo.prat@example.com",
        "csv/eva_d eva.dorn@example.org",
    ];
    assert_eq!(summary(&batch), expected);
    assert_eq!(
        batch.unknown,
        [(Field::Email, 1)].into(),
        "the one that is spelt out"
    );
}

#[test]
fn instagram_export_gives_addresses_and_ids() {
    let params = Params {
        platform: Some("instagram".to_owned()),
        ..Params::default()
    };
    let key = HashKey::new(vec![7; 32]).unwrap();
    let (rows, report) = read_with(fixture!("instagram_contacts.csv"), &params);
    let batch = normalise(rows, &key, Origin::List);
    let addresses = [
        "mila.ostrand@example.org",
        "tomasz.kedra@example.net",
        "joao.perdiz@example.com",
    ];
    for (lead, address) in batch.leads.iter().zip(addresses) {
        assert_eq!(lead.email.as_ref().unwrap().0.as_str(), address);
        assert!(lead.external_id.starts_with("510000000"));
    }
    assert_eq!(
        batch.leads[0].website.as_deref(),
        Some("https://mila.example.org/")
    );
    assert_eq!(report.columns.used["publicEmail"], "email");
    assert_eq!(report.columns.ignored, ["isPrivate"]);
}

#[test]
fn windows_list_with_sep_line_is_decoded() {
    let batch = leads(fixture!("sep_line_windows_1252.csv"));
    assert_eq!(batch.leads[1].name.as_deref(), Some("João Perdiz"));
    assert_eq!((batch.leads.len(), batch.lines.clone()), (3, vec![3, 4, 5]));
}

#[test]
fn ids_that_count_rows_identify_nobody() {
    let list = |rows: &str| format!("id,username,platform,email\n{rows}");
    let batch = leads(list("1,ana,instagram,ana@example.org\n2,bo,instagram,bo@example.org\n51000000003,cy,instagram,\n").as_bytes());
    let ids: Vec<_> = batch
        .leads
        .iter()
        .map(|lead| lead.external_id.as_str())
        .collect();
    assert_eq!(ids, ["@ana", "@bo", "51000000003"]);
    let odd = leads(list("5.1E+10,di,instagram,\n1900000000000000000,ed,x,\n").as_bytes());
    let ids: Vec<_> = odd
        .leads
        .iter()
        .map(|lead| lead.external_id.as_str())
        .collect();
    assert_eq!(ids, ["@di", "@ed"], "rounded numbers are nobody's");
}

#[test]
fn two_people_under_one_name_are_reported() {
    let batch = leads(b"username,name,email\nana,Ana Silva,ana@example.org\nana,Bo Berg,bo@example.org\nana,Ana S.,\n");
    assert_eq!((batch.leads.len(), batch.duplicates), (1, 1));
    assert_eq!(
        (batch.bad[0].line, batch.bad[0].error.clone()),
        (3, RowError::OtherPerson { line: 2 })
    );
}
