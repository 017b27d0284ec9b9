/** The folder of one test. */
import { chmodSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder whose base name is the mark of everything that the test makes. Other users may look in: rootless tests do. */
export function makeFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "tsrun-e2e-"));
	chmodSync(folder, 0o755);
	mkdirSync(join(folder, "tmp"), { mode: 0o1777 });
	return folder;
}
