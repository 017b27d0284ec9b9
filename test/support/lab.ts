/** The laboratory of lab/experiments, on the runtime under test: the host's programs in the tests' root filesystem. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import type { Lab, Row, Setting, Subject } from "../../lab/experiments/experiment.js";
import { program } from "../../lab/experiments/programs.js";
import type { BaseConfig, BundleOptions } from "./bundle.js";
import type { Runtime } from "./runtime.js";
import { waitFor } from "./wait.js";
import type { Watched } from "./watched.js";

interface Tools {
	readonly runtime: Runtime;
	readonly makeBundle: (options: BundleOptions) => string;
	readonly newId: () => string;
}

/** `close` ends what the experiments have left running. */
export function labOf({ runtime, makeBundle, newId }: Tools): { readonly lab: Lab; close(): Promise<void> } {
	const started: { readonly id: string; readonly run: Watched }[] = [];
	const lab: Lab = {
		async start(args, setting = {}) {
			const id = newId();
			const files = { "/etc/profile": "PATH=/usr/bin:/bin\n" };
			const bundle = makeBundle({ args, files, patch: (config) => arrange(config, setting) });
			const pidFile = `${bundle}/pid`;
			const flags = [...(setting.init ? ["--init"] : []), "--pid-file", pidFile, "--bundle", bundle];
			const run = runtime.start({}, "run", ...flags, id);
			started.push({ id, run });
			if (!setting.silent) await run.prints("ready\n");
			const pid = await waitFor(() => existsSync(pidFile) && Number(readFileSync(pidFile, "utf8")), {
				what: "the container's first process",
			});
			await waitFor(() => !neverExecuted(pid), { what: "the program" });
			return subjectOf(runtime, id, pid, run);
		},
	};
	const close = async () => {
		for (const { id, run } of started.reverse()) {
			runtime("kill", id, "KILL");
			await run.ended();
		}
	};
	return { lab, close };
}

function arrange(config: BaseConfig, { mostProcesses, joins }: Setting): void {
	const { mounts, linux, process } = config;
	const { path: node } = program("node");
	const fromHost = ["/usr", "/lib", "/lib64", ...(node.startsWith("/usr/") ? [] : [node])].filter(existsSync);
	for (const path of fromHost) mounts.push({ destination: path, source: path, options: ["bind", "ro"] });
	mounts.push({ destination: "/tmp", type: "tmpfs", source: "tmpfs" });
	process.env = ["PATH=/usr/bin:/bin:/sentinel"];
	if (mostProcesses !== undefined) linux.resources.pids = { limit: mostProcesses };
	const pidNamespace = linux.namespaces.find(({ type }) => type === "pid");
	if (joins && pidNamespace) pidNamespace.path = `/proc/${joins.pid}/ns/pid`;
}

function subjectOf(runtime: Runtime, id: string, pid: number, run: Watched): Subject {
	const ended = async () => exitStatus(await run.ended());
	return {
		pid,
		output: run.stdout,
		prints: async (text) => {
			await run.prints(text);
		},
		signal: (name) => {
			const { status, stderr } = runtime("kill", id, name);
			if (status !== 0) throw new Error(`kill ${name}: ${stderr}`);
		},
		inside: (...command) => runtime("exec", id, ...command),
		alongside: (...command) => {
			const guest = runtime.start({}, "exec", id, ...command);
			return { ended: async () => exitStatus(await guest.ended()) };
		},
		fate: () => waitFor(() => settledFate(pid), { what: `process ${pid} to settle` }),
		ended,
		program: () => readFileSync(`/proc/${pid}/comm`, "utf8").trim(),
		processes: (until) => {
			const look = () => {
				const rows = table(pid);
				return until(rows) && rows;
			};
			return waitFor(look, { what: "the processes to be as expected" });
		},
		caught: () => signalNames(statusField(`/proc/${pid}/status`, "SigCgt")),
		blocked: () => signalNames(statusField(`/proc/${pid}/status`, "SigBlk")),
	};
}

const exitStatus = ({ status, signal }: { status: number | null; signal: NodeJS.Signals | null }) =>
	signal === null ? status : 128 + constants.signals[signal];

/** proc_pid_stat(5): PF_FORKNOEXEC of the flags in field 9. */
function neverExecuted(pid: number): boolean {
	const flags = Number(statFields(readOr(`/proc/${pid}/stat`))[9 - 3] ?? 0);
	return (flags & 0x40) !== 0;
}

/** undefined while a signal is on its way, or a thread at work: a handler may be running. */
function settledFate(pid: number): "runs" | "is stopped" | "has ended" | undefined {
	const folder = `/proc/${pid}/task`;
	const threads = existsSync(folder) ? readdirSync(folder).map((thread) => readOr(`${folder}/${thread}/status`)) : [];
	const states = threads.map((status) => field(status, "State").slice(0, 1));
	if (states.every((state) => "ZX".includes(state))) return "has ended";
	if (threads.some((status) => /[^0]/.test(field(status, "SigPnd") + field(status, "ShdPnd")))) return undefined;
	if (states.every((state) => state === "T")) return "is stopped";
	return states.every((state) => state === "S") ? "runs" : undefined;
}

function table(pid: number): readonly Row[] {
	const proc = `/proc/${pid}/root/proc`;
	const pids = (existsSync(proc) ? readdirSync(proc) : []).filter((name) => /^\d+$/.test(name));
	return pids.flatMap((name) => {
		const text = readOr(`${proc}/${name}/stat`);
		const [state = "", parent] = statFields(text);
		const program = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
		return text === "" ? [] : [{ pid: Number(name), parent: Number(parent), state, program }];
	});
}

function signalNames(mask: string): readonly string[] {
	const set = BigInt(`0x${mask}`);
	const standard = Object.entries(constants.signals).filter(
		([name]) => !["SIGIOT", "SIGPOLL", "SIGUNUSED"].includes(name),
	);
	return standard
		.filter(([, number]) => (set >> BigInt(number - 1)) & 1n)
		.sort(([, one], [, other]) => one - other)
		.map(([name]) => name.slice("SIG".length));
}

const statusField = (path: string, name: string) => field(readOr(path), name);

const field = (text: string, name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(text)?.[1] ?? "";

const statFields = (text: string) => text.slice(text.lastIndexOf(")") + 2).split(" ");

/** "" when the process has gone meanwhile. */
function readOr(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return "";
	}
}
