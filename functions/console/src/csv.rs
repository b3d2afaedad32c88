//! Tables as files for a spreadsheet.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};

/// A line. Every cell is quoted; one that a spreadsheet would take for a formula begins with an apostrophe.
pub(crate) fn line(cells: &[impl AsRef<str>]) -> String {
    let cell = |cell: &str| {
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
        let mark = if formula { "'" } else { "" };
        format!("\"{mark}{}\"", cell.replace('"', "\"\""))
    };
    let cells: Vec<String> = cells.iter().map(|text| cell(text.as_ref())).collect();
    cells.join(",") + "\r\n"
}

/// Lines as a file that a browser stores: `audit` as `audit.csv`.
pub(crate) fn file(name: &'static str, lines: String) -> Response {
    let mut response = lines.into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    // The name is ours and plain.
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.csv\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        let cells = [
            "a\"b",
            "=1+1",
            "-2",
            "@x",
            "\tx",
            "plain, with comma\nand line",
        ];
        assert_eq!(
            line(&cells),
            "\"a\"\"b\",\"'=1+1\",\"'-2\",\"'@x\",\"'\tx\",\"plain, with comma\nand line\"\r\n"
        );
    }
}
