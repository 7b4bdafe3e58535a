/** Builds the playground to files that any web server can serve, from any folder. */
import { resolve } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

/** Nothing of Node.js is in a page: better no page than one that fails when it gets there. */
const noNode: Plugin = {
  name: 'no-node',
  enforce: 'pre',
  resolveId(id, importer) {
    if (id.startsWith('node:')) throw new Error(`${importer} imports ${id}`);
    // Only typed host code needs it, which the page does not make.
    return id === 'ts-morph' ? { id, external: true } : undefined;
  },
};

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [noNode],
  worker: { format: 'es', plugins: () => [noNode] },
  build: {
    outDir: resolve(import.meta.dirname, '../../dist/playground'),
    emptyOutDir: true,
    target: 'es2023',
    // The compiler is one file on purpose: its worker starts with it.
    chunkSizeWarningLimit: 4000,
  },
});
