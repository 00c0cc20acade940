// Two offices do what excludes each other while neither can hear of the other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './ending.mjs';
import { accessible, desk, office } from './desk.mjs';
import { act, awaited, link, receive } from './dossiers.mjs';

/** Opens the form of that kind, fills in its reason if it asks for one, and sends it. */
async function press(page, id, kind, reason) {
  await page.goto(`/dossiers/${id}`);
  const form = page.locator(`form.act:has(input[name=kind][value="${kind}"])`);
  const folded = page.locator('details:not([open])').filter({ has: form });
  if ((await folded.count()) > 0) await folded.locator('summary').press('Enter');
  if (reason) await form.locator('[name=reason]').fill(reason);
  await form.locator('button').press('Enter');
  if (reason) await page.locator('.confirm [name=_sure]').press('Enter');
  await page.waitForURL((url) => !url.pathname.endsWith('/events'));
}

/** The events of these kinds, as the page's office sees them. */
function ofKinds({ events }, kinds) {
  return events.filter(({ kind }) => kinds.includes(kind));
}

test('an approval and a withdrawal made apart are shown side by side until one is chosen',
  async () => {
    const [here, there] = [await desk({ at: 0 }), await desk({ at: 1 })];
    const [island, town] = [await office(0), await office(1)];
    const dossier = await receive(here, 'Phạm Thị Đôi', { competent_unit: town.unit });
    const { papers } = dossier;
    await act(here, dossier, 'handed_over', { to_unit: town.unit, papers });
    const given = await awaited(there, dossier.id, ({ status }) => status === 'processing');
    await act(there, given, 'taken_over');
    const kinds = ['approved', 'withdrawn'];
    await awaited(here, dossier.id, ({ holder }) => holder === town.unit);
    await Promise.all([link(0, false), link(1, false)]);
    await press(there, dossier.id, 'approved');
    await press(here, dossier.id, 'withdrawn', 'Người nộp đã rời đảo');
    await Promise.all([link(0, true), link(1, true)]);
    const review = ({ needs_review: needed }) => needed;
    const [seen] = await Promise.all([
      awaited(here, dossier.id, review), awaited(there, dossier.id, review)]);
    await here.goto(`/dossiers/${dossier.id}`);
    await accessible(here);
    const sides = await here.locator('.conflicts .side').allInnerTexts();
    assert.equal(sides.length, 2);
    for (const [place, event] of ofKinds(seen, kinds).map((each) => [each.unit, each])) {
      const name = place === island.unit ? island.name : town.name;
      const at = event.at.slice(11, 16);
      const side = sides.find((text) => text.includes(name));
      assert.ok(side?.includes(event.by) && side.includes(at), sides.join('\n\n'));
    }
    const moving = 'form.act input[value=withdrawn], form.act input[value=handed_over]';
    assert.equal(await here.locator(moving).count(), 0, 'nothing moves on before the choice');
    const chosen = here.locator('.side').filter({ hasText: town.name });
    await chosen.locator('button').press('Enter');
    const settled = (now) => !now.needs_review && ofKinds(now, ['conflict_resolved']).length === 1;
    const [mine, theirs] = await Promise.all([
      awaited(here, dossier.id, settled), awaited(there, dossier.id, settled)]);
    for (const now of [mine, theirs]) {
      assert.deepEqual([now.status, now.decision], ['processing', 'approved']);
      const [lost] = ofKinds(now, ['withdrawn']);
      assert.deepEqual([lost.effect, lost.reason], [false, 'outvoted']);
    }
    assert.equal(mine.version, theirs.version);
    for (const page of [here, there]) {
      await page.goto(`/dossiers/${dossier.id}`);
      assert.match(await page.locator('.history').first().innerText(), /bên kia/);
      await page.context().close();
    }
  });
