// Draws every page in both languages into deploy/docs/: `npm run screens --prefix tests/browser`.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LANGUAGES, api, desk, office, operatorsDesk, profile, stopBrowser } from './desk.mjs';
import { province, stopProvince } from './province.mjs';
import { stopTraining, trainee } from './training.mjs';

const DOCS = fileURLToPath(new URL('../../deploy/docs/', import.meta.url));
/** A narrow telephone, and the dark theme of a night shift. */
const NARROW = { viewport: { width: 320, height: 640 } };
const DARK = { colorScheme: 'dark' };
const WIDE = { viewport: { width: 1600, height: 900 } };

/** Draws the whole page as it would stand in a window that is high enough. */
async function draw(page, language, name) {
  await page.evaluate(() => document.fonts.ready);
  const before = page.viewportSize();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ ...before, height: Math.max(before.height, height) });
  await page.screenshot({ path: join(DOCS, language, `${name}.png`) });
  await page.setViewportSize(before);
}

/** Draws these addresses, each under its name. */
async function drawAll(page, language, addresses) {
  for (const [name, address] of Object.entries(addresses)) {
    await page.goto(address);
    await draw(page, language, name);
  }
}

async function clerk(language) {
  const page = await desk({ language });
  const { body } = await api(page, 'GET', '/dossiers?limit=1');
  const [{ id }] = body.items;
  const slip = `/api/v1/dossiers/${id}/slip?form=01`;
  await drawAll(page, language, {
    list: '/', empty: '/?q=khong-co-gi', receive: '/receive', dossier: `/dossiers/${id}`,
    return: '/return', styleguide: '/styleguide', 'slip-a5': `${slip}&paper=a5`,
    'slip-80mm': `${slip}&paper=80mm`, 'slip-a4': `${slip}&paper=a4`, logbook: '/logbook',
    missing: '/nowhere',
  });
  await page.context().close();
  for (const [name, settings] of Object.entries({
    narrow: NARROW, wide: WIDE, dark: DARK,
  })) {
    const other = await desk({ language, ...settings });
    await drawAll(other, language, {
      [`list-${name}`]: '/', [`receive-${name}`]: '/receive',
      [`dossier-${name}`]: `/dossiers/${id}`,
    });
    await other.context().close();
  }
}

async function others(language) {
  const stranger = await profile(language, { baseURL: (await office()).http });
  await drawAll(await stranger.newPage(), language, { 'log-in': '/log-in' });
  await drawAll(stranger.pages()[0], language, {
    'relay-log-in': `${(await province()).relay.http}/log-in`,
  });
  await stranger.close();
  const administrator = await desk({ language, user: 'quantri' });
  await drawAll(administrator, language, {
    office: '/office', people: '/office/people', hours: '/office/hours',
    papers: '/office/papers', 'test-page': '/office/papers/test?paper=a5', health: '/health',
    backup: '/office/backup', stick: '/office/stick', password: '/password',
  });
  await administrator.context().close();
  const operator = await operatorsDesk({ language });
  await drawAll(operator, language, { relay: '/' });
  await operator.context().close();
  for (const [name, settings] of Object.entries({ narrow: NARROW, dark: DARK })) {
    const other = await operatorsDesk({ language, ...settings });
    await drawAll(other, language, { [`relay-${name}`]: '/' });
    await other.context().close();
  }
}

/** The training realm. */
async function practice(language) {
  const page = await trainee({ language });
  await drawAll(page, language, { practise: '/practise' });
  await page.context().close();
  const administrator = await trainee({ language, user: 'quantri' });
  await drawAll(administrator, language, { practised: '/practise/overview' });
  await administrator.context().close();
}

/** The grey bar of an office without its link. */
async function outage(language) {
  const administrator = await desk({ language, user: 'quantri' });
  const page = await desk({ language });
  await api(administrator, 'PUT', '/link', { enabled: false });
  await drawAll(page, language, { 'list-offline': '/' });
  await api(administrator, 'PUT', '/link', { enabled: true });
  await administrator.context().close();
  await page.context().close();
}

try {
  for (const language of LANGUAGES) {
    await rm(join(DOCS, language), { recursive: true, force: true });
    await mkdir(join(DOCS, language), { recursive: true });
    for (const part of [clerk, others, outage, practice]) await part(language);
  }
} finally {
  await stopBrowser();
  await stopProvince();
  await stopTraining();
}
