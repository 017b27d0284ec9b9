/** Calls the program with a command line, as a shell would, and hands back what a caller sees. */
import { dispatch } from "../../../src/cli/dispatch.js";
import { door } from "../../support/door.js";

export interface Outcome {
	readonly status: number;
	readonly stdout: string;
	readonly stderr: string;
	/** The lines that went to the file of --log. */
	readonly log: readonly Readonly<Record<string, unknown>>[];
}

/** Words are separated by blanks; the first one, the program's name, is added. */
export async function call(line: string, calledBy = "/usr/local/bin/tsrun"): Promise<Outcome> {
	const status = await dispatch([calledBy, ...line.split(" ").filter((word) => word !== "")]);
	const lines = written((fd) => fd > 2).split("\n");
	return {
		status,
		stdout: written((fd) => fd === 1),
		stderr: written((fd) => fd === 2),
		log: lines.filter((line) => line.startsWith('{"level"')).map((line) => JSON.parse(line)),
	};
}

function written(to: (fd: number) => boolean): string {
	const writes = door.args("write").filter(([fd]) => to(fd));
	return writes.map(([, data]) => data).join("");
}
