import 'mocha/mocha.js';

/** What the extension host calls. Suites are imported by name: a worker cannot look for files. */
export async function run(): Promise<void> {
  // Not mocha.setup() and mocha.run() of the browser build: they read the page's address, and the node host has none.
  const mocha = new Mocha({ ui: 'bdd', timeout: 20_000, reporter: Mocha.reporters.Base });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  await import('./activation.suite.ts');
  await import('./debug.suite.ts');
  // Before suites that leave documents unsaved: VS Code would ask where to save them before it debugs.
  await import('./explore.suite.ts');
  await import('./decode.suite.ts');
  await import('./diagnostics.suite.ts');
  await import('./exportRun.suite.ts');
  await import('./hover.suite.ts');
  await import('./include.suite.ts');
  await import('./kernelSource.suite.ts');
  await import('./scenario.suite.ts');

  let passed = 0;
  let failed = 0;
  await new Promise<void>(resolve => {
    mocha
      .run(() => resolve())
      .on('pass', test => {
        passed++;
        console.log(`  ok ${test.fullTitle()}`);
      })
      .on('fail', (test, error) => {
        failed++;
        console.log(`  FAIL ${test.fullTitle()}\n${error.stack ?? error}`);
      });
  });
  console.log(`RESULT ${JSON.stringify({ passed, failed })}`);
  if (failed || !passed) throw new Error(`${failed} of ${passed + failed} integration tests failed`);
}
