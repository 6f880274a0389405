// Where the packages are that the interop tests use: the folder that scripts/setup_interop fills, or $KERF_INTEROP.
import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const folder = process.env.KERF_INTEROP ?? join(root, 'build', 'interop');

/// Imports a package, or ends the program with ctest's code for a skipped test.
export async function load(name, file) {
  const path = join(folder, 'node_modules', name, file);
  if (!existsSync(path)) {
    console.error(`skipped: ${name} is not in ${folder}: run scripts/setup_interop`);
    process.exit(77);
  }
  return await import(pathToFileURL(path).href);
}
