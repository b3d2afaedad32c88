//! What holds for any bytes.

use proptest::prelude::*;

use super::*;

/// A cell of a person that names its owner, so that a cell on another's row is noticed.
fn person(n: usize) -> [String; 4] {
    [
        format!("user{n}x"),
        format!("Name{n}x"),
        format!("mail{n}x@example.org"),
        format!("Bio{n}x"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_give_a_report_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), header in any::<bool>()) {
        let mut content = if header { b"username,name,email,bio\n".to_vec() } else { Vec::new() };
        content.extend(bytes);
        if let Ok(mut list) = open(&content, &Params::default(), &json!({})) {
            let mut rows = 0;
            loop {
                let page = list.next_page().unwrap();
                rows += page.rows.len();
                if page.last {
                    break;
                }
            }
            prop_assert_eq!(rows, list.report().rows);
        }
    }

    /// However quotes, breaks and delimiters are broken: a stored lead has its own fields or none.
    #[test]
    fn nobodys_field_is_on_anothers_row(
        people in 1..8_usize,
        breaks in prop::collection::vec((any::<prop::sample::Index>(), "[\",\n\r ;]{1,2}"), 0..4),
    ) {
        let mut content = String::from("username,name,email,bio\n");
        for n in 0..people {
            content.push_str(&person(n).join(","));
            content.push('\n');
        }
        let start = content.find('\n').unwrap() + 1;
        for (at, inserted) in breaks {
            content.insert_str(start + at.index(content.len() - start), &inserted);
        }
        let batch = leads(content.as_bytes());
        for lead in &batch.leads {
            let owner = |text: &str| -> Option<usize> {
                let digits: String = text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
                digits.parse().ok()
            };
            let Some(of) = owner(&lead.username).filter(|_| !lead.username.starts_with("mail-")) else { continue };
            let email = lead.email.as_ref().map(|(address, _)| address.as_str().to_owned());
            for text in [&lead.name, &email, &lead.bio].into_iter().flatten() {
                if let Some(other) = owner(text) {
                    prop_assert_eq!(other, of, "{}\n{:?}", content, lead);
                }
            }
        }
    }

    #[test]
    fn pages_add_up_to_the_whole_list(rows in prop::collection::vec("[a-z]{1,6}(,|,\"x\n,y\")?", 1..40), wide in any::<bool>()) {
        let text = format!("username,bio\n{}\n", rows.join("\n"));
        let content: Vec<u8> = match wide {
            true => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            false => text.into_bytes(),
        };
        let params = if wide { Params { encoding: Some("utf-16be".to_owned()), ..Params::default() } } else { Params::default() };
        let (whole, report) = read_with(&content, &params);
        prop_assert_eq!(whole.len(), report.rows);
    }
}

/// Records of JSON as services write them: not each has every field.
fn records() -> impl Strategy<Value = Vec<Value>> {
    let field = || prop::option::of("\\PC{0,12}");
    let record = (
        prop::option::of("[a-z]{3,9}"),
        field(),
        field(),
        any::<bool>(),
    );
    let record = record.prop_map(|(username, name, bio, out)| {
        let mut record = json!({"username": username, "unsubscribed": out});
        for (field, text) in [("name", name), ("bio", bio)] {
            if let Some(text) = text {
                record[field] = json!(text);
            }
        }
        record
    });
    prop::collection::vec(record, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn json_reads_the_same_in_any_layout(records in records(), pretty in any::<bool>()) {
        let lines: Vec<String> = records.iter().map(Value::to_string).collect();
        let array = if pretty { serde_json::to_string_pretty(&records).unwrap() } else { json!(records).to_string() };
        let (lines, array) = (lines.join("\n"), array);
        let (of_lines, of_array) = (open(lines.as_bytes(), &Params::default(), &json!({})), open(array.as_bytes(), &Params::default(), &json!({})));
        prop_assert_eq!(of_lines.is_ok(), of_array.is_ok());
        if of_lines.is_ok() {
            prop_assert_eq!(format!("{:?}", read(lines.as_bytes())), format!("{:?}", read(array.as_bytes())));
        }
    }

    #[test]
    fn damaged_json_is_read_or_refused(records in records(), pretty in any::<bool>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut content = if pretty { serde_json::to_vec_pretty(&records).unwrap() } else {
            records.iter().map(Value::to_string).collect::<Vec<_>>().join("\n").into_bytes()
        };
        let at = at.index(content.len());
        content[at] = byte;
        if let Ok(mut list) = open(&content, &Params::default(), &json!({})) {
            while !list.next_page().unwrap().last {}
        }
    }
}
