// Whole lives of dossiers, each step through the form that a clerk finds on the page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './ending.mjs';
import { accessible, api, desk, fitsInWidth, office } from './desk.mjs';
import { receive } from './dossiers.mjs';

/** What is asked once more before it happens. */
const GRAVE = ['not_accepted', 'refused', 'stopped', 'withdrawn', 'result_recalled',
  'payment_reversed'];

/** Fills the form of that kind and sends it with the keyboard; grave acts are confirmed. */
async function press(page, kind, typed = {}) {
  const form = page.locator(`form.act:has(input[name=kind][value="${kind}"])`);
  const folded = page.locator('details:not([open])').filter({ has: form });
  if ((await folded.count()) > 0) await folded.locator('summary').press('Enter');
  for (const [name, value] of Object.entries(typed)) {
    const field = form.locator(`[name="${name}"]`);
    const tag = await field.evaluate((each) => `${each.tagName} ${each.type}`);
    if (tag.startsWith('SELECT')) await field.selectOption(value);
    else if (tag.endsWith('checkbox')) await field.press(' ');
    else await field.fill(value);
  }
  await form.locator('button.primary').press('Enter');
  if (GRAVE.includes(kind)) {
    await page.waitForURL(/\/events/);
    await page.locator('.confirm [name=_sure]').press('Enter');
  }
  await page.waitForURL((url) => !url.pathname.endsWith('/events'));
  assert.equal(await page.locator('.notice.late').count(), 0, kind);
}

/** A dossier of the page's own office, opened. */
async function opened(page, name) {
  const dossier = await receive(page, name);
  await page.goto(`/dossiers/${dossier.id}`);
  return dossier;
}

async function record(page, { id }) {
  const { body } = await api(page, 'GET', `/dossiers/${id}`);
  return body;
}

/** The text of one form on paper. */
async function printed(page, { id }, form) {
  await page.goto(`/api/v1/dossiers/${id}/slip?form=${form}&paper=a4`);
  const text = await page.locator('main').innerText();
  await page.goto(`/dossiers/${id}`);
  return text;
}

test('a dossier lives from its reception to the return of a result that was recalled once',
  async () => {
    const page = await desk();
    const { unit } = await office();
    const dossier = await opened(page, 'Lê Thị Đời');
    await press(page, 'handed_over', { to_unit: unit, note: 'Kèm bản vẽ' });
    const sheet = page.locator('table.control');
    assert.match(await sheet.innerText(), /Chưa nhận/);
    await press(page, 'taken_over');
    assert.doesNotMatch(await sheet.innerText(), /Chưa nhận/);
    const [line] = (await record(page, dossier)).control_sheet;
    assert.equal(line.given_by, line.taken_by);
    assert.ok((await sheet.innerText()).includes(line.given_by));
    const paper = await printed(page, dossier, '06');
    assert.ok(paper.includes(`Người giao: ${line.given_by}`), paper);
    assert.ok(paper.includes(`Người nhận: ${line.taken_by}`), paper);
    const person = page.locator('form.act:has([value=assigned]) [name=person] option');
    await press(page, 'assigned', { person: await person.first().getAttribute('value') });
    await press(page, 'supplement_requested', { 'papers.0.name': 'CCCD', reason: 'Thiếu' });
    assert.match(await printed(page, dossier, '02'), /Thiếu/);
    await press(page, 'supplemented', { 'listed.0.chosen': 'on' });
    await press(page, 'fee_added', { name: 'Lệ phí', amount: '8.000đ' });
    await press(page, 'payment_requested', { amount: '8 000', pauses: 'on' });
    await press(page, 'paid', { amount: '8.000', method: 'cash' });
    await press(page, 'extended', { due_at: '01/06/2027 17:00', reason: 'Xác minh thực địa' });
    assert.match(await printed(page, dossier, '04'), /Xác minh thực địa/);
    await press(page, 'refused', { reason: 'Không đủ điều kiện' });
    await press(page, 'result_ready', { number: '1/TB-UBND', date: '24/11/2026' });
    await press(page, 'result_recalled', { reason: 'Sai căn cứ' });
    await press(page, 'approved', { note: 'Đủ điều kiện' });
    await press(page, 'result_ready', { number: '2/QĐ-UBND', date: '25112026' });
    await press(page, 'result_sent', { post: 'on', tracking: 'EB123' });
    await press(page, 'result_arrived');
    await press(page, 'returned',
      { receiver: 'Lê Thị Đời', evidence: 'Chữ ký', channel: 'desk' });
    assert.equal((await record(page, dossier)).status, 'returned');
    await accessible(page);
    await page.context().close();
  });

/** Opens the form of that kind and gives the field for the reason. */
async function reason(page, kind) {
  const form = page.locator(`form.act:has(input[name=kind][value="${kind}"])`);
  const folded = page.locator('details:not([open])').filter({ has: form });
  if ((await folded.count()) > 0) await folded.locator('summary').press('Enter');
  return form.locator('[name=reason]');
}

test('a reason that was typed outlives a tab that is killed and is gone once it is sent',
  async () => {
    const page = await desk();
    await page.clock.install();
    const dossier = await opened(page, 'Lê Thị Dở Dang');
    const kept = page.waitForResponse((answer) => answer.ok() && answer.request().method() === 'PUT'
      && answer.url().includes('/drafts/'));
    await (await reason(page, 'not_accepted')).fill('Không thuộc thẩm quyền của đặc khu');
    await page.clock.runFor(2000);
    await kept;
    const context = page.context();
    const crashed = page.waitForEvent('crash');
    page.goto('chrome://crash').catch(() => {});
    await crashed;
    const next = await context.newPage();
    await next.goto(`/dossiers/${dossier.id}`);
    const field = await reason(next, 'not_accepted');
    assert.equal(await field.inputValue(), 'Không thuộc thẩm quyền của đặc khu');
    assert.ok(await next.getByText('Đã khôi phục nội dung nhập dở').isVisible());
    await accessible(next);
    await press(next, 'not_accepted');
    assert.equal((await record(next, dossier)).status, 'not_accepted');
    assert.equal(await next.getByText('Đã khôi phục').count(), 0);
    const draft = `/drafts/act-${dossier.id}-not_accepted`;
    assert.equal((await api(next, 'GET', draft)).status, 404);
    await context.close();
  });

test('a dossier is stopped, resumed and withdrawn, each after it was said once more', async () => {
  const page = await desk({ javaScriptEnabled: false, viewport: { width: 320, height: 640 } });
  const { unit } = await office();
  const dossier = await opened(page, 'Lê Văn Dừng');
  await press(page, 'handed_over', { to_unit: unit });
  await press(page, 'taken_over');
  await press(page, 'stopped', { reason: 'Chờ kết luận tranh chấp' });
  assert.match(await printed(page, dossier, '05'), /Chờ kết luận tranh chấp/);
  await press(page, 'resumed', { reason: 'Đã có kết luận' });
  const form = page.locator('form.act:has(input[name=kind][value=withdrawn])');
  await page.locator('details').filter({ has: form }).locator('summary').press('Enter');
  await form.locator('[name=reason]').fill('Người nộp xin rút về bổ sung');
  await form.locator('button.primary').press('Enter');
  await page.locator('.confirm').waitFor();
  const said = await page.locator('.confirm .lead').innerText();
  for (const part of [dossier.code, 'Lê Văn Dừng', 'không còn hiệu lực']) {
    assert.ok(said.includes(part), said);
  }
  await page.locator('[name=_do]').press('Enter');
  assert.equal(await form.locator('[name=reason]').inputValue(), 'Người nộp xin rút về bổ sung');
  assert.equal((await record(page, dossier)).status, 'processing');
  await form.locator('button.primary').press('Enter');
  await page.locator('.confirm [name=_sure]').press('Enter');
  await page.waitForURL((url) => !url.pathname.endsWith('/events'));
  assert.equal((await record(page, dossier)).status, 'withdrawn');
  await page.context().close();
});

test('a dossier is turned away at the desk on form 03, and that is no refusal to grant',
  async () => {
    const page = await desk();
    const dossier = await opened(page, 'Lê Thị Khác');
    const withheld = page.locator('details.withheld');
    await withheld.locator('summary').press('Enter');
    const said = await withheld.innerText();
    assert.match(said, /Chỉ làm được[^.]*\.\s+[^.]*Từ chối giải quyết \(sau thẩm định\)/);
    await accessible(page);
    const form = page.locator('form.act:has(input[name=kind][value=not_accepted])');
    await page.locator('details').filter({ has: form }).locator('summary').press('Enter');
    await form.locator('[name=reason]').fill('Không thuộc phạm vi giải quyết');
    await form.locator('button.primary').press('Enter');
    await page.locator('.confirm').waitFor();
    await accessible(page);
    await fitsInWidth(page);
    await page.locator('.confirm [name=_sure]').press('Enter');
    await page.waitForURL((url) => !url.pathname.endsWith('/events'));
    assert.equal((await record(page, dossier)).status, 'not_accepted');
    const history = await page.locator('.history').innerText();
    assert.match(history, /Không tiếp nhận tại quầy/);
    assert.match(await printed(page, dossier, '03'), /Không thuộc phạm vi giải quyết/);
    await page.context().close();
  });
