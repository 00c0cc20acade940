// Papers that are asked for and brought, as a clerk does it at the desk.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './ending.mjs';
import { LANGUAGES, accessible, api, desk, fitsInWidth, office } from './desk.mjs';
import { act, receive } from './dossiers.mjs';

/** A dossier that is being processed, opened, with the form that asks for papers. */
async function asking(page, name) {
  const { unit } = await office();
  let dossier = await receive(page, name);
  const { papers } = dossier;
  dossier = await act(page, dossier, 'handed_over', { to_unit: unit, papers });
  dossier = await act(page, dossier, 'taken_over');
  await page.goto(`/dossiers/${dossier.id}`);
  const form = page.locator('form.act:has(input[name=kind][value=supplement_requested])');
  await page.locator('details').filter({ has: form }).locator('summary').press('Enter');
  return { dossier, form };
}

const named = (form, name) => form.locator(`[name="${name}"]`);
const isDone = (page) => page.waitForURL((url) => !url.pathname.endsWith('/events'));

async function missing(page, { id }) {
  const { body } = await api(page, 'GET', `/dossiers/${id}`);
  return body.missing_papers.map((paper) => `${paper.name} ${paper.originals}`);
}

test('papers are asked for by keyboard alone and brought in part', async () => {
  const page = await desk();
  const { dossier, form } = await asking(page, 'Hà Thị Bổ Sung');
  await accessible(page);
  await named(form, 'listed.0.chosen').press(' ');
  assert.equal(await named(form, 'listed.0.originals').inputValue(), '1', 'a tick counts');
  await named(form, 'listed.2.photocopies').fill('2');
  assert.ok(await named(form, 'listed.2.chosen').isChecked(), 'a count ticks');
  await named(form, 'papers.0.name').fill('Giấy ra viện');
  await named(form, 'reason').fill('Thiếu giấy tờ');
  await named(form, 'papers.0.name').press('Enter');
  await isDone(page);
  const all = ['Tờ khai 1', 'CCCD 0', 'Giấy ra viện 1'];
  assert.deepEqual(await missing(page, dossier), all);
  const back = page.locator('form.act:has(input[name=kind][value=supplemented])');
  await named(back, 'listed.1.chosen').press(' ');
  assert.equal(await named(back, 'listed.1.photocopies').inputValue(), '2');
  await back.locator('button.primary').press('Enter');
  await isDone(page);
  assert.deepEqual(await missing(page, dossier), ['Tờ khai 1', 'Giấy ra viện 1']);
  assert.match(await page.locator('.history').innerText(), /Đã nhận một phần giấy tờ bổ sung/);
  await accessible(page);
  for (const paper of ['listed.0.chosen', 'listed.1.chosen']) await named(back, paper).press(' ');
  await back.locator('button.primary').press('Enter');
  await isDone(page);
  assert.deepEqual(await missing(page, dossier), []);
  await page.context().close();
});

test('lines are added without scripts on a narrow screen and nothing typed is lost', async () => {
  for (const language of LANGUAGES) {
    const narrow = { viewport: { width: 320, height: 640 } };
    const page = await desk({ language, javaScriptEnabled: false, ...narrow });
    const { form } = await asking(page, `Hà Văn Dòng ${language}`);
    await named(form, 'papers.2.name').fill('Giấy ra viện');
    await named(form, 'reason').fill('Thiếu');
    await form.locator('[value=more]').press('Enter');
    await named(form, 'papers.5.name').waitFor();
    assert.equal(await named(form, 'papers.2.name').inputValue(), 'Giấy ra viện');
    assert.equal(await named(form, 'reason').inputValue(), 'Thiếu');
    await fitsInWidth(page);
    await named(form, 'papers.5.name').fill('Sổ hộ khẩu');
    await form.locator('button.primary').press('Enter');
    await isDone(page);
    await page.context().close();
  }
});

test('a file is chosen with a control of the page and not of the browser', async () => {
  for (const language of LANGUAGES) {
    const page = await desk({ language });
    const { id } = await receive(page, `Hà Thị Tệp ${language}`);
    await page.goto(`/dossiers/${id}`);
    const input = page.locator('#scan-file');
    const chosen = page.locator('.pick .chosen');
    assert.match(await chosen.innerText(), language === 'vi' ? /Chưa chọn/ : /No file chosen yet/);
    assert.ok((await input.boundingBox()).width <= 2, 'the control of the browser is not seen');
    await input.focus();
    await page.keyboard.press('Shift');
    const ring = await page.locator('.pick .button').evaluate((label) =>
      getComputedStyle(label).outlineStyle);
    assert.equal(ring, 'solid');
    const buffer = Buffer.from('%PDF-1.7\n');
    await input.setInputFiles({ name: 'to-khai.pdf', mimeType: 'application/pdf', buffer });
    assert.equal(await chosen.innerText(), 'to-khai.pdf');
    await accessible(page);
    await page.context().close();
  }
});
