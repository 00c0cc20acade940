// Dossiers that tests need, made through the API as any program would make them.
import assert from 'node:assert/strict';
import { api, desk } from './desk.mjs';

/** How long something may be on its way between two offices of a busy machine. */
const ON_ITS_WAY_MS = 90_000;

/** A dossier received at the office of that page. */
export async function receive(page, name, more = {}) {
  const applicant = { kind: 'person', name, id_number: '', birth_date: '', phone: '', email: '',
    address: 'Thôn 2, đặc khu Cô Tô' };
  const papers = [{ name: 'Tờ khai', originals: 1, certified_copies: 0, photocopies: 0 }];
  const body = { procedure_code: '1.001193', applicant, channel: 'counter', papers, ...more };
  const key = { 'idempotency-key': encodeURIComponent(`received ${name}`) };
  const { status, body: dossier } = await api(page, 'POST', '/dossiers', body, key);
  assert.equal(status, 201, JSON.stringify(dossier));
  return dossier;
}

/** One action on a dossier as it was last seen; the dossier as it is then. */
export async function act(page, dossier, kind, fields = {}) {
  const body = { kind, base: dossier.version, ...fields };
  const key = { 'idempotency-key': `${dossier.id} ${kind} ${dossier.version}` };
  const answer = await api(page, 'POST', `/dossiers/${dossier.id}/events`, body, key);
  assert.equal(answer.status, 201, `${kind}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** A dossier whose result is ready at the office that received it. */
export async function withResult(page, name, unit, number) {
  let dossier = await receive(page, name);
  const { papers } = dossier;
  dossier = await act(page, dossier, 'handed_over', { to_unit: unit, papers });
  dossier = await act(page, dossier, 'taken_over');
  dossier = await act(page, dossier, 'approved');
  return act(page, dossier, 'result_ready', { number, date: '2026-11-24', files: [] });
}

/** Switches the link of an office, as its administrator. */
export async function link(at, enabled) {
  const administrator = await desk({ at, user: 'quantri' });
  const { status } = await api(administrator, 'PUT', '/link', { enabled });
  assert.equal(status, 200);
  await administrator.context().close();
}

/** The dossier at that page's office, asked for until `holds` says so. */
export async function awaited(page, id, holds) {
  const until = Date.now() + ON_ITS_WAY_MS;
  while (Date.now() < until) {
    const { status, body } = await api(page, 'GET', `/dossiers/${id}`);
    if (status === 200 && holds(body)) return body;
  }
  return assert.fail(`${id} did not become so`);
}
