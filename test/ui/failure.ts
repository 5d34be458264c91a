import { afterEach } from 'vitest';
import { screenshotAll } from '../rig/workbench.ts';

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await screenshotAll(`failed ${task.name}`.replaceAll(/[^\w]+/g, '-'));
});
