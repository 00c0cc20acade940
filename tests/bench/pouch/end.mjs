// One end of PouchDB with express-pouchdb over LevelDB, told what to do by lines on its standard
// input. Each change is a document of its own, as PouchDB's guide to conflicts advises for what
// only grows, and is replicated in batches of a thousand.

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import express from 'express';
import expressPouch from 'express-pouchdb';
import PouchDB from 'pouchdb';

const BATCH = 1000;
const DATABASE = 'changes';
// A change of so many characters is a scan: an attachment of its document.
const SCAN = 1_000_000;

const [corpus, data] = process.argv.slice(2);
mkdirSync(data, { recursive: true });
const Pouch = PouchDB.defaults({ prefix: `${data}/` });
const own = new Pouch(DATABASE);

// What express-pouchdb says about itself is not for whoever tells this end what to do.
const say = process.stdout.write.bind(process.stdout);
console.log = console.error;

function read(set) {
  const lines = readFileSync(join(corpus, `${set}.tsv`), 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [document, hash, deps, at, change] = line.split('\t');
    const named = { _id: `${document}:${hash}`, deps: deps.split(','), at: Number(at) };
    if (change.length < SCAN) return { ...named, change };
    const scan = { content_type: 'application/pdf', data: change };
    return { ...named, _attachments: { scan } };
  });
}

async function take(set) {
  const changes = read(set);
  for (let from = 0; from < changes.length; from += BATCH) {
    const taken = await own.bulkDocs(changes.slice(from, from + BATCH));
    const refused = taken.find((one) => one.error);
    if (refused) throw new Error(JSON.stringify(refused));
  }
}

async function lacks(sets) {
  const wanted = sets.flatMap((set) => read(set).map((change) => change._id));
  const { rows } = await own.allDocs();
  const held = new Set(rows.map((row) => row.id));
  return wanted.filter((id) => !held.has(id)).length;
}

function listen() {
  const app = express();
  app.use('/', expressPouch(Pouch, { mode: 'minimumForPouchDB', inMemoryConfig: true }));
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}

// A replication that breaks off is begun anew; it goes on from its last checkpoint.
async function sync(port) {
  const there = new PouchDB(`http://127.0.0.1:${port}/${DATABASE}`);
  for (;;) {
    try {
      await own.sync(there, { batch_size: BATCH });
      break;
    } catch (error) {
      console.error(error);
    }
  }
  await there.close();
}

// What is asked for, whatever else is on its way.
async function fetch(port, sets) {
  do await sync(port);
  while ((await lacks(sets)) > 0);
}

const verbs = {
  take: async ([set]) => take(set),
  listen: async () => listen(),
  expect: async () => {},
  sync: async ([port]) => sync(port),
  fetch: async ([port, ...sets]) => fetch(port, sets),
  complete: async () => {},
  lacks: async (sets) => lacks(sets),
  part: async () => {},
};

say('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [verb, ...words] = line.split(' ');
  const answer = await verbs[verb](words);
  say(`${answer ?? 'done'}\n`);
}
await own.close();
process.exit(0);
