// What a page does better with a script; every page works without it.
"use strict";

// Keys: the one on a button or link (aria-keyshortcuts) presses it. Not in fields, not with modifiers.
const fields = "input, textarea, select, [contenteditable]";

function pressed(event) {
  if (event.defaultPrevented || event.isComposing || event.repeat) return;
  const writing = event.target.closest(fields) && event.target.type !== "radio";
  if (writing) {
    const form = event.target.closest("form[data-main]") ?? document.querySelector("form[data-main]");
    if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(document.querySelector("[data-main-button]"));
    }
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return closeAll();
  const open = document.querySelector("details.reject-menu[open]");
  if (open && /^[1-9]$/.test(event.key)) {
    const choice = open.querySelectorAll("input[type=radio]")[Number(event.key) - 1];
    if (choice) choice.click();
    return;
  }
  const key = event.key.toLowerCase();
  const target = document.querySelector(`[aria-keyshortcuts="${CSS.escape(key)}"]`);
  if (!target) return;
  event.preventDefault();
  if (target.matches("a[href^='#']")) document.querySelector(target.getAttribute("href")).focus();
  else target.click();
}

function closeAll() {
  for (const open of document.querySelectorAll("details[open]")) open.open = false;
}

document.addEventListener("keydown", pressed);

// One decision, one request: a second press on the same button does nothing.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm;
  if (question && !window.confirm(question)) return event.preventDefault();
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// Every box of a name at once.
for (const button of document.querySelectorAll("[data-chooses]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const boxes = [...document.querySelectorAll(`input[name="${CSS.escape(button.dataset.chooses)}"]`)];
    const choose = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = choose;
  });
}

// A countdown says how long something can still be undone.
for (const clock of document.querySelectorAll("[data-seconds-left]")) {
  const end = Date.now() + Number(clock.dataset.secondsLeft) * 1000;
  const tick = () => {
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    clock.textContent = String(left);
    if (left > 0) setTimeout(tick, 1000);
    else clock.closest("[data-until]")?.remove();
  };
  tick();
}

// Parts that say so are read anew every 15 seconds while somebody looks.
const live = document.querySelector("[data-live]");
if (live) {
  setInterval(async () => {
    // Nor while somebody reads a table that would close.
    if (document.hidden || live.contains(document.activeElement) || live.querySelector("details[open]")) return;
    const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(trusted(await answer.text()), "text/html");
    const fresh = page.querySelector("[data-live]");
    if (fresh) live.replaceChildren(...fresh.childNodes);
  }, 15_000);
}

// Our own pages, read into a document of their own: nothing in it runs.
function trusted(text) {
  if (!window.trustedTypes) return text;
  trusted.policy ??= window.trustedTypes.createPolicy("console", { createHTML: (html) => html });
  return trusted.policy.createHTML(text);
}

// How many characters a field has.
for (const hint of document.querySelectorAll("[data-counts]")) {
  const field = document.getElementById(hint.dataset.counts);
  const count = () => {
    hint.textContent = `${[...field.value].length.toLocaleString("en")} of ${Number(field.maxLength).toLocaleString("en")} characters`;
  };
  field?.addEventListener("input", count);
}

// A file is read here and goes along in the form, byte for byte, so that its encoding is found out as an import
// finds it. The letters of base64url need no encoding of a form's own.
const largestFile = 200 * 1024;
for (const chooser of document.querySelectorAll("[data-reads-into]")) {
  const field = chooser.closest("[data-file-field]");
  const content = document.getElementById(chooser.dataset.readsInto);
  const said = field.querySelector("[data-file-said]");
  field.hidden = false;
  chooser.addEventListener("change", async () => {
    content.value = "";
    said.textContent = "";
    const file = chooser.files[0];
    if (!file) return;
    const size = `${Math.ceil(file.size / 1024).toLocaleString("en")} KB`;
    if (file.size > largestFile) {
      chooser.value = "";
      said.textContent = `${file.name} has ${size}, and 200 KB are taken. Its first thousand lines say as much.`;
      return;
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    content.value = btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    said.textContent = `${file.name}, ${size}, is tested instead of a text below.`;
  });
}

// A list goes straight to the import bucket; where it lies then stands in the form.
for (const chooser of document.querySelectorAll("[data-uploads-into]")) {
  const field = chooser.closest("[data-file-field]");
  const [said, progress] = [field.querySelector("[data-file-said]"), field.querySelector("progress")];
  field.hidden = false;
  const say = (text) => {
    progress.hidden = true;
    chooser.disabled = false;
    said.textContent = text;
  };
  chooser.addEventListener("change", async () => {
    const file = chooser.files[0];
    if (!file) return;
    chooser.disabled = true;
    said.textContent = `${file.name} is being uploaded.`;
    const answer = await fetch("/api/v1/uploads", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: file.name, size: file.size }),
    }).catch(() => null);
    const allowed = await answer?.json().catch(() => null);
    if (!answer?.ok) {
      return say(allowed?.errors?.[0]?.detail ?? allowed?.detail ?? "The console does not answer. Choose the file again.");
    }
    const put = new XMLHttpRequest();
    put.upload.addEventListener("progress", (event) => {
      progress.hidden = false;
      progress.value = event.lengthComputable ? (100 * event.loaded) / event.total : 0;
    });
    put.addEventListener("load", () => {
      if (put.status >= 300) return say(`The bucket refused the file (${put.status}). Nothing was stored.`);
      document.getElementById(chooser.dataset.uploadsInto).value = allowed.file;
      say(`${file.name} is in the bucket. Save the source to have it read.`);
    });
    put.addEventListener("error", () => say("The file did not arrive. Do the bucket’s CORS rules let this page PUT? The README says how."));
    put.open("PUT", allowed.url);
    for (const [name, value] of Object.entries(allowed.headers)) put.setRequestHeader(name, value);
    put.send(file);
  });
}

// The rules read a text while it is written.
const checked = document.querySelector("form[data-check]");
if (checked) {
  const list = checked.querySelector("[data-checks]");
  let waiting;
  checked.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const body = new URLSearchParams(new FormData(checked));
      const answer = await fetch(checked.dataset.check, { method: "POST", body }).catch(() => null);
      if (!answer?.ok) return;
      const part = new DOMParser().parseFromString(trusted(`<ul>${await answer.text()}</ul>`), "text/html");
      list.replaceChildren(...part.querySelectorAll("li"));
    }, 400);
  });
}

// A list is searched while one types; the address keeps what was asked.
const search = document.querySelector("form[data-search]");
if (search) {
  let waiting, latest;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const address = `${search.action}?${new URLSearchParams(new FormData(search))}`;
      latest = address;
      const answer = await fetch(address).catch(() => null);
      if (!answer?.ok || latest !== address) return;
      const page = new DOMParser().parseFromString(trusted(await answer.text()), "text/html");
      const fresh = page.querySelector("[data-results]");
      if (fresh) document.querySelector("[data-results]").replaceChildren(...fresh.childNodes);
      history.replaceState(null, "", address);
    }, 250);
  });
}
