/** Sentences about processes, namespaces, identity, and what both sides say to each other. */
import { limitNumbers } from "../../linux/rlimits.js";
import { capabilityNames } from "../../spec/capability-names.js";
import {
	CLONE_NEWCGROUP,
	CLONE_NEWIPC,
	CLONE_NEWNET,
	CLONE_NEWNS,
	CLONE_NEWPID,
	CLONE_NEWTIME,
	CLONE_NEWUSER,
	CLONE_NEWUTS,
	CLONE_PARENT,
	PR_CAPBSET_DROP,
	PR_SET_DUMPABLE,
	PR_SET_KEEPCAPS,
	PR_SET_PDEATHSIG,
} from "../../sys/constants.js";
import type { CapabilitySets, FinalExec } from "../../sys/door.js";
import type { Event } from "./recorder.js";
import { bits, list, type Names, placeOf, quoted, type Sentence, type Stage, type Table } from "./sentence.js";

const cloneFlags = {
	CLONE_NEWUSER,
	CLONE_NEWPID,
	CLONE_NEWNET,
	CLONE_NEWIPC,
	CLONE_NEWUTS,
	CLONE_NEWNS,
	CLONE_NEWCGROUP,
	CLONE_NEWTIME,
	CLONE_PARENT,
};
const namespaceNames = {
	user: CLONE_NEWUSER,
	pid: CLONE_NEWPID,
	network: CLONE_NEWNET,
	ipc: CLONE_NEWIPC,
	uts: CLONE_NEWUTS,
	mount: CLONE_NEWNS,
	cgroup: CLONE_NEWCGROUP,
	time: CLONE_NEWTIME,
};

type Teller = (event: Event, names: Names) => Sentence | null;

const say = (stage: Stage, text: string, ...calls: readonly string[]): Sentence => ({ stage, text, calls });
const plain =
	(stage: Stage, text: (first: string) => string): Teller =>
	({ name, args }) =>
		say(stage, text(shown(args[0])), `${name}(${args.map(shown).join(", ")})`);

const tellers: Readonly<Record<string, Teller>> = {
	clone3: cloned,
	setns: ({ args, about }) =>
		say(
			"namespaces",
			`Join the ${kinds(Number(args[1]))} namespace ${about}.`,
			`setns(${quoted(about)}, ${bits(Number(args[1]), cloneFlags)})`,
		),
	unshare: ({ args }) =>
		say(
			"namespaces",
			`Make a ${kinds(Number(args[0]))} namespace of its own, now that it is where that has to begin.`,
			`unshare(${bits(Number(args[0]), cloneFlags)})`,
		),
	chdir: ({ actor, args, about }, names) => {
		if (actor === "runtime") return say("bundle", `Go into the bundle: ${about}.`, `chdir(${quoted(args[0])})`);
		return say(
			about === names.hostRoot && args[0] === "/" ? "rootfs" : "identity",
			`Go to ${placeOf(about, names)}.`,
			`chdir(${quoted(args[0])})`,
		);
	},
	prctl: control,
	setsid: plain("process", () => "Begin a session of its own, which no terminal of the caller's reaches."),
	keyctl_join_session_keyring: plain(
		"process",
		() => "Take a session keyring of its own: the host's keys stay out of sight.",
	),
	ioctl_set_interface_flags: () =>
		say(
			"network",
			"Bring the loopback interface up: a new network namespace has it down.",
			'ioctl(SIOCSIFFLAGS, "lo", IFF_UP)',
		),
	sethostname: plain("namespaces", (name) => `Set the host name ${name}.`),
	setdomainname: plain("namespaces", (name) => `Set the domain name ${name}.`),
	sched_setaffinity: ({ args }) =>
		say(
			"identity",
			args[1] === null
				? "Run on every CPU that the cgroup allows, whatever the caller was bound to."
				: `Run on the CPUs ${shown(args[1])}.`,
			"sched_setaffinity()",
		),
	sched_setattr: plain("identity", () => "Set the scheduling policy."),
	setpriority: plain("identity", () => "Set the priority."),
	ioprio_set: plain("identity", () => "Set the I/O priority."),
	set_mempolicy: plain("identity", () => "Set from which NUMA nodes memory comes."),
	personality: plain("identity", () => "Set the execution domain."),
	setrlimit: ({ args }) => ({
		stage: "identity",
		text: (items) => `Set resource limits: ${items.join("; ")}.`,
		calls: [`setrlimit(${limitName(args[0])}, ${shown(args[1])}, ${shown(args[2])})`],
		group: "limits",
		item: `${limitName(args[0])} ${shown(args[1])}, at most ${shown(args[2])}`,
	}),
	setgroups: ({ args }) =>
		say(
			"identity",
			(args[0] as readonly number[]).length === 0
				? "Belong to no further groups."
				: `Belong to the further groups ${list((args[0] as readonly number[]).map(String))}.`,
			`setgroups(${shown(args[0])})`,
		),
	setresgid: plain("identity", (gid) => `Become group ${gid}.`),
	setresuid: plain("identity", (uid) => `Become user ${uid}.`),
	capset: ({ args }) =>
		say("identity", `Have in effect from here on: ${held((args[0] as CapabilitySets).effective)}.`, "capset()"),
	close_range: () => ({
		stage: "process",
		text: () => "Close all descriptors but its own few: none of the host's comes along.",
		calls: ["close_range()"],
		group: "close",
	}),
	bpf_prog_load: () =>
		say(
			"cgroup",
			"Compile the device rules to a program and let the kernel verify it.",
			"bpf(BPF_PROG_LOAD, BPF_PROG_TYPE_CGROUP_DEVICE)",
		),
	bpf_prog_attach: ({ about }) =>
		say(
			"cgroup",
			`Have that program decide which devices may be used in ${about}.`,
			"bpf(BPF_PROG_ATTACH, BPF_CGROUP_DEVICE)",
		),
	ioctl_pty_peer: () =>
		say("console", "Open a pseudoterminal of its own devpts.", 'open("/dev/pts/ptmx")', "ioctl(TIOCGPTPEER)"),
	ioctl_set_controlling_terminal: () =>
		say(
			"console",
			"Make it the controlling terminal, and standard input, output and error.",
			"ioctl(TIOCSCTTY)",
			"dup2()",
		),
	signals_reset: () =>
		say("identity", "Put every signal back to its default action.", "rt_sigaction()", "rt_sigprocmask()"),
	sendmsg: sent,
	recvmsg: received,
	final_exec: executed,
	execve: ({ about }) => say("exec", `Execute ${about}.`, `execve(${quoted(about)})`),
};

export const processesTable: Table = (event, names) => {
	const teller = tellers[event.name];
	return teller?.(event, names);
};

function limitName(number: unknown): string {
	return Object.entries(limitNumbers).find(([, each]) => each === number)?.[0] ?? `limit ${number}`;
}

function shown(value: unknown): string {
	if (value === 0xffff_ffff_ffff_ffffn) return "unlimited";
	return typeof value === "bigint" ? String(value) : quoted(value);
}

function kinds(flags: number): string {
	return list(Object.entries(namespaceNames).flatMap(([name, bit]) => (flags & bit ? [name] : [])));
}

function cloned({ actor, args, about }: Event): Sentence {
	const flags = Number(args[0]);
	const into = about === "" ? "" : "|CLONE_INTO_CGROUP";
	const call = `clone3(${bits(flags, cloneFlags)}${into})`;
	if (flags === 0) {
		const text =
			actor === "container"
				? "Start a hook in the container's namespaces."
				: "Start a process for what the runtime itself must not do.";
		return say(actor === "container" ? "hooks" : "namespaces", text, call);
	}
	const made = kinds(flags);
	const where = about === "" ? "" : `, and in the cgroup ${about} from its first moment`;
	return say("namespaces", `Clone the container's process into new namespaces: ${made}${where}.`, call);
}

function control({ args: [option, value] }: Event): Sentence | null {
	const number = Number(value);
	switch (option) {
		case PR_SET_PDEATHSIG:
			return number === 0
				? say("process", "The runtime may end now: the container goes on without it.", "prctl(PR_SET_PDEATHSIG, 0)")
				: say(
						"process",
						"Die with the runtime, as long as the container is not complete.",
						"prctl(PR_SET_PDEATHSIG, SIGKILL)",
					);
		case PR_SET_DUMPABLE:
			return {
				stage: "process",
				text: () => "Be untraceable: nobody in the container may look into this process, which is still the runtime's.",
				calls: ["prctl(PR_SET_DUMPABLE, 0)"],
				group: "dumpable",
			};
		case PR_SET_KEEPCAPS:
			return number === 0
				? null
				: say("identity", "Keep capabilities over the change of user.", "prctl(PR_SET_KEEPCAPS, 1)");
		case PR_CAPBSET_DROP:
			return {
				stage: "identity",
				text: (items) =>
					`Give up for good, with all that it will ever execute, ${items.length} capabilities: ${list(items.map((name) => name.slice(4)))}.`,
				calls: [`prctl(PR_CAPBSET_DROP, ${capabilityNames[number] ?? number})`],
				group: "bounding",
				item: capabilityNames[number] ?? `CAP_${number}`,
			};
		default:
			return null;
	}
}

function held(mask: bigint): string {
	const names = capabilityNames.filter((_name, index) => mask & (1n << BigInt(index)));
	return names.length === 0 ? "no capability" : list(names.map((name) => name.slice(4)));
}

const saysToContainer: Readonly<Record<string, string>> = {
	go: "ids and network devices are in place",
	cgroup: "its cgroup stands, with all limits",
	"hooks-done": "the hooks have run",
};

const saysToRuntime: Readonly<Record<string, string>> = {
	pid: "who the container's process is",
	hooks: "the environment stands, and the runtime's hooks may look at it",
	terminal: "here is the terminal's other end",
	ready: "everything is in place but the program",
	accepted: "the program is about to be executed",
};

function messageType(text = ""): string {
	return text === "" ? "" : (JSON.parse(text) as { type: string }).type;
}

function sent({ actor, text }: Event): Sentence | null {
	const type = messageType(text);
	const what = (actor === "runtime" ? saysToContainer : saysToRuntime)[type];
	return what === undefined
		? null
		: say(
				"between",
				`Tell the ${actor === "runtime" ? "container's process" : "runtime"}: ${what}.`,
				`sendmsg(${quoted({ type })})`,
			);
}

function received({ actor, text }: Event): Sentence | null {
	const type = messageType(text);
	if (actor !== "runtime") {
		return type === "start"
			? say(
					"between",
					"Wait until somebody starts the container. This is where create ends, and start goes on.",
					"poll()",
					"accept4()",
					"recvmsg()",
				)
			: null;
	}
	return type === "hooks"
		? say("hooks", "Run the hooks prestart and createRuntime, in the runtime's namespaces.", "recvmsg()")
		: null;
}

function executed({ args }: Event): Sentence {
	const { path, argv, capabilities, ambient, noNewPrivileges, seccomp } = args[0] as FinalExec;
	const also = [
		...(capabilities ? [`with ${held(capabilities.effective)}`] : []),
		...(noNewPrivileges ? ["unable ever to gain rights (no_new_privs)"] : []),
		...(seccomp ? [`behind a system call filter of ${seccomp.byteLength / 8} instructions`] : []),
	];
	const calls = [
		"close_range(CLOEXEC)",
		...(capabilities ? ["capset()"] : []),
		...(ambient ? ["prctl(PR_CAP_AMBIENT_RAISE)"] : []),
		...(noNewPrivileges ? ["prctl(PR_SET_NO_NEW_PRIVS, 1)"] : []),
		...(seccomp ? ["seccomp(SECCOMP_SET_MODE_FILTER)"] : []),
		`execve(${quoted(path)}, ${quoted(argv)})`,
	];
	return {
		stage: "exec",
		text: `Become the program: ${argv.join(" ")}${also.length === 0 ? "" : `, ${list(also)}`}.`,
		calls,
	};
}
