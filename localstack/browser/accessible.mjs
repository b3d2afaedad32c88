// What axe says of a page, in light and in dark colours.

import assert from 'node:assert/strict';

import axe from 'axe-core';

export async function accessible(page, what) {
  for (const scheme of ['light', 'dark']) {
    await colours(page, scheme);
    await page.evaluate(axe.source);
    const { violations, passes } = await page.evaluate(() => globalThis.axe.run({ preload: false }));
    const problems = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html)}`);
    assert.deepEqual(problems, [], `${what} in ${scheme} colours has accessibility violations`);
    // Without fonts nothing is drawn, and axe would find nothing.
    assert.ok(passes.some(({ id }) => id === 'color-contrast'), `${what}: its letters are not seen`);
  }
}

// Without motion, so that no colour is looked at on its way to another.
export async function colours(page, value) {
  await page.emulateMediaFeatures([
    { name: 'prefers-color-scheme', value },
    { name: 'prefers-reduced-motion', value: 'reduce' },
  ]);
}
