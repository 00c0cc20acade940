// What is carried by USB between two offices, with the forms of the page.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import './ending.mjs';
import { accessible, api, desk, fitsInWidth, office } from './desk.mjs';
import { awaited, link, receive } from './dossiers.mjs';

/** Brings a file by the form, or presses its button without one. */
async function bring(page, file) {
  await page.goto('/office/stick');
  const mimeType = 'application/octet-stream';
  if (file) await page.setInputFiles('#stick-file', { mimeType, ...file });
  await page.locator('form:has(#stick-file) button').press('Enter');
  await page.locator('.notice').first().waitFor();
  await accessible(page);
  return page.locator('.notice').first();
}

test('a file is made, a damaged one is refused with a sentence and the good one is taken',
  async () => {
    const [here, there] = [await desk(), await desk({ at: 1 })];
    const from = await desk({ user: 'quantri' });
    const to = await desk({ at: 1, user: 'quantri' });
    await link(0, false);
    const { unit } = await office(1);
    const dossier = await receive(here, 'Vũ Thị Mang', { competent_unit: unit });
    await from.goto('/office/stick');
    assert.match(await from.locator('main').innerText(), /[1-9]\d* hồ sơ chờ gửi/);
    await accessible(from);
    const downloading = from.waitForEvent('download');
    await from.locator('a[href="/office/stick/file"]').press('Enter');
    const download = await downloading;
    assert.match(download.suggestedFilename(), /\.hoso$/);
    const buffer = await readFile(await download.path());

    const nothing = await bring(to);
    assert.match(await nothing.innerText(), /Chưa chọn tệp/);
    const damaged = Buffer.from(buffer);
    damaged[damaged.length >> 1] ^= 1;
    const refused = await bring(to, { name: 'hong.hoso', buffer: damaged });
    assert.match(await refused.getAttribute('class'), /late/);
    assert.match(await refused.innerText(), /\S+ \S+/);
    assert.equal((await api(there, 'GET', `/dossiers/${dossier.id}`)).status, 404);

    const taken = await bring(to, { name: 'tot.hoso', buffer });
    assert.match(await taken.getAttribute('class'), /safe/);
    assert.match(await taken.innerText(), /Đã nhận tệp của .*bản ghi mới của \d+ hồ sơ/);
    const read = await awaited(there, dossier.id, () => true);
    assert.equal(read.applicant.name, 'Vũ Thị Mang');
    await to.setViewportSize({ width: 320, height: 640 });
    await fitsInWidth(to);
    await link(0, true);
    await Promise.all([here, there, from, to].map((page) => page.context().close()));
  });
