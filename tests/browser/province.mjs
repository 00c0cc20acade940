// A trial province for the browser: the real relay and offices, started by the demo's own command.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
// The relay's pages, its QUIC port and the three offices.
const PORTS = 5;
const DOSSIERS = 12;

let running;

/** What `demo.json` says of the province; the first caller starts it. */
export function province() {
  running ??= start();
  return running.then(({ facts }) => facts);
}

/** Ends the province and leaves nothing behind. */
export async function stopProvince() {
  if (!running) return;
  const { demo, directory } = await running;
  const ended = new Promise((resolve) => demo.once('exit', resolve));
  if (demo.exitCode === null) {
    demo.kill('SIGTERM');
    await ended;
  }
  await rm(directory, { recursive: true, force: true });
}

async function start() {
  const directory = await mkdtemp(join(tmpdir(), 'hoso-browser-'));
  const base = await freePorts();
  const demo = spawn(
    join(PROJECT, 'deploy/demo'),
    ['--dir', directory, '--port-base', String(base), '--no-browser',
      '--seed-dossiers', String(DOSSIERS)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  await ready(demo);
  const facts = JSON.parse(await readFile(join(directory, 'demo.json'), 'utf8'));
  return { demo, directory, facts };
}

/** Resolves when the demo has announced itself. */
function ready(demo) {
  let said = '';
  return new Promise((resolve, reject) => {
    const hear = (bytes) => {
      said += bytes;
      if (said.includes('demo.json')) resolve();
    };
    demo.stdout.on('data', hear);
    demo.stderr.on('data', hear);
    demo.once('exit', (code) => reject(new Error(`deploy/demo ended with ${code}: ${said}`)));
  });
}

/** The first of ports in a row that the system says are free. */
async function freePorts() {
  for (;;) {
    const first = await tryPort(0);
    if (first + PORTS > 65000) continue;
    const rest = Array.from({ length: PORTS - 1 }, (_, step) => tryPort(first + step + 1));
    if ((await Promise.all(rest)).every(Boolean)) return first;
  }
}

/** Listens on a port for a moment: the port, or nothing if it is taken. */
export function tryPort(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const { port: taken } = server.address();
      server.close(() => resolve(taken));
    });
  });
}
