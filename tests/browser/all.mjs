// Every browser test in one process, so that one province and one browser serve them all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './ending.mjs';
import { strayed } from './desk.mjs';

await import('./pages.test.mjs');
await import('./names.test.mjs');
await import('./keys.test.mjs');
await import('./reception.test.mjs');
await import('./return.test.mjs');
await import('./outage.test.mjs');
await import('./life.test.mjs');
await import('./supplement.test.mjs');
await import('./review.test.mjs');
await import('./printed.test.mjs');
await import('./stick.test.mjs');
await import('./practise.test.mjs');

test('during all of this no request left the host and no page was at odds with its policy', () => {
  assert.deepEqual(strayed, []);
});
