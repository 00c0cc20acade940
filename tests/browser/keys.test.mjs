// The desk by keyboard: lists, search, help, and what stands beside what.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './ending.mjs';
import { accessible, desk } from './desk.mjs';

const focused = (page) => page.evaluate(() => document.activeElement.getAttribute('href'));
const path = (page) => new URL(page.url()).pathname;

test('j and k go through a list, Enter opens, n receives and slash finds', async () => {
  const page = await desk();
  const rows = await page.locator('main a.row').evaluateAll(
    (links) => links.map((link) => link.getAttribute('href')));
  assert.ok(rows.length > 2);
  for (const [key, expected] of [['j', 0], ['j', 1], ['j', 2], ['k', 1]]) {
    await page.keyboard.press(key);
    assert.equal(await focused(page), rows[expected], key);
  }
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === rows[1]);
  assert.equal(await page.locator('.beside [aria-current]').getAttribute('href'), rows[1]);
  await page.keyboard.press('j');
  assert.equal(await focused(page), rows[2], 'the list beside a dossier goes on from it');
  for (const key of ['/', 'Control+k']) {
    await page.locator('h1').click();
    await page.keyboard.press(key);
    await page.keyboard.type('jn');
    assert.equal(await page.inputValue('#find'), 'jn', 'what is typed is no command');
  }
  await page.locator('h1').click();
  await page.keyboard.press('n');
  await page.waitForURL((url) => url.pathname === '/receive');
  await page.context().close();
});

test('the question mark shows the keys, and single keys can be switched off', async () => {
  const page = await desk();
  await page.keyboard.press('?');
  await page.locator('dialog[open]').waitFor();
  await accessible(page);
  await page.uncheck('#keys-switch');
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  assert.equal(await focused(page), null);
  await page.reload();
  await page.keyboard.press('n');
  assert.equal(path(page), '/');
  await page.click('#keys-show');
  await page.check('#keys-switch');
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  assert.notEqual(await focused(page), null);
  await page.context().close();
});

test('from 1200 pixels list and dossier stand side by side, below one at a time', async () => {
  const page = await desk();
  await page.locator('main a.row').first().click();
  const beside = page.locator('.beside');
  await beside.waitFor();
  const [list, dossier] = [await beside.boundingBox(),
    await page.locator('.dossier').boundingBox()];
  assert.ok(list.x + list.width <= dossier.x && list.y < dossier.y + dossier.height);
  await page.setViewportSize({ width: 1199, height: 768 });
  await beside.waitFor({ state: 'hidden' });
  await page.context().close();
});

test('at 320 pixels every work list is reached without scripts', async () => {
  const page = await desk({ viewport: { width: 320, height: 640 }, javaScriptEnabled: false });
  await page.click('a[href="#rail"]');
  await page.click('#rail a[href="/?status=accepted"]');
  await page.waitForURL((url) => url.search === '?status=accepted');
  assert.equal(await page.locator('h1').count(), 1);
  await page.context().close();
});

test('the badge says all its steps with their times when it has the focus', async () => {
  const page = await desk();
  await page.locator('main a.row').first().click();
  const steps = page.locator('.badge .steps');
  const clipped = () => steps.evaluate((element) => getComputedStyle(element).clipPath);
  await page.mouse.move(0, 0);
  assert.notEqual(await clipped(), 'none');
  await page.focus('.badge');
  assert.equal(await clipped(), 'none');
  assert.match(await steps.innerText(), /\d\d\/\d\d\/\d{4} \d\d:\d\d/);
  await page.context().close();
});
