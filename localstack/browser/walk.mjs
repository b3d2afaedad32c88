// Walks through pages as one person does, in one browser: the steps stand in the description of the walk,
// and whatever a person would stumble over on the way ends it.
//
// A walk is JSON: {"origins": […], "statuses": […], "steps": […], "failure": FILE}. `walk.rs` beside the other
// commands makes it, and says what each step means.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';

import { accessible, colours } from './accessible.mjs';

// How long a page may take to show what is expected.
const LIMIT_MILLIS = 10_000;
// As long without a request means that an action has done what it does.
const IDLE_MILLIS = 50;
const POLL_MILLIS = 20;
// How long something beside the browser may take.
const BESIDE_MILLIS = 180_000;

export async function walk(browser, { origins, statuses = [], steps, failure }) {
  const walker = new Walker(browser, origins, statuses);
  for (const [index, step] of steps.entries()) {
    const [[act, given]] = Object.entries(step);
    try {
      await walker[act](given);
      await walker.settle();
      walker.refuseComplaints();
    } catch (error) {
      const page = walker.page;
      if (failure) await page?.screenshot({ path: failure, fullPage: true }).catch(() => {});
      const where = page ? `, at ${page.url()}` : '';
      throw new Error(`step ${index + 1}, ${JSON.stringify(step)}${where}: ${error.message}`, { cause: error });
    }
  }
}

class Walker {
  #complaints = [];
  #browser;
  #origins;
  #statuses;
  #context;
  #pages = new Map();
  // What a new page begins with.
  #viewport = { width: 1280, height: 800 };
  #scheme = 'light';
  #script = true;

  constructor(browser, origins, statuses) {
    this.#browser = browser;
    this.#origins = origins;
    this.#statuses = statuses.map(String);
  }

  // --- Steps -----------------------------------------------------------------------------------------

  async go(url) {
    const page = this.page ?? (await this.#open('first'));
    await page.goto(url);
  }

  async click(target) {
    await (await this.#find(target)).click();
  }

  async fill({ target, text }) {
    const field = await this.#find(target);
    const isPicked = await field.evaluate((element) => ['date', 'time', 'datetime-local', 'color', 'range'].includes(element.type));
    if (isPicked) {
      await field.evaluate((element, value) => {
        element.value = value;
        element.dispatchEvent(new Event('input', { bubbles: true }));
        element.dispatchEvent(new Event('change', { bubbles: true }));
      }, text);
      return;
    }
    await field.focus();
    await field.evaluate((element) => element.select?.());
    if (text === '') await this.page.keyboard.press('Backspace');
    // As a paste: a long text is there at once, and every character of it.
    else await this.page.keyboard.sendCharacter(text);
  }

  async select({ target, value }) {
    const selected = await (await this.#find(target)).select(value);
    assert.deepEqual(selected, [value], 'there is no such option');
  }

  async press(keys) {
    const names = keys === '+' ? ['+'] : keys.split('+');
    const last = names.pop();
    for (const name of names) await this.page.keyboard.down(name);
    await this.page.keyboard.press(last);
    for (const name of names.reverse()) await this.page.keyboard.up(name);
  }

  async upload({ target, file }) {
    await (await this.#find(target, { hidden: true })).uploadFile(file);
  }

  async expect({ target, text }) {
    await this.#until(`“${text}” is not there`, async () => (await this.#words(target)).includes(text));
  }

  async expect_not({ target, text }) {
    await this.#until(`“${text}” is still there`, async () => !(await this.#words(target)).includes(text));
  }

  async expect_value({ target, text }) {
    const field = await this.#find(target);
    await this.#until('it holds something else', async () => (await field.evaluate((element) => element.value)) === text);
  }

  async expect_focus(target) {
    const element = await this.#find(target);
    await this.#until('the focus is elsewhere', () => element.evaluate((element) => element === document.activeElement));
  }

  async expect_url(expected) {
    const isPrefix = expected.endsWith('*');
    const text = isPrefix ? expected.slice(0, -1) : expected;
    await this.#until(`the address is not ${expected}`, async () => {
      const { href, origin } = new URL(this.page.url());
      const found = text.startsWith('/') ? href.slice(origin.length) : href;
      return isPrefix ? found.startsWith(text) : found === text;
    });
  }

  async expect_cookies(expected) {
    const cookies = await this.#context.cookies();
    const written = cookies.map(({ name, httpOnly, secure, sameSite }) =>
      [name, ...(httpOnly ? ['HttpOnly'] : []), ...(secure ? ['Secure'] : []), ...(sameSite ? [`SameSite=${sameSite}`] : [])].join('; '),
    );
    assert.deepEqual(written.sort(), expected.toSorted());
  }

  async fits() {
    const [content, window] = await this.page.evaluate(() => [document.scrollingElement.scrollWidth, innerWidth]);
    assert.ok(content <= window, `the page is ${content} pixels wide and the window ${window}`);
  }

  async axe() {
    // What a page did not run so far, it does not run now.
    await this.page.setJavaScriptEnabled(true);
    await accessible(this.page, 'the page');
    await this.page.setJavaScriptEnabled(this.#script);
    await colours(this.page, this.#scheme);
  }

  async screenshot(path) {
    await this.page.screenshot({ path, fullPage: true });
  }

  async viewport(viewport) {
    this.#viewport = viewport;
    await this.page?.setViewport(viewport);
  }

  async colour_scheme(scheme) {
    this.#scheme = scheme;
    if (this.page) await colours(this.page, scheme);
  }

  async script(script) {
    this.#script = script;
    await this.page?.setJavaScriptEnabled(script);
  }

  async idle() {}

  async write_file(file) {
    writeFileSync(file, '');
  }

  async wait_for_file(file) {
    await this.#until(`${file} is not there`, () => existsSync(file), BESIDE_MILLIS);
  }

  async tab(name) {
    const page = this.#pages.get(name) ?? (await this.#open(name));
    await page.bringToFront();
    this.page = page;
  }

  async fresh() {
    await this.#context?.close();
    this.#context = undefined;
    this.#pages.clear();
    this.page = undefined;
  }

  // --- What they are made of ---------------------------------------------------------------------------

  refuseComplaints() {
    if (this.#complaints.length > 0) throw new Error(this.#complaints.join('; '));
  }

  async settle() {
    await this.page?.waitForNetworkIdle({ idleTime: IDLE_MILLIS, timeout: LIMIT_MILLIS });
  }

  async #open(name) {
    this.#context ??= await this.#browser.createBrowserContext();
    const page = await this.#context.newPage();
    page.setDefaultTimeout(LIMIT_MILLIS);
    this.#listen(page);
    await page.setViewport(this.#viewport);
    await colours(page, this.#scheme);
    await page.setJavaScriptEnabled(this.#script);
    this.#pages.set(name, page);
    this.page = page;
    return page;
  }

  #listen(page) {
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (!this.#origins.includes(url.origin) && url.protocol !== 'data:') {
        this.#complaints.push(`it asks ${url.origin} for something`);
      }
    });
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText;
      // What a page still asked for when it was left, and what is stored instead of shown.
      if (why !== 'net::ERR_ABORTED') this.#complaints.push(`${request.url()} gives no answer: ${why}`);
    });
    // Whatever a policy refuses is said here too.
    page.on('console', (message) => {
      const status = message.text().match(/status of (\d{3})/)?.[1];
      if (message.type() === 'error' && !this.#statuses.includes(status)) this.#complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.#complaints.push(`${error}`));
    page.on('dialog', async (dialog) => {
      this.#complaints.push(`it opens a dialog: ${dialog.message()}`);
      await dialog.dismiss();
    });
    page.on('popup', () => this.#complaints.push('it opens a window'));
  }

  // The one element that is meant: two of them would be a guess.
  async #find(target, { hidden = false } = {}) {
    let found = [];
    await this.#until(() => `there are ${found.length} of it`, async () => {
      found = await this.#all(target);
      if (!hidden) found = await kept(found, (element) => element.isVisible());
      return found.length === 1;
    });
    return found[0];
  }

  async #all({ role, name, selector, within }) {
    const outer = within ? await this.page.$$(within) : [this.page];
    const query = selector ?? `aria/[name=${quoted(name)}][role="${role}"]`;
    return (await Promise.all(outer.map((each) => each.$$(query)))).flat();
  }

  // As they are read: without what is hidden, and with single blanks.
  async #words(target) {
    const element = target ? await this.#find(target) : await this.page.$('body');
    const text = (await element?.evaluate((element) => element.innerText)) ?? '';
    return text.replace(/\s+/g, ' ');
  }

  async #until(what, holds, limit = LIMIT_MILLIS) {
    const end = Date.now() + limit;
    for (;;) {
      try {
        if (await holds()) return;
      } catch (error) {
        // A page that goes away while it is looked at is looked at again when the next is there.
        if (!/context was destroyed|detached|Cannot find context|not attached|same JavaScript world/i.test(error.message)) throw error;
      }
      this.refuseComplaints();
      if (Date.now() > end) throw new Error(typeof what === 'string' ? what : what());
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLIS));
    }
  }
}

async function kept(elements, holds) {
  const answers = await Promise.all(elements.map(holds));
  return elements.filter((_, index) => answers[index]);
}

function quoted(name) {
  const quote = name.includes('"') ? "'" : '"';
  assert.ok(!name.includes(quote), 'a name with both kinds of quotes cannot be asked for');
  return `${quote}${name}${quote}`;
}
