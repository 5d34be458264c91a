import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: vitest asks for one
export default defineConfig({
  test: {
    include: ['test/ui/**/*.ui.ts'],
    root: `${import.meta.dirname}/../..`,
    setupFiles: ['test/ui/failure.ts'],
    fileParallelism: false, // one VS Code and one browser fill two cores
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
