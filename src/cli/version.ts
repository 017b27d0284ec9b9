/** The text of `--version`; engines look for the words before each value. */
import { sys } from "../sys/index.js";

/** Put in by the build. */
declare const TSRUN_VERSION: string;
declare const TSRUN_COMMIT: string;

const engineVersion = "2025-04-26";

/** The newest version of the runtime specification that is implemented. */
const specVersion = "1.3.0";

export function versionLines(): string {
	return [
		TSRUN_VERSION,
		`commit: ${TSRUN_COMMIT}`,
		`spec: ${specVersion}`,
		`quickjs: ${engineVersion}`,
		`libseccomp: ${sys.seccomp_version()}`,
	].join("\n");
}

/** The same as annotations of the features document. */
export function versionAnnotations(): Readonly<Record<string, string>> {
	return {
		"io.github.seccomp.libseccomp.version": sys.seccomp_version(),
		"tsrun.commit": TSRUN_COMMIT,
		"tsrun.version": TSRUN_VERSION,
	};
}
