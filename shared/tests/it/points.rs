//! The list of fault points is the list of what stands in the code.

use std::{fs, path::Path};

use shared::faults::POINTS;

#[test]
fn the_points_of_the_code_are_those_of_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found: Vec<String> = Vec::new();
    let mut folders = vec![root.join("functions")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                for point in text.split("faults::at(\"").skip(1) {
                    let point = point.split('"').next().unwrap();
                    let function = point.split('.').next().unwrap();
                    let own = root.join("functions").join(function);
                    assert!(
                        path.starts_with(own),
                        "{point} stands in {}",
                        path.display()
                    );
                    found.push(point.to_owned());
                }
            }
        }
    }
    found.sort_unstable();
    let mut listed = POINTS.to_vec();
    listed.sort_unstable();
    assert_eq!(found, listed, "each once, and none without the other");
}
