/** The other end of `--console-socket`: takes the container's terminal, as an engine's shim would. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { pty } from "./paths.js";
import { waitFor } from "./wait.js";
import { type Watched, watch } from "./watched.js";

export interface ConsoleSocket extends Watched {
	/** For `--console-socket`. */
	readonly path: string;
	/** Waits for the terminal; gives the name that came with it. */
	readonly received: () => Promise<string>;
}

/** Listens for one terminal. `ended` comes when the container's last process has closed it. */
export async function listenForConsole(folder: string, size = { rows: 24, columns: 80 }): Promise<ConsoleSocket> {
	// A socket's path holds at most 107 bytes.
	const path = join(mkdtempSync(join(folder, "tty-")), "socket");
	const helper = watch("the console socket", pty, ["recv", "--size", `${size.rows}x${size.columns}`, path], {
		env: { TSRUN_E2E: folder },
	});
	await waitFor(() => helper.stderr().includes("listening\n"), { what: `${path} to listen` });
	const name = () => /^received (.*)$/m.exec(helper.stderr())?.[1];
	return { ...helper, path, received: () => waitFor(name, { what: "a terminal to come through the console socket" }) };
}
