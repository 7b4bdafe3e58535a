/** Removes what the processes of a run shared, at its end. */
import { rmSync } from 'node:fs';

export function teardown(): void {
  const folder = process.env['ATTNC_RUN_FOLDER'];
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
