// Whatever people type stays text, on every page that shows it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './ending.mjs';
import { desk, office, operatorsDesk } from './desk.mjs';
import { withResult } from './dossiers.mjs';

/** Texts that would act if any page took them for markup, a script, a style or an address. */
const CORPUS = [
  '<script>globalThis.struck=1</script>',
  '"><img src=x onerror="globalThis.struck=1">',
  '\'><svg onload=globalThis.struck=1>',
  '</textarea></title></style></template><script>globalThis.struck=1</script>',
  '" autofocus onfocus="globalThis.struck=1" x="',
  'javascript:globalThis.struck=1',
  '<a href="javascript:globalThis.struck=1">x</a><base href="//example.org/">',
  '<iframe srcdoc="<script>parent.struck=1</script>"></iframe>',
  '<form action="//example.org"><button>x</button></form>',
  '{{7*7}} ${7*7} {$about} &lt;b&gt; <!-- ]]>',
  '<style>*{background:url(//example.org/x)}</style>',
  '<math><mtext></form><form><mglyph><style></math><img src onerror=globalThis.struck=1>',
];

/** Fails if a text of the corpus acted, or became an element. */
async function untouched(page) {
  assert.equal(await page.evaluate(() => globalThis.struck), undefined, page.url());
  const made = 'img, svg[onload], iframe[srcdoc], base, math, [onerror], [onfocus], style, ' +
    'script:not([src]), [action^="//"], [href^="javascript:"], [src^="javascript:"]';
  const found = await page.locator(made).evaluateAll((all) => all.map((each) => each.outerHTML));
  assert.deepEqual(found, [], page.url());
}

/** Sends the form as it stands, past what the browser would ask for first. */
async function sendUnchecked(page, form) {
  await Promise.all([
    page.waitForEvent('load'),
    form.evaluate((sent) => HTMLFormElement.prototype.submit.call(sent)),
  ]);
}

/** Fills every empty field of that form in which anything can be typed. */
async function fill(form, text) {
  const fields = form.locator('input[type=text], input:not([type]), textarea');
  for (const field of await fields.all()) {
    if ((await field.isVisible()) && (await field.isEditable())) await field.fill(text);
  }
}

test('no text that is typed at reception acts as anything but text', async () => {
  const page = await desk({ javaScriptEnabled: true });
  for (const text of CORPUS) {
    await page.goto('/receive');
    const form = page.locator('#reception');
    await fill(form, text);
    await sendUnchecked(page, form);
    await untouched(page);
    await page.goto('/receive');
    await form.locator('[name=procedure_code]').evaluate((select) => {
      select.value = '1.001193';
    });
    for (const name of ['applicant.name', 'applicant.address', 'papers.0.name', 'note']) {
      await form.locator(`[name="${name}"]`).evaluate((field, typed) => {
        field.value = typed;
      }, text);
    }
    await sendUnchecked(page, form);
    await page.waitForURL(/dossiers|receive\/./);
    await untouched(page);
    const id = page.url().match(/[0-9a-f]{32}/)[0];
    const shown = [`/dossiers/${id}`, '/', `/?q=${encodeURIComponent(text)}`,
      `/api/v1/dossiers/${id}/slip?form=01&paper=a5`];
    for (const address of shown) {
      await page.goto(address);
      await untouched(page);
    }
    assert.ok((await page.locator('body').innerText()).includes(text.trim()), text);
  }
  await page.context().close();
});

test('no text that is typed into the form of an action acts as anything but text', async () => {
  const page = await desk();
  await page.goto('/');
  const id = (await page.getAttribute('a[href^="/dossiers/"]', 'href')).split('/').pop();
  const kinds = await kindsOf(page, id);
  assert.ok(kinds.includes('noted'), kinds.join());
  for (const [number, text] of CORPUS.entries()) {
    for (const kind of ['noted', ...kinds.slice(number % kinds.length).slice(0, 2)]) {
      await page.goto(`/dossiers/${id}`);
      const form = page.locator(`form:has(input[name=kind][value="${kind}"])`).first();
      if ((await form.count()) === 0) continue;
      await form.evaluate((sent, typed) => {
        const fields = sent.querySelectorAll('input[type=text], textarea');
        for (const field of fields) field.value = typed;
      }, text);
      await sendUnchecked(page, form);
      await untouched(page);
    }
    await page.goto(`/dossiers/${id}`);
    await untouched(page);
    assert.ok((await page.locator('body').innerText()).includes(text.trim()), text);
  }
  await page.context().close();
});

async function kindsOf(page, id) {
  await page.goto(`/dossiers/${id}`);
  const kinds = page.locator('input[name=kind]');
  return [...new Set(await kinds.evaluateAll((all) => all.map((each) => each.value)))];
}

test('no text acts at the return desk, typed there or come from reception', async () => {
  const page = await desk();
  const { unit } = await office();
  for (const [number, text] of CORPUS.entries()) {
    const dossier = await withResult(page, `Trần ${text}`, unit, `${number} ${text}`);
    await page.goto(`/return?q=${encodeURIComponent(text)}`);
    await untouched(page);
    await page.goto(`/return?q=${dossier.code}`);
    await untouched(page);
    const form = page.locator('form:has(input[value=returned])');
    for (const name of ['receiver', 'id_number', 'evidence']) {
      await form.locator(`[name=${name}]`).fill(text);
    }
    await sendUnchecked(page, form);
    await untouched(page);
    await page.goto(`/return?q=${dossier.code}`);
    await untouched(page);
    assert.ok((await page.locator('main').innerText()).includes(text.trim()), text);
  }
  await page.goto('/return');
  await untouched(page);
  await page.context().close();
});

test('no text in an address acts as anything but text', async () => {
  const page = await desk();
  for (const text of CORPUS) {
    const typed = encodeURIComponent(text);
    const addresses = [`/?q=${typed}`, `/?status=${typed}`, `/?due=${typed}`, `/?after=${typed}`,
      `/dossiers/${typed}`, `/log-in?then=${typed}&why=${typed}&kept.note=${typed}`];
    for (const address of addresses) {
      await page.goto(address);
      await untouched(page);
    }
  }
  await page.context().close();
});

test('nothing that is typed on the pages of operators acts as anything but text', async () => {
  const page = await operatorsDesk();
  for (const text of CORPUS) {
    const typed = encodeURIComponent(text);
    for (const address of [`/?q=${typed}`, `/${typed}`, `/alerts/${typed}/acknowledge`]) {
      await page.goto(address);
      await untouched(page);
    }
    await page.goto('/log-in');
    const form = page.locator('form.log-in');
    await form.locator('[name=username]').evaluate((field, name) => {
      field.value = name;
    }, text);
    await sendUnchecked(page, form);
    await untouched(page);
  }
  await page.context().close();
});
