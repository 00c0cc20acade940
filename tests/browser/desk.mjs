// A clerk's browser: Debian's Chromium, watched for whatever a page must never do.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import { province } from './province.mjs';

const CHROMIUM = process.env.HOSO_CHROMIUM ?? '/usr/bin/chromium';
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
/** Requests to other hosts, errors of scripts and what the content policy refused. */
export const strayed = [];
export const LANGUAGES = ['vi', 'en'];

let launched;

async function browser() {
  launched ??= chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
    ],
  });
  return launched;
}

/** Ends the browser. */
export async function stopBrowser() {
  if (launched) await (await launched).close();
}

/** The office with this place among the demo's. */
export async function office(number = 0) {
  return (await province()).nodes[number];
}

/**
 * A browser profile of its own, whose language and further settings are given; `hosts` are those
 * that its pages may ask, unless the province's.
 */
export async function profile(language = 'vi', { hosts, ...settings } = {}) {
  const locale = language === 'vi' ? 'vi-VN' : 'en-GB';
  const context = await (await browser()).newContext({
    locale,
    timezoneId: 'Asia/Ho_Chi_Minh',
    viewport: { width: 1366, height: 768 },
    ...settings,
  });
  context.setDefaultTimeout(30_000);
  const own = hosts ?? await provincesHosts();
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && !own.includes(url.host)) strayed.push(request.url());
  });
  context.on('weberror', (problem) => strayed.push(`${problem.error()}`));
  context.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) strayed.push(message.text());
  });
  return context;
}

async function provincesHosts() {
  const { relay, nodes } = await province();
  return [relay, ...nodes].map(({ http }) => new URL(http).host);
}

/** A page of that office with somebody logged in: the clerk, or another user of the demo. */
export async function desk(settings = {}) {
  const { language = 'vi', at = 0, user = 'canbo', ...further } = settings;
  const place = await office(at);
  const context = await profile(language, { baseURL: place.http, ...further });
  const page = await context.newPage();
  await logIn(page, user, place.users.find((each) => each.user === user).password);
  return page;
}

/** A page of the relay with its operator logged in. */
export async function operatorsDesk({ language = 'vi', ...further } = {}) {
  const { relay } = await province();
  const context = await profile(language, { baseURL: relay.http, ...further });
  const page = await context.newPage();
  await logIn(page, relay.user, relay.password);
  return page;
}

/** Logs somebody in. */
export async function logIn(page, user, password) {
  await page.goto('/log-in');
  await page.fill('[name=username]', user);
  await page.fill('[name=password]', password);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname !== '/log-in');
}

/** One call of the office's API as the person of that page: the status and what came back. */
export async function api(page, method, path, body, headers = {}) {
  const response = await page.request.fetch(`/api/v1${path}`, { method, data: body, headers });
  const text = await response.text();
  return { status: response.status(), body: text === '' ? null : JSON.parse(text) };
}

/** Fails with what axe finds against the page as it stands. */
export async function accessible(page) {
  await page.evaluate(await readFile(AXE, 'utf8'));
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html} ${failureSummary}`));
  });
  assert.deepEqual(found, [], page.url());
}

/** Fails if the page must be scrolled sideways or something to act upon lies outside of it. */
export async function fitsInWidth(page) {
  const outside = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const found = scrollWidth > clientWidth ? [`${scrollWidth} > ${clientWidth}`] : [];
    const visible = (element) => element.checkVisibility() && !element.closest('table');
    const beyond = (element) => element.getBoundingClientRect().right > clientWidth + 0.5;
    const acting = [...document.querySelectorAll('a, button, input, select, textarea, summary')];
    return found.concat(acting.filter(visible).filter(beyond).map((element) => element.outerHTML));
  });
  assert.deepEqual(outside, [], page.url());
}
