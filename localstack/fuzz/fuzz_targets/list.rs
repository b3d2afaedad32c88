//! Any bytes as a list: it ends, and every row of it is a lead, a duplicate or a refused row.
#![no_main]

use std::io::{Seek as _, Write as _};

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use shared::{
    domain::{email::HashKey, intake::normalise, lead::Origin},
    lists::{List, Params},
};

fuzz_target!(|content: &[u8]| {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file.rewind().unwrap();
    let Ok(mut list) = List::open(file, "1".to_owned(), &Params::default(), &json!({})) else {
        return;
    };
    let key = HashKey::new(vec![7; 32]).unwrap();
    let mut rows = 0;
    loop {
        let page = list.next_page().unwrap();
        let read = page.rows.len();
        let batch = normalise(page.rows, &key, Origin::List);
        let sum = batch.leads.len() + batch.bad.len() + batch.duplicates;
        assert_eq!(sum, read, "leads, refused rows and duplicates are all rows");
        rows += read;
        if page.last {
            break;
        }
    }
    assert_eq!(list.report().rows, rows, "the report counts every row");
});
