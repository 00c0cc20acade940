// The training realm: that nobody takes it for a real one, and that its exercises tick themselves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './ending.mjs';
import { LANGUAGES, accessible, api } from './desk.mjs';
import { trainee } from './training.mjs';

/** The words on the chips of an exercise's steps. */
async function steps(page, exercise) {
  await page.goto('/practise');
  return page.locator(`#${exercise} .ticks .chip`).allInnerTexts();
}

/** The element, hatched also where backgrounds are left out of a print. */
function isHatched(page, selector) {
  return page.locator(selector).first().evaluate((element) => {
    const style = getComputedStyle(element);
    const exact = style.printColorAdjust ?? style.webkitPrintColorAdjust;
    return style.backgroundImage.startsWith('repeating-linear-gradient') && exact === 'exact';
  });
}

test('whoever receives a dossier and prints its slip sees the first exercise ticked', async () => {
  const page = await trainee();
  const other = await trainee({ user: 'hocvien2' });
  assert.deepEqual(await steps(page, 'reception'), ['Chưa làm', 'Chưa làm']);
  await page.locator('#reception a.button').first().press('Enter');
  await page.waitForURL('**/receive');
  await page.waitForFunction(() => document.activeElement?.id === 'r-procedure_code');
  await page.keyboard.type('xac nhan tinh trang hon nhan');
  await page.locator('[role=option]').first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator('[name="applicant.name"]').fill('Trần Thị Tập Sự');
  await page.locator('[name="applicant.address"]').fill('Khu tập huấn');
  await page.keyboard.press('F4');
  await page.waitForURL(/slip\?form=01/);
  assert.match(await page.innerText('body'), /TẬP HUẤN/);
  assert.match(await page.innerText('body'), /Trần Thị Tập Sự/);
  assert.ok(await isHatched(page, '.realm.training'));
  assert.deepEqual(await steps(page, 'reception'), ['Đã xong', 'Đã xong']);
  assert.match(await page.innerText('#reception .chips'), /Hoàn thành lúc/);
  assert.deepEqual(await steps(other, 'reception'), ['Chưa làm', 'Chưa làm']);
  await page.context().close();
  await other.context().close();
});

test('a change of the second machine is chosen between, and the exercise is complete', async () => {
  const page = await trainee({ user: 'hocvien3' });
  const { body } = await api(page, 'GET', '/dossiers?status=accepted&limit=1');
  await page.goto(`/dossiers/${body.items[0].id}`);
  const correcting = page.locator('details:has(input[value=field_corrected])');
  await correcting.locator('summary').press('Enter');
  await correcting.locator('[name=field]').selectOption('applicant.phone');
  await correcting.locator('[name=value]').fill('0911222333');
  await correcting.locator('[name=reason]').fill('Nghe nhầm qua điện thoại');
  await correcting.locator('button').press('Enter');
  await page.locator('text=0911222333').first().waitFor();
  assert.deepEqual(await steps(page, 'conflict'), ['Đã xong', 'Chưa làm', 'Chưa làm']);
  await page.locator('form[action="/practise/colleague"] button').press('Enter');
  const sides = page.locator('.conflicts .side');
  await sides.first().waitFor();
  assert.equal(await sides.count(), 2);
  await accessible(page);
  await sides.filter({ hasText: '0911222333' }).locator('button').press('Enter');
  await page.locator('.conflicts').waitFor({ state: 'detached' });
  assert.deepEqual(await steps(page, 'conflict'), ['Đã xong', 'Đã xong', 'Đã xong']);
  await page.context().close();
});

for (const language of LANGUAGES) {
  test(`every page of a training realm is hatched and open to all in ${language}`, async () => {
    const page = await trainee({ language });
    const administrator = await trainee({ language, user: 'quantri' });
    for (const [at, address] of [
      [page, '/'], [page, '/practise'], [page, '/receive'], [page, '/return'],
      [administrator, '/practise'], [administrator, '/practise/overview'],
      [administrator, '/office'],
    ]) {
      await at.goto(address);
      assert.match(await at.innerText('.realm-strip'), language === 'vi' ? /TẬP HUẤN/ : /TRAINING/);
      assert.ok(await isHatched(at, '.realm-strip'), address);
      await accessible(at);
    }
    await page.context().close();
    await administrator.context().close();
  });
}

test('an administrator who is sure begins again from nothing, and all log in anew', async () => {
  const administrator = await trainee({ user: 'quantri' });
  await administrator.goto('/practise');
  const reset = administrator.locator('details:has([name=sure])');
  await reset.locator('summary').press('Enter');
  await reset.locator('[name=sure]').press('Space');
  await reset.locator('button').press('Enter');
  await administrator.waitForURL('**/log-in');
  await administrator.context().close();
  const page = await trainee();
  assert.deepEqual(await steps(page, 'reception'), ['Chưa làm', 'Chưa làm']);
  const { body } = await api(page, 'GET', '/dossiers?status=all&limit=200');
  assert.equal(body.items.length, 12);
  assert.ok(body.items.every(({ code }) => code.startsWith('H')));
  await page.context().close();
});
