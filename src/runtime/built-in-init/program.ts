/** The built-in init in a container: brought in before the root is entered, executed in the program's place (docs/adr/0011). */
import { openOwnProgram, pathOfOwnProgram } from "../../linux/own-program.js";
import type { Fd } from "../../sys/door.js";
import { TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import type { Bundle } from "../bundle.js";
import type { ReadyProcess } from "../init/identity.js";
import type { InitPlan } from "./plan.js";
import { initWords } from "./words.js";

/** Everything of the container is mounted, and `root` not yet entered. */
export function openInit({ rootfs, config }: Bundle, root: Fd): Fd {
	const content = sys.embedded_bytes("init.elf");
	if (content === null) throw new TsrunError("internal", "the built-in init is not in the binary");
	return openOwnProgram({ name: "tsrun-init", content }, { root, rootfs, label: config.linux?.mountLabel });
}

/** The process that becomes the init, which then starts what it would have become. */
export function behindInit(ready: ReadyProcess, plan: InitPlan, init: Fd, preserveFds: number): ReadyProcess {
	const path = pathOfOwnProgram(init);
	return {
		...ready,
		fd: path === null ? init : -1,
		path: path ?? "tsrun-init",
		holdsSignals: true,
		argv: initWords(plan, { path: ready.path, argv: ready.argv, preserveFds }),
		note: path === null ? "without a /proc the built-in init is executed by execveat" : "it is the built-in init",
	};
}
