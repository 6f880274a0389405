// Imports a package from the folder that scripts/setup_interop fills, or ends the program with ctest's code for a
// skipped test.
import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const modules = process.env.KERF_INTEROP_MODULES ?? join(here, '../../../build/interop/node_modules');

export async function load(name, file) {
  const path = join(modules, name, file);
  if (!existsSync(path)) {
    console.error(`skipped: the npm package ${name} is not in ${modules}; scripts/setup_interop installs it`);
    process.exit(77);
  }
  return await import(pathToFileURL(path).href);
}
