// A training realm for the browser: the real program, started by its own command.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { logIn, profile } from './desk.mjs';
import { tryPort } from './province.mjs';

const PROGRAMS = process.env.HOSO_BIN_DIR
  ?? fileURLToPath(new URL('../../target/debug', import.meta.url));

let running;

/** Where the pages are, and the password of everybody; the first caller starts the program. */
export function training() {
  running ??= start();
  return running.then(({ facts }) => facts);
}

/** Ends the program and leaves nothing behind. */
export async function stopTraining() {
  if (!running) return;
  const { program, directory } = await running;
  const ended = new Promise((resolve) => program.once('exit', resolve));
  if (program.exitCode === null) {
    program.kill('SIGTERM');
    await ended;
  }
  await rm(directory, { recursive: true, force: true });
}

/** A page of the training realm with somebody logged in. */
export async function trainee({ language = 'vi', user = 'hocvien1', ...further } = {}) {
  const { http, password } = await training();
  const hosts = [new URL(http).host];
  const context = await profile(language, { baseURL: http, hosts, ...further });
  const page = await context.newPage();
  await logIn(page, user, password);
  return page;
}

async function start() {
  const directory = await mkdtemp(join(tmpdir(), 'hoso-practise-'));
  const address = `127.0.0.1:${await tryPort(0)}`;
  const program = spawn(
    join(PROGRAMS, 'hoso-node'),
    ['practise', '--data', directory, '--listen-http', address],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const said = await ready(program);
  const fact = (name) => said.match(new RegExp(`^${name}: (.*)$`, 'm'))[1];
  const facts = { http: fact('pages').replace(/\/$/, ''), password: fact('password') };
  return { program, directory, facts };
}

/** What the program has said once it runs. */
function ready(program) {
  let said = '';
  return new Promise((resolve, reject) => {
    const hear = (bytes) => {
      said += bytes;
      if (said.includes('the node runs')) resolve(said);
    };
    program.stdout.on('data', hear);
    program.stderr.on('data', hear);
    program.once('exit', (code) => reject(new Error(`hoso-node ended with ${code}: ${said}`)));
  });
}
