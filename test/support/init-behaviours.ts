/**
 * The inits, ours and others', and how each of them behaves, found by running it: one answer of a few words for each
 * question. docs/init.md has them as a table, and test/e2e/init-table.test.ts proves that.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { BaseConfig } from "./bundle.js";
import { all, linesOf, withInit } from "./inits.js";
import { probe } from "./paths.js";
import type { Runtime } from "./runtime.js";
import type { NeedName } from "./skip.js";
import { isAlive, stateOf } from "./status.js";
import { waitFor } from "./wait.js";

type Patch = (config: BaseConfig) => void;

interface Init {
	/** What has to be installed, in the release that the table is of. */
	readonly needs: readonly NeedName[];
	/** What process.args has to be. */
	readonly args: (program: readonly string[]) => readonly string[];
	/** The init's own words before the program, where it is to be executed by a path. */
	readonly words: readonly string[];
	readonly patch: Patch;
	/** How TERM becomes QUIT; null when it cannot. */
	readonly remap: { readonly flags: readonly string[]; readonly patch: Patch } | null;
}

const nothing: Patch = () => {};

const none: Init = { needs: [], args: (program) => program, words: [], patch: nothing, remap: null };

function ours(mode: string): Init {
	return {
		...none,
		// process 1 of the container is the same file
		words: ["/proc/1/exe", mode, ...(mode === "graceful" || mode === "supervise" ? ["deadline", "8000"] : []), "--"],
		patch: withInit(mode),
		remap: { flags: [], patch: withInit(mode, { remap: "TERM=QUIT" }) },
	};
}

/** A program of the host with the libraries that it needs. */
function peer(needs: readonly NeedName[], program: string, rewrite: readonly string[] | null = null): Init {
	const inside = `/init/${basename(program)}`;
	const args = (flags: readonly string[]) => (command: readonly string[]) => [inside, ...flags, "--", ...command];
	const patch: Patch = (config) => {
		const mount = (source: string, destination: string) => ({ source, destination, options: ["bind", "ro"] });
		config.mounts.push(mount(program, inside), ...libraries(program).map((path) => mount(path, path)));
	};
	return {
		needs,
		args: args([]),
		words: [inside, "--"],
		patch,
		remap: rewrite && { flags: rewrite, patch },
	};
}

function libraries(program: string): readonly string[] {
	const { status, stdout } = run("ldd", program);
	return status === 0 ? [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path) : [];
}

function run(command: string, ...args: string[]): { readonly status: number; readonly stdout: string } {
	try {
		return {
			status: 0,
			stdout: execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
		};
	} catch {
		// ldd's answer for a static program
		return { status: 1, stdout: "" };
	}
}

export const inits: Readonly<Record<string, Init>> = {
	none,
	forward: ours("forward"),
	group: ours("group"),
	graceful: ours("graceful"),
	supervise: ours("supervise"),
	tini: peer(["tini", "tini 0.19.0"], "/usr/bin/tini-static"),
	"dumb-init": peer(["dumb-init", "dumb-init 1.2.5"], "/usr/bin/dumb-init", ["--rewrite", "15:3"]),
	catatonit: peer(["catatonit", "catatonit 0.1.7"], "/usr/bin/catatonit"),
};

/** What a question is answered with. */
export interface Tools {
	readonly runtime: Runtime;
	readonly makeBundle: (options: { readonly args: readonly string[]; readonly patch: Patch }) => string;
	readonly newId: () => string;
}

interface Started {
	readonly id: string;
	readonly pid: number;
	readonly lines: (count: number) => Promise<readonly string[]>;
	readonly isRunning: () => boolean;
	readonly end: () => void;
}

/** A detached container with the program behind the init. */
function start(
	{ runtime, makeBundle, newId }: Tools,
	init: Init,
	program: readonly string[],
	patch = nothing,
): Started {
	const id = newId();
	const bundle = makeBundle({ args: init.args(program), patch: all(init.patch, patch) });
	const container = runtime("run", "--detach", "--bundle", bundle, id);
	if (container.status !== 0) throw new Error(container.stderr);
	const { pid } = stateOf(runtime, id);
	return {
		id,
		pid,
		lines: (count) => linesOf(container, count),
		isRunning: () => isAlive(pid),
		end: () => runtime("delete", "--force", id),
	};
}

/** The same in the foreground, to its end. */
function finish({ runtime, makeBundle, newId }: Tools, init: Init, program: readonly string[], patch = nothing) {
	const bundle = makeBundle({ args: init.args(program), patch: all(init.patch, patch) });
	return runtime("run", "--bundle", bundle, newId());
}

const numbers = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);
const KILL = 9;
const CONT = 18;
const STOP = 19;
const stopping = [20, 21, 22];
const last = 64;

/** Those that end a process without a handler. */
const ending = numbers(1, last).filter((number) => ![17, CONT, STOP, ...stopping, 23, 28].includes(number));

/** Those that not every init forwards, but for the two that have no name. */
const names: Readonly<Record<number, string>> = {
	...{ 4: "ILL", 5: "TRAP", 6: "ABRT", 7: "BUS", 8: "FPE", 11: "SEGV", 31: "SYS" },
	...{ 17: "CHLD", 20: "TSTP", 21: "TTIN", 22: "TTOU" },
};

/** Sends every signal to process 1; the highest follows each, and comes after it: pending ones are taken from below. */
async function signals(tools: Tools, init: Init): Promise<string> {
	const { pid, lines, end } = start(tools, init, ["/probe", "every-signal"]);
	await lines(1);
	const program = childrenOf(pid)[0] ?? pid;
	const sentinels = async () => (await lines(1)).filter((line) => line === String(last)).length;
	for (const number of numbers(1, last - 1).filter((each) => each !== KILL && each !== STOP)) {
		const before = await sentinels();
		process.kill(pid, number);
		process.kill(pid, last);
		const arrived = async () => {
			// who makes STOP of it lets the program go on by CONT, which otherwise would undo a stop signal on its way
			if (stopping.includes(number) && stateLetter(program) === "T") process.kill(pid, CONT);
			return (await sentinels()) > before;
		};
		await waitFor(arrived, { what: `the program to get a signal after ${number}` });
	}
	const got = new Set(await lines(1));
	end();
	const missing = numbers(1, last).filter((number) => ![KILL, STOP].includes(number) && !got.has(String(number)));
	return missing.length === 0 ? "all 62" : `not ${missing.map((number) => names[number] ?? number).join(" ")}`;
}

async function value(tools: Tools, init: Init): Promise<string> {
	const { pid, lines, end } = start(tools, init, ["/probe", "every-signal"]);
	await lines(1);
	execFileSync(probe, ["queue", String(pid), "40", "4711"]);
	const [, line = ""] = await lines(2);
	end();
	return line === "40 value 4711" ? "kept" : "lost";
}

/** The other process of the group is signalled directly afterwards, and tells which signals it has got. */
async function receivers(tools: Tools, init: Init): Promise<string> {
	const program = ["/bin/sh", "-c", "/probe trap USR1 USR2 & exec /probe trap USR1"];
	const { pid, lines, end } = start(tools, init, program);
	await lines(2);
	process.kill(pid, "SIGUSR1");
	await lines(3);
	const other = descendants(pid).find((each) => childrenOf(each).length === 0) ?? 0;
	process.kill(other, "SIGUSR2");
	await waitFor(async () => (await lines(3)).includes("USR2"), { what: "the other process to get its signal" });
	const count = (await lines(3)).filter((line) => line === "USR1").length;
	end();
	return count === 2 ? "the process group" : "the program";
}

async function unhandled(tools: Tools, init: Init): Promise<string> {
	const { pid, lines, isRunning, end } = start(tools, init, ["/probe", "print-ready-then-wait"]);
	await lines(1);
	const isProcess1 = childrenOf(pid).length === 0;
	process.kill(pid, "SIGTERM");
	// what the kernel drops is dropped when it is sent, and what kills has killed
	const pending = /^ShdPnd:\s*0*[1-9a-f]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
	const nothing = isProcess1 && !pending && isRunning();
	if (!nothing) await waitFor(() => !isRunning(), { what: "the container to end" });
	end();
	return nothing ? "nothing" : "it ends";
}

async function remapped(tools: Tools, init: Init): Promise<string> {
	if (init.remap === null) return "no";
	const { flags, patch } = init.remap;
	const [first = "", ...rest] = init.args(["/probe", "trap", "TERM=1", "QUIT"]);
	const args = () => (init.words[0] === first ? [first, ...flags, ...rest] : [first, ...rest]);
	const { pid, lines, end } = start(tools, { ...init, args, patch }, []);
	await lines(1);
	process.kill(pid, "SIGTERM");
	const [, signal] = await lines(2);
	end();
	return signal === "QUIT" ? "yes" : "no";
}

/** The init as process 1 of a namespace below the container's, once for each number. */
function statuses(tools: Tools, init: Init, program: readonly string[], from: readonly number[]): readonly number[] {
	const words = [...init.words, ...(init.words[0] === "/proc/1/exe" ? ["/probe"] : []), ...program];
	const args = ["/probe", "in-namespaces", from.join(), ...words];
	const result = finish(tools, { ...init, args: () => args }, [], (config) => {
		for (const set of ["bounding", "effective", "permitted"] as const) {
			config.process.capabilities[set]?.push("CAP_SYS_ADMIN");
		}
	});
	if (result.status !== 0) throw new Error(result.stderr + result.stdout);
	return JSON.parse(result.stdout.split("\n").find((line) => line.startsWith("[")) ?? "[]");
}

function exits(tools: Tools, init: Init): string {
	const all256 = numbers(0, 255);
	const got = statuses(tools, init, ["/probe", "exit", "%"], all256);
	const wrong = all256.filter((status, index) => got[index] !== status);
	return wrong.length === 0 ? "all 256 kept" : `not ${wrong.join(" ")}`;
}

function deaths(tools: Tools, init: Init): string {
	const got = statuses(tools, init, ["/probe", "kill-self", "%"], ending);
	const wrong = ending.filter((number, index) => got[index] !== 128 + number);
	if (wrong.length === 0) return "128 + signal";
	// what the probe ends with when it is still there
	return got.every((status) => status === 1) ? "does not end" : `not ${wrong.join(" ")}`;
}

/** The program is spoilt when the runtime has looked for it already. */
function unstartable(tools: Tools, init: Init): string {
	const answer = (...spoil: string[]) => {
		const { status, stderr } = finish(tools, init, ["/bin/true"], (config) => {
			config.root.readonly = false;
			config.hooks = { startContainer: [{ path: "/bin/busybox", args: spoil }] };
		});
		return stderr.startsWith("tsrun run failed") ? "error of run" : String(status);
	};
	const all2 = [answer("rm", "/bin/true"), answer("sh", "-c", "rm /bin/true; echo x >/bin/true")];
	return [...new Set(all2)].join(", ");
}

async function orphans(tools: Tools, init: Init): Promise<string> {
	const { pid, lines, end } = start(tools, init, ["/probe", "orphans-that-end", "10"]);
	await lines(1);
	// the program waits for nobody: if it is process 1, its zombies are there to stay
	const isProcess1 = readFileSync(`/proc/${pid}/comm`, "utf8") === "probe\n";
	const zombies = () => childrenOf(pid).filter((child) => stateLetter(child) === "Z").length === 10;
	const gone = () => childrenOf(pid).length === 1;
	await waitFor(isProcess1 ? zombies : gone, { what: "the orphans to be zombies, or waited for" });
	const answer = isProcess1 ? "zombies" : "waited for";
	end();
	return answer;
}

async function survivors(tools: Tools, init: Init): Promise<string> {
	const program = ["/bin/sh", "-c", "/probe linger rest 500 & exec /probe trap INT=0"];
	const { pid, lines, isRunning, end } = start(tools, init, program);
	await lines(2);
	process.kill(pid, "SIGINT");
	await waitFor(() => !isRunning(), { what: "the container to end" });
	const asked = (await lines(2)).includes("rest: asked");
	end();
	return asked ? "asked, waited for" : "killed";
}

async function inForeignNamespace(tools: Tools, init: Init): Promise<string> {
	const command = ["/bin/sh", "-c", "/bin/sh -c '/probe sleep & echo $!'; exec /probe sleep"];
	const shared: Patch = ({ linux }) => {
		linux.namespaces = linux.namespaces.filter(({ type }) => type !== "pid");
	};
	let container: Started;
	try {
		container = start(tools, init, command, shared);
	} catch (error) {
		if (String(error).includes("needs a pid namespace of the container's own")) return "refused";
		throw error;
	}
	const { pid, lines, end } = container;
	const [orphan = ""] = await lines(1);
	const parent = () => Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${orphan}/status`, "utf8"))?.[1]);
	const program = childrenOf(pid)[0] ?? pid;
	const isOrphan = () => !childrenOf(program).some((shell) => childrenOf(shell).includes(Number(orphan)));
	await waitFor(isOrphan, { what: "the process to be an orphan" });
	const answer = parent() === pid ? "its own" : "others'";
	end();
	return answer;
}

function sockets(tools: Tools, init: Init): string {
	const { runtime, makeBundle, newId } = tools;
	const args = init.args(["/bin/sh", "-c", "test $LISTEN_PID = $$ && echo right"]);
	const bundle = makeBundle({ args, patch: init.patch });
	// a shell that becomes the runtime has the pid that it names
	const through = ["/bin/sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"'];
	const { stdout } = runtime.with({ through, fds: [1] }, "run", "--bundle", bundle, newId());
	return stdout === "right\n" ? "the program's" : "the init's";
}

const withTerminal: Patch = ({ process }) => {
	process.terminal = true;
};

function onTerminal({ runtime, makeBundle, newId }: Tools, init: Init, program: readonly string[]) {
	const bundle = makeBundle({ args: init.args(program), patch: all(init.patch, withTerminal) });
	const id = newId();
	const terminal = runtime.start({ terminal: { rows: 24, columns: 80 } }, "run", "--bundle", bundle, id);
	return { id, terminal };
}

async function jobs(tools: Tools, init: Init): Promise<string> {
	const { terminal } = onTerminal(tools, init, ["/bin/sh"]);
	await terminal.prints("/ # ");
	terminal.write("sh -c 'echo it runs; exec cat'\r");
	await terminal.prints("\nit runs");
	terminal.write("\x1a");
	// whoever reads it now: the shell, or cat, whom nothing has stopped
	terminal.write("echo on\r");
	const answer = await waitFor(
		() => {
			const printed = terminal.stdout();
			if (printed.includes("Stopped")) return "yes";
			return printed.split("echo on").length > 2 && "no";
		},
		{ what: "the program to be stopped, or to go on" },
	);
	if (answer === "yes") {
		await terminal.prints(/Stopped[\s\S]*# /);
		terminal.write("fg\r");
		await terminal.prints(/fg\r\n[\s\S]*exec cat/);
	}
	terminal.write("\x03");
	await terminal.prints(/\^C[\s\S]*# /);
	terminal.write("exit\r");
	await terminal.ended();
	return answer;
}

async function stopKey(tools: Tools, init: Init): Promise<string> {
	const { id, terminal } = onTerminal(tools, init, [
		"/bin/sh",
		"-c",
		"echo ready; while read line; do echo got $line; done",
	]);
	await terminal.prints("ready");
	terminal.write("\x1a");
	terminal.write("word\r");
	const { pid } = stateOf(tools.runtime, id);
	const stopped = () => [pid, ...descendants(pid)].some((each) => stateLetter(each) === "T");
	const answer = await waitFor(
		() => (terminal.stdout().includes("got word") ? "it goes on" : stopped() && "stopped for good"),
		{ what: "the program to go on, or to be stopped" },
	);
	tools.runtime("kill", id, "KILL");
	await terminal.ended();
	return answer;
}

export type Question = (tools: Tools, init: Init) => string | Promise<string>;

/** In the order of the table. */
export const questions: Readonly<Record<string, Question>> = {
	"of all signals the program gets": signals,
	"the value of `sigqueue(3)` is": value,
	"a signal goes to": receivers,
	"TERM without a handler": unhandled,
	"TERM can become QUIT": remapped,
	"exit statuses 0 to 255": exits,
	"ended by a signal": deaths,
	"program missing, no program": unstartable,
	"orphans that end are": orphans,
	"others at the program's end are": survivors,
	"in a foreign pid namespace orphans are": inForeignNamespace,
	"LISTEN_PID is": sockets,
	"a shell has job control": jobs,
	"^Z and a plain program": stopKey,
};

function childrenOf(pid: number): readonly number[] {
	try {
		const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
		return text.split(" ").filter(Boolean).map(Number);
	} catch {
		return [];
	}
}

function descendants(pid: number): readonly number[] {
	return childrenOf(pid).flatMap((child) => [child, ...descendants(child)]);
}

/** "Z" of a zombie, "T" of a stopped one; empty when there is none. */
function stateLetter(pid: number): string {
	try {
		return /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
	} catch {
		return "";
	}
}
