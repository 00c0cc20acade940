// What every test file imports, alone or among others: a browser, a province and a training realm
// that still run would hold the process open after the last test.
import { after } from 'node:test';
import { stopBrowser } from './desk.mjs';
import { stopProvince } from './province.mjs';
import { stopTraining } from './training.mjs';

after(async () => {
  await stopBrowser();
  await stopProvince();
  await stopTraining();
});
