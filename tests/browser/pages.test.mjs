// What holds of every page: people with any device or eyesight can use it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './ending.mjs';
import {
  LANGUAGES, accessible, api, desk, fitsInWidth, office, operatorsDesk, profile,
} from './desk.mjs';
import { province } from './province.mjs';
import { trainee } from './training.mjs';

/** Every page that the clerk sees, by address. */
async function clerksPages(page) {
  const { body } = await api(page, 'GET', '/dossiers?limit=1');
  const [{ id }] = body.items;
  return ['/', '/?status=accepted', '/?q=khong-co-gi', '/?q=thu', '/styleguide', '/receive',
    '/return', '/health', '/password', `/dossiers/${id}`, '/office', '/nowhere',
    `/api/v1/dossiers/${id}/slip?form=01&paper=a5`];
}

const ADMINISTRATORS_PAGES = [
  '/office', '/office/people', '/office/hours', '/office/papers', '/office/backup',
  '/office/stick', '/office/papers/test?paper=a5', '/health', '/password',
];

/** Calls `look` with each page in turn, those of administrator, trainee and operator too. */
async function eachPage(settings, look) {
  const page = await desk(settings);
  for (const address of await clerksPages(page)) {
    await page.goto(address);
    await look(page);
  }
  await page.context().close();
  const administrator = await desk({ ...settings, user: 'quantri' });
  for (const address of ADMINISTRATORS_PAGES) {
    await administrator.goto(address);
    await look(administrator);
  }
  await administrator.context().close();
  for (const [user, address] of [['hocvien1', '/practise'], ['quantri', '/practise/overview']]) {
    const practising = await trainee({ ...settings, user });
    await practising.goto(address);
    await look(practising);
    await practising.context().close();
  }
  const operator = await operatorsDesk(settings);
  for (const address of ['/', '/nowhere']) {
    await operator.goto(address);
    await look(operator);
  }
  await operator.context().close();
}

test('whoever logs in with the right password sees the dossiers and can log out', async () => {
  const page = await desk();
  assert.equal(await page.locator('h1').count(), 1);
  const { body } = await api(page, 'GET', '/dossiers?limit=1');
  assert.ok(body.items[0].code);
  await page.click('form[action="/log-out"] button');
  assert.equal(new URL(page.url()).pathname, '/log-in');
  await page.goto('/');
  assert.equal(new URL(page.url()).pathname, '/log-in');
  await page.context().close();
});

test('a wrong password is refused with a sentence and leaves the page usable', async () => {
  const page = await (await profile('vi', { baseURL: (await office()).http })).newPage();
  await page.goto('/log-in');
  await page.fill('[name=username]', 'canbo');
  await page.fill('[name=password]', 'khong-dung');
  await page.keyboard.press('Enter');
  await page.locator('[role=alert]').waitFor();
  await accessible(page);
  await page.context().close();
});

for (const language of LANGUAGES) {
  test(`axe finds nothing against any page in ${language}`, async () => {
    const context = await profile(language, { baseURL: (await office()).http });
    const stranger = await context.newPage();
    await stranger.goto('/log-in');
    assert.equal(await stranger.getAttribute('html', 'lang'), language);
    await accessible(stranger);
    await stranger.goto(`${(await province()).relay.http}/log-in`);
    await stranger.fill('[name=username]', 'dieuhanh');
    await stranger.fill('[name=password]', 'khong-dung');
    await stranger.keyboard.press('Enter');
    await stranger.locator('[role=alert]').waitFor();
    await accessible(stranger);
    await fitsInWidth(stranger);
    await context.close();
    await eachPage({ language }, accessible);
  });

  test(`at 320 pixels and at twice the size nothing is out of reach in ${language}`, async () => {
    await eachPage({ language, viewport: { width: 320, height: 640 } }, fitsInWidth);
    const doubled = { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 };
    await eachPage({ language, ...doubled }, fitsInWidth);
  });
}

test('operators read the units and log out without scripts', async () => {
  const page = await operatorsDesk({ javaScriptEnabled: false });
  const tiles = page.locator('.tile');
  const { nodes } = await province();
  assert.equal(await tiles.count(), nodes.length);
  for (const { name } of nodes) {
    assert.equal(await tiles.filter({ hasText: name }).count(), 1, name);
  }
  assert.match(await page.locator('.sentence').innerText(), /đang liên lạc/);
  await page.click('form[action="/language"] button');
  assert.match(await page.locator('.sentence').innerText(), /in contact/);
  await page.click('form[action="/log-out"] button');
  assert.equal(new URL(page.url()).pathname, '/log-in');
  await page.context().close();
});

test('in forced colours every control keeps its border and the focus its ring', async () => {
  await eachPage({ forcedColors: 'active' }, async (page) => {
    const bare = await page.evaluate(() => {
      const style = (element) => getComputedStyle(element);
      const controls = [...document.querySelectorAll('button, input, select, textarea')]
        .filter((element) => element.checkVisibility());
      return controls
        .filter((element) => !['checkbox', 'radio'].includes(element.type))
        .filter((element) => style(element).borderBlockStartStyle === 'none')
        .map((element) => element.outerHTML);
    });
    assert.deepEqual(bare, [], page.url());
    await page.keyboard.press('Tab');
    const ring = await page.evaluate(() =>
      document.activeElement === document.body
        ? 'nothing to focus' : getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(ring, 'none', page.url());
  });
});
