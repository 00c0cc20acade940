// Reception by keyboard alone: how many keys and waits it takes, and that nothing is lost or done
// twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './ending.mjs';
import { accessible, api, desk, fitsInWidth } from './desk.mjs';

/** Keys that a reception may take besides free text. */
const KEYS_MAX = 60;
/** An old office PC: its processor is so much slower than this one. */
const SLOWER = 6;

/** A keyboard that counts: keys pressed, and apart from them characters of free text. */
class Hands {
  constructor(page) {
    this.page = page;
    this.keys = 0;
    this.text = 0;
    this.waits = 0;
    page.on('domcontentloaded', () => {
      this.waits += 1;
    });
  }

  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
    this.keys += keys.length;
  }

  /** Digits and search words, which count as keys. */
  async type(text) {
    await this.page.keyboard.type(text);
    this.keys += [...text].length;
  }

  /** Names and addresses, which nobody can shorten. */
  async write(text) {
    await this.page.keyboard.type(text);
    this.text += [...text].length;
  }

  told(what) {
    const { keys, text, waits } = this;
    process.stdout.write(
      `  ${what}: ${keys} keys, ${text} characters of free text, ${waits} page waits\n`,
    );
  }
}

/** What a scanner types for a card: NFD and capitals, as cards and cheap scanners have it. */
function card(number, name, more = '') {
  const plain = `${number}|022085123|${name}|05031985|Nam|Thôn Trường Xuân, Cô Tô, Quảng Ninh|` +
    `10052021${more}`;
  return plain.normalize('NFD').toUpperCase();
}

/** Types as a scanner does, a key each five milliseconds by the clock of the keyboard. */
async function scan(page, text) {
  const session = await page.context().newCDPSession(page);
  let timestamp = Date.now() / 1000;
  const press = (key, more) => {
    timestamp += 0.005;
    return [
      session.send('Input.dispatchKeyEvent', { type: 'keyDown', key, timestamp, ...more }),
      session.send('Input.dispatchKeyEvent', { type: 'keyUp', key, timestamp }),
    ];
  };
  const keys = [...text].flatMap((key) => press(key, { text: key, unmodifiedText: key }));
  const end = { text: '\r', code: 'Enter', windowsVirtualKeyCode: 13 };
  await Promise.all([...keys, ...press('Enter', end)]);
  await session.detach();
}

/** A dossier of somebody who has been here before, received through the API. */
async function knownApplicant(page, id_number, name) {
  const applicant = { kind: 'person', name, id_number, birth_date: '1985-11-24',
    phone: '0912345678', email: '', address: 'Thôn 2, đặc khu Cô Tô' };
  const papers = [{ name: 'Tờ khai', originals: 1, certified_copies: 0, photocopies: 0 }];
  const body = { procedure_code: '1.000656', applicant, channel: 'counter', papers };
  const key = { 'idempotency-key': `known ${id_number}` };
  const { status } = await api(page, 'POST', '/dossiers', body, key);
  assert.equal(status, 201);
}

/** Reception opened as by the link of the frame, on a slow machine. */
async function reception(settings = {}) {
  const page = await desk(settings);
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  const hands = new Hands(page);
  await page.goto('/receive');
  await focused(page, 'r-procedure_code');
  return { page, hands };
}

const focused = (page, id) =>
  page.waitForFunction((wanted) => document.activeElement?.id === wanted, id);
const value = (page, name) => page.locator(`[name="${name}"]`).inputValue();
const saidNow = (page, text) =>
  page.waitForFunction((part) => document.getElementById('said').textContent.includes(part), text);

/** Resolves when this machine has kept a draft with that text. */
const kept = (page, text) => page.waitForResponse((answer) =>
  answer.ok() && answer.request().method() === 'PUT' && answer.url().includes('/drafts/') &&
  answer.request().postData().includes(text));

async function received(page) {
  await page.waitForURL(/\/dossiers\/[0-9a-f]{32}$/);
  const { body } = await api(page, 'GET', `/dossiers/${page.url().split('/').pop()}`);
  return body;
}

async function count(page, q) {
  const { body } = await api(page, 'GET', `/dossiers?limit=200&q=${encodeURIComponent(q)}`);
  return body.items.length;
}

test('a new applicant is received with at most 60 keys besides free text', async () => {
  const { page, hands } = await reception();
  await hands.type('khai tu');
  await page.locator('[role=option]').first().waitFor();
  await hands.press('Enter');
  await focused(page, 'r-applicant.id_number');
  await hands.type('022185000911');
  await hands.press('Tab');
  await hands.write('Đinh Thị Mới');
  await hands.press('Tab');
  await hands.type('24111985');
  await hands.press('Tab');
  await hands.type('0912345678');
  await hands.press('Tab');
  await hands.write('Thôn 2, đặc khu Cô Tô');
  await page.locator('#aside dd', { hasText: 'Thôn 2, đặc khu Cô Tô' }).waitFor();
  await hands.press('Enter');
  const dossier = await received(page);
  hands.told('new applicant');
  assert.equal(dossier.procedure.code, '1.000656');
  assert.equal(dossier.applicant.name, 'Đinh Thị Mới');
  assert.equal(dossier.applicant.birth_date, '1985-11-24');
  assert.deepEqual(dossier.papers.map((paper) => paper.name), ['Tờ khai', 'Giấy báo tử']);
  assert.ok(hands.keys <= KEYS_MAX, String(hands.keys));
  assert.equal(hands.waits, 2, 'the form and the receipt');
  await page.context().close();
});

test('a procedure is found by what is typed raw, in Telex and in VNI', async () => {
  const { page, hands } = await reception();
  for (const raw of ['khai tuwr', 'khai tu73']) {
    await page.goto('/receive');
    await focused(page, 'r-procedure_code');
    await hands.type(raw);
    await hands.press('Enter');
    await focused(page, 'r-applicant.id_number');
    assert.equal(await value(page, 'procedure_code'), '1.000656', raw);
  }
  await page.goto('/receive');
  await focused(page, 'r-procedure_code');
  const asked = page.waitForResponse((answer) => answer.url().includes('/procedures?q='));
  await hands.type('khai xyz');
  assert.deepEqual((await (await asked).json()).items, []);
  assert.equal(await page.locator('[role=option]').count(), 0);
  await page.context().close();
});

test('a known applicant is filled in from the number alone', async () => {
  const { page, hands } = await reception();
  await knownApplicant(page, '022185000912', 'Đinh Thị Quen');
  await hands.type('1.001193');
  await page.locator('[role=option]').first().waitFor();
  await hands.press('Enter');
  await focused(page, 'r-applicant.id_number');
  await hands.type('022185000912');
  await saidNow(page, 'Đinh Thị Quen');
  await hands.press('Enter');
  const dossier = await received(page);
  hands.told('known applicant');
  assert.equal(dossier.applicant.name, 'Đinh Thị Quen');
  assert.equal(dossier.applicant.phone, '0912345678');
  assert.equal(dossier.applicant.address, 'Thôn 2, đặc khu Cô Tô');
  assert.equal(dossier.applicant.birth_date, '1985-11-24');
  assert.ok(hands.keys <= KEYS_MAX, String(hands.keys));
  await page.context().close();
});

test('a card that is scanned fills its fields and never ends up in a field', async () => {
  const { page } = await reception();
  const cards = [
    [card('022085000777', 'Nguyễn Văn Quét'), 'Nguyễn Văn Quét', 'r-procedure_code'],
    [card('022085000778', "H'Mai Đường Thị Ở", '||NGUYỄN VĂN CHA|TRẦN THỊ MẸ|'),
      "H'Mai Đường Thị Ở", 'r-applicant.address'],
    [card('022085000779', 'Lò Y'), 'Lò Y', 'r-sets'],
    [card('022085000780', 'Tằng A Sáng'), 'Tằng A Sáng', 'r-result_channel'],
  ];
  for (const [text, name, at] of cards) {
    await page.locator(`[id="${at}"]`).focus();
    const before = await page.locator(`[id="${at}"]`).inputValue();
    await scan(page, text);
    await saidNow(page, name);
    assert.equal(await value(page, 'applicant.name'), name);
    assert.equal(await value(page, 'applicant.id_number'), text.slice(0, 12));
    assert.equal(await value(page, 'applicant.birth_date'), '05/03/1985');
    assert.match((await value(page, 'applicant.address')).toLowerCase(), /thôn trường xuân/);
    if (!at.includes('applicant')) {
      assert.equal(await page.locator(`[id="${at}"]`).inputValue(), before);
    }
    const typed = await page.locator('#reception input, #reception textarea').evaluateAll((all) =>
      all.filter((field) => field.value.includes('|')).map((field) => field.name));
    assert.deepEqual(typed, []);
  }
  assert.match(page.url(), /\/receive/, 'the key at the end of a scan sends nothing');
  await page.locator('summary').first().press('Enter');
  await page.locator('[id="r-owner.phone"]').focus();
  await scan(page, card('022085000781', 'Phùn Thị Chủ'));
  await saidNow(page, 'Phùn Thị Chủ');
  assert.equal(await value(page, 'owner.name'), 'Phùn Thị Chủ');
  assert.equal(await value(page, 'owner.phone'), '');
  assert.equal(await value(page, 'applicant.name'), 'Tằng A Sáng');
  await page.context().close();
});

test('a code that is no card changes nothing and says so', async () => {
  const { page } = await reception();
  await page.locator('[id="r-applicant.name"]').fill('Giữ Nguyên');
  await scan(page, '022085000777|XE MÁY|14B1');
  await saidNow(page, 'không phải');
  assert.equal(await value(page, 'applicant.name'), 'Giữ Nguyên');
  assert.equal(await value(page, 'applicant.id_number'), '');
  await page.context().close();
});

test('what was typed is kept within two seconds and outlives a tab that is killed', async () => {
  const page = await desk();
  await page.clock.install();
  await page.goto('/receive');
  await focused(page, 'r-procedure_code');
  await page.keyboard.type('1004837');
  await page.locator('[role=option]').first().waitFor();
  await page.keyboard.press('Enter');
  await focused(page, 'r-applicant.id_number');
  await page.locator('[id="r-applicant.name"]').fill('Vi Thị Dở Dang');
  const saved = kept(page, 'Bản cũ');
  await page.locator('[id="r-applicant.address"]').fill('Bản cũ');
  await page.clock.runFor(2000);
  await saved;
  const context = page.context();
  const crashed = page.waitForEvent('crash');
  page.goto('chrome://crash').catch(() => {});
  await crashed;
  const next = await context.newPage();
  await next.goto('/receive');
  await accessible(next);
  await next.getByRole('link', { name: 'Vi Thị Dở Dang' }).press('Enter');
  await next.waitForURL(/draft=/);
  assert.equal(await value(next, 'applicant.name'), 'Vi Thị Dở Dang');
  assert.equal(await value(next, 'applicant.address'), 'Bản cũ');
  assert.equal(await value(next, 'procedure_code'), '1.004837');
  await next.locator('[id="r-applicant.address"]').press('Enter');
  assert.equal((await received(next)).applicant.name, 'Vi Thị Dở Dang');
  await next.goto('/receive');
  assert.equal(await next.getByRole('link', { name: 'Vi Thị Dở Dang' }).count(), 0);
  await context.close();
});

test('a form that is sent twice in one moment makes one dossier', async () => {
  const { page } = await reception();
  await page.keyboard.type('khai sinh');
  await page.locator('[role=option]').first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator('[id="r-applicant.name"]').fill('Chìu Hai Lần');
  await Promise.all([
    page.keyboard.press('Enter'), page.keyboard.press('Enter'), page.keyboard.press('Enter'),
  ]);
  await received(page);
  assert.equal(await count(page, 'Chìu Hai Lần'), 1);
  await page.goBack();
  await page.locator('[id="r-applicant.name"]').waitFor();
  await page.context().close();

  const plain = await desk({ javaScriptEnabled: false });
  await plain.goto('/receive');
  await plain.selectOption('[name=procedure_code]', '1.001193');
  await plain.fill('[name="applicant.name"]', 'Chìu Không Script');
  await plain.fill('[name="papers.0.name"]', 'Tờ khai');
  const save = plain.locator('button[value=save]');
  await save.dblclick();
  await plain.waitForURL(/\/dossiers\/[0-9a-f]{32}$/);
  assert.equal(await count(plain, 'Chìu Không Script'), 1);
  await plain.context().close();
});

test('a paper slip of a dark office is entered with its true time', async () => {
  const { page } = await reception();
  await page.keyboard.type('1.001022');
  await page.locator('[role=option]').first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator('[id="r-applicant.name"]').fill('Hoàng Thị Bão');
  await page.locator('summary', { hasText: 'bằng giấy' }).press('Enter');
  await page.locator('[id="r-paper_reference"]').fill('CT-000123');
  await page.locator('[id="r-received_at"]').fill('20112026 1000');
  await page.locator('[id="r-reason"]').fill('Mất điện');
  await page.waitForFunction(() =>
    document.querySelector('.due-line').textContent.includes('26/11/2026'));
  assert.match(await page.locator('.why').innerText(), /3 ngày làm việc.*24\/11/);
  await page.locator('[id="r-reason"]').press('Enter');
  const dossier = await received(page);
  assert.equal(dossier.received_at, '2026-11-20T10:00:00+07:00');
  assert.equal(dossier.due_at, '2026-11-26T17:00:00+07:00');
  await page.context().close();
});

test('what is wrong stands beside its field and in a summary that takes the focus', async () => {
  const { page } = await reception();
  await page.locator('[id="r-applicant.address"]').fill('Khu 1');
  await page.locator('[id="r-applicant.address"]').press('Enter');
  await focused(page, 'summary');
  await accessible(page);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await focused(page, 'r-procedure_code');
  assert.equal(await page.getAttribute('[id="r-procedure_code"]', 'aria-invalid'), 'true');
  assert.equal(await value(page, 'applicant.address'), 'Khu 1');
  await page.context().close();
});

test('a second dossier of one person for one procedure is hinted at, never blocked', async () => {
  const { page } = await reception();
  await knownApplicant(page, '022185000913', 'Đinh Thị Trùng');
  await page.keyboard.type('1.000656');
  await page.locator('[role=option]').first().waitFor();
  await page.keyboard.press('Enter');
  await focused(page, 'r-applicant.id_number');
  await page.keyboard.type('022185000913');
  await page.locator('.hints a').waitFor();
  assert.match(await page.locator('.hints').innerText(), /Có thể trùng: Đinh Thị Trùng/);
  await accessible(page);
  await page.locator('[id="r-applicant.name"]').press('Enter');
  await received(page);
  await page.context().close();
});

test('the key F4 saves, prints the slip and goes on with the next reception', async () => {
  const { page } = await reception();
  await page.addInitScript(() => {
    globalThis.print = () => {
      sessionStorage.setItem('printed', document.querySelector('.code').textContent);
      globalThis.dispatchEvent(new Event('afterprint'));
    };
  });
  await page.keyboard.type('1.001193');
  await page.locator('[role=option]').first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator('[id="r-applicant.name"]').fill('Lỷ Thị In');
  await page.keyboard.press('F4');
  await page.waitForURL(/after=/);
  const code = await page.evaluate(() => sessionStorage.getItem('printed'));
  const told = await page.locator('.received-before').innerText();
  assert.match(told, /Lỷ Thị In/);
  assert.ok(code.includes(told.match(/[A-Z0-9.]+-\d{8}-\d{7}/)[0]), `${code} ${told}`);
  await focused(page, 'r-procedure_code');
  await page.click('.received-before a');
  assert.equal((await received(page)).events.at(-1).kind, 'printed');
  await page.context().close();
});

test('the lists of the form are shown within the page and to screen readers', async () => {
  for (const viewport of [{ width: 320, height: 640 }, { width: 1366, height: 768 }]) {
    const page = await desk({ viewport });
    await page.goto('/receive');
    await focused(page, 'r-procedure_code');
    await page.keyboard.press('ArrowDown');
    await page.locator('[role=option]').first().waitFor();
    await accessible(page);
    await fitsInWidth(page);
    const active = await page.getAttribute('[id="r-procedure_code"]', 'aria-activedescendant');
    assert.equal(await page.getAttribute(`[id="${active}"]`, 'aria-selected'), 'true');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('[role=option]:visible').count(), 0);
    await page.context().close();
  }
});
