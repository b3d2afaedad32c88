// Opens our pages in a headless Chromium, as a person does, and ends with an error on the first thing
// that a person would stumble over.
//
//   node open.mjs look LINK…    opens each: loaded, without errors, accessible
//   node open.mjs press LINK    finds the button by its name, presses it from the keyboard
//   node open.mjs walk          does what the walk on stdin says (walk.mjs)

import assert from 'node:assert/strict';
import { json } from 'node:stream/consumers';

import chromium from '@sparticuz/chromium';
import puppeteer from 'puppeteer-core';

import { accessible } from './accessible.mjs';
import { walk } from './walk.mjs';

// Not the package's own list: it switches off what is to be tested here. Without a sandbox, since
// containers rarely let one be made; the browser sees nothing but our own pages.
const FLAGS = ['--no-sandbox', '--no-zygote', '--disable-gpu', '--disable-dev-shm-usage', '--no-proxy-server'];

// A page in a window of its own, with everything that it asked for and complained about.
async function open(browser, link, { script }) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const seen = { requests: [], complaints: [] };
  page.on('request', (request) => seen.requests.push(`${request.method()} ${request.url()}`));
  page.on('console', (message) => {
    // That a page was not found is what a wrong link should say.
    if (message.type() === 'error' && !message.text().includes('status of 404')) {
      seen.complaints.push(message.text());
    }
  });
  page.on('pageerror', (error) => seen.complaints.push(error.message));
  await page.setJavaScriptEnabled(script);
  const response = await page.goto(link);
  assert.deepEqual(response.request().redirectChain(), [], `${link} leads elsewhere`);
  return { context, page, response, seen };
}

async function look(browser, link) {
  // With script, for axe: the pages themselves have none.
  const { context, page, seen } = await open(browser, link, { script: true });
  assert.deepEqual(await context.cookies(), [], `${link} leaves a cookie`);
  assert.equal(await page.$eval('html', (html) => html.lang), 'en');
  const width = await page.$eval('body', (body) => getComputedStyle(body).maxWidth);
  assert.notEqual(width, 'none', `${link}: its own policy forbids its style`);
  await accessible(page, link);
  assert.deepEqual(seen, { requests: [`GET ${link}`], complaints: [] });
  await context.close();
}

async function press(browser, link) {
  const { context, page, seen } = await open(browser, link, { script: false });
  const button = await page.waitForSelector('aria/Unsubscribe[role="button"]');
  await page.keyboard.press('Tab');
  const focused = await button.evaluate((element) => element === document.activeElement);
  assert.ok(focused, 'the button is the first thing that the keyboard reaches');
  const [response] = await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  assert.equal(response.status(), 200);
  assert.deepEqual(response.request().redirectChain(), []);
  assert.equal(await page.$eval('h1', (heading) => heading.textContent), 'You are unsubscribed');
  assert.deepEqual(seen, { requests: [`GET ${link}`, `POST ${link}`], complaints: [] });
  assert.deepEqual(await context.cookies(), []);
  await context.close();
}

const [act, ...links] = process.argv.slice(2);
const executablePath = await chromium.executablePath();
const browser = await puppeteer.launch({ args: FLAGS, executablePath, headless: 'shell', protocolTimeout: 30_000 });
try {
  if (act === 'walk') await walk(browser, await json(process.stdin));
  for (const link of links) {
    await { look, press }[act](browser, link);
  }
  process.stdout.write(await browser.version());
} catch (error) {
  process.stderr.write(error.message);
  process.exitCode = 1;
} finally {
  await browser.close();
}
