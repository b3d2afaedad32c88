//! A walk through pages in the browser, as one person takes it: what is done, and what has to be seen.
//!
//! `localstack/browser/walk.mjs` does the steps, each as soon as the page allows and none before the last has
//! had its effect. A walk ends with an error at the first step that cannot be done, and at whatever a person
//! would stumble over: an error on the browser's console (a policy that forbids what the page wants is one),
//! an exception, a dialog or window that opens, a request to an origin that is not named, an answer of 400 or
//! more that was not announced.

use std::path::{Path, PathBuf};

use serde::Serialize;

/// The steps of one person, in one browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Walk {
    origins: Vec<String>,
    statuses: Vec<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<PathBuf>,
    steps: Vec<Step>,
}

/// The names are those of the functions in `walk.mjs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Go(String),
    Click(Target),
    Fill { target: Target, text: String },
    Select { target: Target, value: String },
    Press(String),
    Upload { target: Target, file: PathBuf },
    Idle(()),
    WriteFile(PathBuf),
    WaitForFile(PathBuf),
    Expect(Words),
    ExpectNot(Words),
    ExpectValue { target: Target, text: String },
    ExpectFocus(Target),
    ExpectUrl(String),
    ExpectCookies(Vec<String>),
    Axe(()),
    Fits(()),
    Screenshot(PathBuf),
    Viewport { width: u32, height: u32 },
    ColourScheme(&'static str),
    Script(bool),
    Tab(String),
    Fresh(()),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Words {
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Target>,
    text: String,
}

/// One visible element. Two that fit are an error: which one is meant would be a guess.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    #[serde(flatten)]
    what: What,
    #[serde(skip_serializing_if = "Option::is_none")]
    within: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum What {
    Role { role: String, name: String },
    Selector { selector: String },
}

impl Target {
    /// By its role and the whole of its name, as somebody hears it who cannot see it.
    pub fn role(role: impl Into<String>, name: impl Into<String>) -> Self {
        let (role, name) = (role.into(), name.into());
        Self::new(What::Role { role, name })
    }

    /// A button by its name; keys that stand on it belong to it.
    pub fn button(name: impl Into<String>) -> Self {
        Self::role("button", name)
    }

    /// A link by its name.
    pub fn link(name: impl Into<String>) -> Self {
        Self::role("link", name)
    }

    /// A field for text by its label.
    pub fn field(label: impl Into<String>) -> Self {
        Self::role("textbox", label)
    }

    /// By a CSS selector, where no name tells it apart.
    pub fn selector(selector: impl Into<String>) -> Self {
        let selector = selector.into();
        Self::new(What::Selector { selector })
    }

    /// Looked for inside of what this CSS selector chooses.
    #[must_use]
    pub fn within(mut self, selector: impl Into<String>) -> Self {
        self.within = Some(selector.into());
        self
    }

    fn new(what: What) -> Self {
        Self { what, within: None }
    }
}

impl Walk {
    /// A walk over pages of these origins; a request to another one ends it.
    pub fn over<S: Into<String>>(origins: impl IntoIterator<Item = S>) -> Self {
        Self {
            origins: origins.into_iter().map(Into::into).collect(),
            statuses: Vec::new(),
            failure: None,
            steps: Vec::new(),
        }
    }

    /// Answers with these statuses are what the walk is about.
    #[must_use]
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.statuses.extend(statuses);
        self
    }

    /// Where the page is drawn at which the walk fails.
    #[must_use]
    pub fn failure(mut self, file: impl Into<PathBuf>) -> Self {
        self.failure = Some(file.into());
        self
    }

    /// Opens an address.
    #[must_use]
    pub fn go(self, url: impl Into<String>) -> Self {
        self.step(Step::Go(url.into()))
    }

    /// Clicks.
    #[must_use]
    pub fn click(self, target: Target) -> Self {
        self.step(Step::Click(target))
    }

    /// Writes over what a field holds.
    #[must_use]
    pub fn fill(self, target: Target, text: impl Into<String>) -> Self {
        let text = text.into();
        self.step(Step::Fill { target, text })
    }

    /// Chooses an option by its value.
    #[must_use]
    pub fn select(self, target: Target, value: impl Into<String>) -> Self {
        let value = value.into();
        self.step(Step::Select { target, value })
    }

    /// Presses a key, such as `a`, `Escape` or `Control+Enter`.
    #[must_use]
    pub fn press(self, keys: impl Into<String>) -> Self {
        self.step(Step::Press(keys.into()))
    }

    /// Gives a file to a field, which may be hidden behind its label.
    #[must_use]
    pub fn upload(self, target: Target, file: impl AsRef<Path>) -> Self {
        let file = file.as_ref().to_owned();
        self.step(Step::Upload { target, file })
    }

    /// Waits until nothing is on its way any more, as every step does after itself.
    #[must_use]
    pub fn idle(self) -> Self {
        self.step(Step::Idle(()))
    }

    /// Writes an empty file, which says how far the walk is.
    #[must_use]
    pub fn write_file(self, file: impl AsRef<Path>) -> Self {
        self.step(Step::WriteFile(file.as_ref().to_owned()))
    }

    /// Waits until a file is there, which says what has happened beside the browser.
    #[must_use]
    pub fn wait_for_file(self, file: impl AsRef<Path>) -> Self {
        self.step(Step::WaitForFile(file.as_ref().to_owned()))
    }

    /// The page comes to show a text.
    #[must_use]
    pub fn expect(self, text: impl Into<String>) -> Self {
        self.step(Step::Expect(Words::anywhere(text)))
    }

    /// An element comes to show a text.
    #[must_use]
    pub fn expect_in(self, target: Target, text: impl Into<String>) -> Self {
        let target = Some(target);
        let text = text.into();
        self.step(Step::Expect(Words { target, text }))
    }

    /// The page does not show a text, or ceases to.
    #[must_use]
    pub fn expect_not(self, text: impl Into<String>) -> Self {
        self.step(Step::ExpectNot(Words::anywhere(text)))
    }

    /// A field holds exactly this.
    #[must_use]
    pub fn expect_value(self, target: Target, text: impl Into<String>) -> Self {
        let text = text.into();
        self.step(Step::ExpectValue { target, text })
    }

    /// The keyboard acts on this.
    #[must_use]
    pub fn expect_focus(self, target: Target) -> Self {
        self.step(Step::ExpectFocus(target))
    }

    /// The address is this one; without an origin where it begins with `/`, and up to a `*` at its end.
    #[must_use]
    pub fn expect_url(self, url: impl Into<String>) -> Self {
        self.step(Step::ExpectUrl(url.into()))
    }

    /// There are these cookies and no others, each as `name; HttpOnly; Secure; SameSite=Lax`.
    #[must_use]
    pub fn expect_cookies<S: Into<String>>(self, cookies: impl IntoIterator<Item = S>) -> Self {
        let cookies = cookies.into_iter().map(Into::into).collect();
        self.step(Step::ExpectCookies(cookies))
    }

    /// Finds no fault by axe, in light and in dark colours.
    #[must_use]
    pub fn axe(self) -> Self {
        self.step(Step::Axe(()))
    }

    /// Nothing scrolls sideways but what is made to.
    #[must_use]
    pub fn fits(self) -> Self {
        self.step(Step::Fits(()))
    }

    /// Draws the whole page into a PNG file.
    #[must_use]
    pub fn screenshot(self, file: impl AsRef<Path>) -> Self {
        self.step(Step::Screenshot(file.as_ref().to_owned()))
    }

    /// The size of the window from now on; 1280 × 800 before.
    #[must_use]
    pub fn viewport(self, width: u32, height: u32) -> Self {
        self.step(Step::Viewport { width, height })
    }

    /// Dark colours from now on, or light ones again.
    #[must_use]
    pub fn dark(self, dark: bool) -> Self {
        let scheme = if dark { "dark" } else { "light" };
        self.step(Step::ColourScheme(scheme))
    }

    /// Whether pages that are opened from now on may run scripts.
    #[must_use]
    pub fn script(self, runs: bool) -> Self {
        self.step(Step::Script(runs))
    }

    /// Goes on in the tab of this name, a new one the first time. The first is called `first`.
    #[must_use]
    pub fn tab(self, name: impl Into<String>) -> Self {
        self.step(Step::Tab(name.into()))
    }

    /// Another person: no tabs and no cookies.
    #[must_use]
    pub fn fresh(self) -> Self {
        self.step(Step::Fresh(()))
    }

    /// Goes on with steps that several walks share.
    #[must_use]
    pub fn then(self, steps: impl FnOnce(Self) -> Self) -> Self {
        steps(self)
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

impl Words {
    fn anywhere(text: impl Into<String>) -> Self {
        Self {
            target: None,
            text: text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn walk_is_written_as_the_browser_reads_it() {
        let walk = Walk::over(["http://127.0.0.1:1"])
            .statuses([409])
            .go("http://127.0.0.1:1/")
            .fill(Target::field("Name").within("main"), "Ana")
            .click(Target::button("Save"))
            .upload(Target::selector("input[type=file]"), "/tmp/list.csv")
            .expect("Saved")
            .expect_in(Target::selector("h1"), "Leads")
            .dark(true)
            .axe()
            .viewport(390, 844);
        let written = serde_json::to_value(&walk).unwrap();
        let name = json!({ "role": "textbox", "name": "Name", "within": "main" });
        let expected = json!({
            "origins": ["http://127.0.0.1:1"],
            "statuses": [409],
            "steps": [
                { "go": "http://127.0.0.1:1/" },
                { "fill": { "target": name, "text": "Ana" } },
                { "click": { "role": "button", "name": "Save" } },
                { "upload": { "target": { "selector": "input[type=file]" }, "file": "/tmp/list.csv" } },
                { "expect": { "text": "Saved" } },
                { "expect": { "target": { "selector": "h1" }, "text": "Leads" } },
                { "colour_scheme": "dark" },
                { "axe": null },
                { "viewport": { "width": 390, "height": 844 } },
            ],
        });
        assert_eq!(written, expected);
    }

    /// A step without a function of its name would fail only when it is walked.
    #[test]
    fn every_step_has_its_function() {
        let script = include_str!("../../browser/walk.mjs");
        let target = || Target::button("Save");
        let walk = Walk::over(["x"])
            .go("x")
            .click(target())
            .fill(target(), "")
            .select(target(), "")
            .press("a")
            .upload(target(), "x")
            .idle()
            .write_file("x")
            .wait_for_file("x")
            .expect("")
            .expect_not("")
            .expect_value(target(), "")
            .expect_focus(target())
            .expect_url("/")
            .expect_cookies(["x"])
            .axe()
            .fits()
            .screenshot("x")
            .viewport(1, 1)
            .dark(false)
            .script(false)
            .tab("x")
            .fresh();
        let written = serde_json::to_value(&walk).unwrap();
        for step in written["steps"].as_array().unwrap() {
            let (name, _) = step.as_object().unwrap().iter().next().unwrap();
            assert!(script.contains(&format!("\n  async {name}(")), "{name}");
        }
    }
}
