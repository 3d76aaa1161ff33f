import { defineConfig } from 'vitest/config'

// Vitest reads a default export; nothing else in the tree has one.
export default defineConfig({
  test: {
    // Only against what hangs: how long a scenario takes depends on the machine and on what runs beside it.
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // Scenarios wait for Slurm and for the disk a third of their time: on two cores three keep both busy.
    maxWorkers: 3,
    projects: [
      { extends: true, test: { name: 'unit', include: ['src/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'scenario',
          include: ['test/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
    ],
  },
})
