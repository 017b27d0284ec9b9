/**
 * Doing the same to a command once for each of its system calls. A sweep stops at each call that makes something and
 * at a share of the others; with SWEEP=all at every one.
 */
import { type Call, describeCall } from "./stop-at.js";

export const sweepsAll = process.env.SWEEP === "all";

/** Milliseconds for one sweep. */
export const sweepTimeout = sweepsAll ? 1_800_000 : 120_000;

const O_CREAT = 0o100n;

const making = new Set([
	"bind",
	"clone3",
	"execve",
	"execveat",
	"listen",
	"mkdirat",
	"mknodat",
	"pivot_root",
	"recvmsg",
	"renameat2",
	"sendmsg",
	"setresuid",
	"socket",
	"socketpair",
	"symlinkat",
	"unlinkat",
	"wait4",
	"write",
]);

function makes({ name, args }: Call): boolean {
	return making.has(name) || (name === "openat" && ((args[2] ?? 0n) & O_CREAT) !== 0n);
}

/** Every call that makes or hands over something, and of the others every `stride`-th. */
export function chooseCalls(calls: readonly Call[], stride: number): readonly Call[] {
	return calls.filter((call, index) => sweepsAll || makes(call) || index % stride === 0);
}

export interface Findings {
	/** Runs one stop's checks; what they return is wrong. */
	readonly at: (call: Call, checks: () => Promise<readonly string[]>) => Promise<void>;
	/** What was wrong, each with its call; the numbers go to the test's output. */
	readonly report: () => readonly string[];
}

export function collectFindings(what: string, calls: number): Findings {
	const problems: string[] = [];
	const count = { stops: 0, failing: 0 };
	return {
		at: async (call, checks) => {
			// a command that does not end, for instance
			const found = await checks().catch((error: Error) => [error.message]);
			count.stops++;
			if (found.length > 0) count.failing++;
			problems.push(...found.map((problem) => `at ${describeCall(call)}: ${problem}`));
		},
		report: () => {
			console.log(`${what}: ${count.stops} stops at ${calls} calls, something wrong at ${count.failing}`);
			return problems;
		},
	};
}
