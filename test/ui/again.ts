import { beforeEach, type RunnerTestCase, TestRunner } from 'vitest';

/**
 * A test that is tried again starts from where it started: most tests of a file go on where the one before them left off, so the file
 * gets a fresh VS Code and the tests before this one happen once more. A file without `beforeAll` shares nothing.
 */
beforeEach(async context => {
  const { task } = context;
  const { file } = task;
  const { beforeAll, afterAll, afterEach } = TestRunner.getSuiteHooks(file);
  if (!task.result?.retryCount || beforeAll.length === 0) return;
  for (const hook of [...afterAll, ...beforeAll]) await hook(file);
  for (const earlier of file.tasks.slice(0, file.tasks.indexOf(task))) {
    try {
      await TestRunner.getTestFn(earlier as RunnerTestCase)();
    } catch {} // whether that matters, this test shows
    for (const hook of afterEach) await hook(context, file);
  }
});
