// An outage, the way back and a conflict, as people at the desks see them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './ending.mjs';
import { accessible, desk, fitsInWidth, office } from './desk.mjs';
import { act, awaited, link, receive } from './dossiers.mjs';

test('while the link is away the bar is there, work goes on, and the badge follows the way back',
  async () => {
    const page = await desk();
    await link(0, false);
    await page.goto('/');
    const bar = page.locator('p.link');
    assert.match(await bar.innerText(), /Mọi thứ vẫn lưu an toàn tại máy này/);
    await accessible(page);
    const dossier = await receive(page, 'Bùi Thị Bão', { competent_unit: (await office(1)).unit });
    await page.goto(`/dossiers/${dossier.id}`);
    assert.equal(dossier.sync.state, 'saved');
    assert.equal(await page.locator('.badge i.reached').count(), 1);
    assert.match(await bar.innerText(), /[1-9]\d* hồ sơ chờ gửi/);
    await accessible(page);
    await link(0, true);
    const there = ({ sync }) => ['delivered', 'opened'].includes(sync.state);
    await awaited(page, dossier.id, there);
    await page.reload();
    assert.ok((await page.locator('.badge i.reached').count()) >= 3);
    await page.context().close();
  });

/** What the badges of a dossier say: that of its page, and that of its row in the list. */
async function badges(page, { id, code }) {
  await page.goto(`/dossiers/${id}`);
  const own = page.locator('.head .badge');
  const said = [await own.locator('.word').innerText(), await own.locator('i.reached').count()];
  await page.goto(`/?q=${code}`);
  const listed = page.locator('.rows tbody tr', { hasText: code }).locator('.badge');
  const word = await listed.locator('.word').evaluate(({ firstChild }) => firstChild.data.trim());
  return { said, listed: [word, await listed.locator('i.reached').count()] };
}

test('a row of the list says how far its dossier has come in the words of the dossier itself',
  async () => {
    const [here, there] = [await desk({ at: 0 }), await desk({ at: 1 })];
    const { unit } = await office(1);
    await Promise.all([link(0, false), link(1, false)]);
    const dossier = await receive(here, 'Bùi Thị Hàng', { competent_unit: unit });
    const steps = [
      ['saved', 'Đã lưu tại đây', () => {}],
      ['at_province', 'Đã tới tỉnh', () => link(0, true)],
      ['delivered', 'Đã tới nơi nhận', () => link(1, true)],
      ['opened', 'Nơi nhận đã mở', () => awaited(there, dossier.id, () => true)],
    ];
    for (const [number, [state, word, goOn]] of steps.entries()) {
      await goOn();
      await awaited(here, dossier.id, ({ sync }) => sync.state === state);
      const { said, listed } = await badges(here, dossier);
      assert.deepEqual([said, listed], [[word, number + 1], [word, number + 1]], state);
    }
    await accessible(here);
    const row = here.locator('.rows tbody tr', { hasText: dossier.code });
    await row.locator('a.row').focus();
    await accessible(here);
    const box = await row.locator('.badge .word').boundingBox();
    assert.ok(box.width > 40, 'the words are seen when the row has the focus');
    await here.setViewportSize({ width: 320, height: 640 });
    await here.reload();
    await fitsInWidth(here);
    await accessible(here);
    await Promise.all([here.context().close(), there.context().close()]);
  });

test('the bar of an open page follows the link by itself and says so once', async () => {
  const page = await desk();
  await page.goto('/');
  assert.equal(await page.locator('#link-bar .link').count(), 0);
  await page.evaluate(() => {
    document.body.dataset.mine = 'yes';
  });
  await link(0, false);
  const bar = page.locator('#link-bar .link');
  await bar.waitFor();
  assert.match(await bar.innerText(), /\d+ hồ sơ chờ gửi/);
  assert.match(await page.locator('#link-said').textContent(), /Mọi thứ vẫn lưu an toàn/);
  assert.equal(await page.locator('#link-top .link').count(), 0);
  await accessible(page);
  await link(0, true);
  await page.locator('#link-top .link').waitFor();
  await bar.waitFor({ state: 'detached' });
  assert.match(await page.locator('#link-said').textContent(), /Đã kết nối/);
  assert.equal(await page.getAttribute('body', 'data-mine'), 'yes', 'nothing was loaded anew');
  await page.context().close();
});

test('two offices that decide apart see both sides and one of them chooses', async () => {
  const [here, there] = [await desk({ at: 0 }), await desk({ at: 1 })];
  const { unit } = await office(1);
  const dossier = await receive(here, 'Bùi Thị Hai', { competent_unit: unit });
  await awaited(there, dossier.id, () => true);
  const seen = await awaited(here, dossier.id, ({ events }) =>
    events.some((event) => event.kind === 'opened'));
  await Promise.all([link(0, false), link(1, false)]);
  const correct = (value) =>
    ({ field: 'applicant.phone', value, reason: 'Người nộp báo lại' });
  await act(here, seen, 'field_corrected', correct('0912000111'));
  await act(there, seen, 'field_corrected', correct('0912000222'));
  await Promise.all([link(0, true), link(1, true)]);
  await awaited(here, dossier.id, (now) => now.needs_review);
  await here.goto(`/dossiers/${dossier.id}`);
  await accessible(here);
  const text = await here.locator('main').innerText();
  assert.ok(text.includes('0912000111') && text.includes('0912000222'), text);
  await here.locator('form:has(input[value=conflict_resolved]) button').first().press('Enter');
  const chosen = await awaited(here, dossier.id, (now) => !now.needs_review);
  const agreed = await awaited(there, dossier.id, (now) => !now.needs_review &&
    now.events.some((event) => event.kind === 'conflict_resolved'));
  assert.equal(agreed.applicant.phone, chosen.applicant.phone);
  await here.context().close();
  await there.context().close();
});

test('a slip goes to paper in the size of that paper', async () => {
  const page = await desk();
  const dossier = await receive(page, 'Bùi Thị Giấy');
  await page.goto(`/api/v1/dossiers/${dossier.id}/slip?form=01&paper=a5`);
  const pdf = await page.pdf({ preferCSSPageSize: true });
  assert.equal(pdf.subarray(0, 5).toString('latin1'), '%PDF-');
  const boxes = pdf.toString('latin1').match(/\/MediaBox \[[^\]]*\]/g);
  const size = boxes[0].match(/[\d.]+/g).map(Number);
  // A5 in points, to the nearest one.
  assert.deepEqual(size.slice(2).map(Math.round), [420, 595]);
  await page.context().close();
});
