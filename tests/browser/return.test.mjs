// The return desk: what is handed over, what is owed, and that it is handed over once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './ending.mjs';
import { accessible, api, desk, fitsInWidth, office } from './desk.mjs';
import { act, receive, withResult } from './dossiers.mjs';

/** A scanner types what stands in the code of a slip, and ends the line. */
async function scan(page, dossier) {
  await page.locator('#q').fill('');
  await page.keyboard.type(`${dossier.code}|K7Q2`);
  await page.keyboard.press('Enter');
  await page.locator('.hand-over').waitFor();
}

test('a slip is scanned, the result handed over once, and a second return refused at once',
  async () => {
    const page = await desk();
    const { unit } = await office();
    const dossier = await withResult(page, 'Trần Thị Trả', unit, '11/QĐ-UBND');
    const other = await desk();
    await page.goto('/return');
    await scan(page, dossier);
    await accessible(page);
    assert.match(await page.locator('.counter').innerText(), /11\/QĐ-UBND, 24\/11\/2026/);
    assert.equal(await page.inputValue('[name=receiver]'), 'Trần Thị Trả');
    await other.goto('/return');
    await scan(other, dossier);
    await page.locator('button.primary').press('Enter');
    await page.locator('.hand-over.done').waitFor();
    assert.match(await page.locator('.hand-over').innerText(), /Đã trả cho Trần Thị Trả/);
    await accessible(page);
    const { body } = await api(page, 'GET', `/dossiers/${dossier.id}`);
    assert.equal(body.status, 'returned');

    await other.locator('button.primary').press('Enter');
    await other.locator('.notice.late').waitFor();
    assert.match(await other.locator('.hand-over').innerText(), /Không trả lần nữa/);
    assert.equal(await other.locator('button.primary').count(), 0);
    const after = await api(page, 'GET', `/dossiers/${dossier.id}`);
    assert.equal(after.body.events.filter((event) => event.kind === 'returned').length, 1);
    // Whoever was served may say how it was; nobody is asked twice.
    await page.locator('.rating button[value=good]').press('Enter');
    await page.locator('.notice.safe').waitFor();
    await accessible(page);
    assert.equal(await page.locator('.rating').count(), 0);
    await page.context().close();
    await other.context().close();
  });

test('what is owed is said and collected before the result goes out by post', async () => {
  const page = await desk();
  const { unit } = await office();
  let dossier = await withResult(page, 'Trần Văn Nợ', unit, '12/QĐ-UBND');
  dossier = await act(page, dossier, 'fee_added', { name: 'Lệ phí', amount: 8000 });
  await page.goto('/return');
  await scan(page, dossier);
  assert.match(await page.locator('.owed').innerText(), /8\.000/);
  const paying = page.locator('form:has(input[value=paid])');
  await page.locator('[name=receiver]').fill('Trần Thị Thay');
  await page.locator('[name=id_number]').fill('022185000123');
  await paying.locator('[name=method]').selectOption('cash');
  await paying.locator('button').press('Enter');
  await page.locator('.owed').waitFor({ state: 'detached' });
  assert.equal(await page.inputValue('[name=receiver]'), 'Trần Thị Thay');
  assert.equal(await page.inputValue('[name=id_number]'), '022185000123');
  const returning = page.locator('form:has(input[value=returned])');
  await returning.locator('[name=channel]').selectOption('post');
  await returning.locator('[name=evidence]').fill('Phiếu gửi EB123');
  await returning.locator('button').press('Enter');
  await page.locator('.hand-over.done').waitFor();
  assert.equal(await page.locator('.rating').count(), 0, 'nobody is there to be asked');
  const { body } = await api(page, 'GET', `/dossiers/${dossier.id}`);
  assert.equal(body.events.at(-1).body.channel, 'post');
  await page.context().close();
});

test('results that nobody has collected are listed, and what is not ready says why', async () => {
  const page = await desk({ viewport: { width: 320, height: 640 } });
  const { unit } = await office();
  const ready = await withResult(page, 'Trần Thị Chờ', unit, '13/QĐ-UBND');
  await page.goto('/return');
  await accessible(page);
  await fitsInWidth(page);
  await page.getByRole('link', { name: ready.code }).press('Enter');
  await page.locator('.hand-over').waitFor();
  await fitsInWidth(page);
  const early = await receive(page, 'Trần Thị Sớm');
  await page.goto('/return');
  await scan(page, early);
  assert.match(await page.locator('.hand-over').innerText(), /Chưa trả được: Được tiếp nhận/);
  assert.equal(await page.locator('button.primary').count(), 0);
  await page.goto('/return?q=H49-20260101-9999999');
  await page.locator('.notice.late').waitFor();
  await accessible(page);
  await page.context().close();
});
