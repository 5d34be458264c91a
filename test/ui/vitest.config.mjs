import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: vitest asks for one
export default defineConfig({
  test: {
    include: ['test/ui/**/*.ui.ts'],
    root: `${import.meta.dirname}/../..`,
    setupFiles: ['test/ui/failure.ts', 'test/ui/again.ts'],
    sequence: { hooks: 'list' }, // the picture of a failure before the test's own afterEach tidies up
    fileParallelism: false, // one VS Code and one browser fill two cores
    retry: 2, // on two cores VS Code loses a key press now and then
    testTimeout: 180_000,
    hookTimeout: 300_000,
  },
});
