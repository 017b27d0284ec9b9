/**
 * The experiment behind `signals --try`: a throw-away copy of a running container gets the signal, once from the host
 * and once from inside, and what becomes of it is set beside what was foretold.
 */
import { type ProcessSignals, processSignals } from "../../linux/process-signals.js";
import { type Fate, fateOf, isOpen, type Origin } from "../../linux/signal-fate.js";
import { exactJson } from "../../spec/json.js";
import { loadConfig } from "../../spec/load.js";
import { AF_UNIX, AT_FDCWD, O_CLOEXEC, O_WRONLY, SOCK_STREAM } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { waitReadable } from "../../sys/wait.js";
import type { Host } from "../host.js";
import { signalFromInside } from "../init/signal-inside.js";
import { discard } from "../lifecycle/delete.js";
import type { Launched } from "../lifecycle/launch.js";
import { launchAndStart } from "../lifecycle/run.js";
import type { RunOptions } from "../options.js";
import { killChild, reap } from "../process/child.js";
import { holdEndingSignals, releaseEndingSignals } from "../process/ending-signals.js";
import { withStreams } from "../process/streams.js";
import { readStateFile } from "../state/store.js";
import { completeContainer } from "../status.js";
import { copyConfig } from "./copy-config.js";
import { withWorkplace } from "./workplace.js";

export type Observation =
	| { readonly what: "ended" /** Raw wait status. */; readonly status: number }
	| { readonly what: "stopped" }
	| { readonly what: "lives" };

export interface Trial {
	readonly from: Origin;
	readonly foretold: Fate;
	readonly observed: Observation;
	/** False when what happened was ruled out. */
	readonly agrees: boolean;
	/** Whether the copy had come to handle signals as the original does by the time of the experiment. */
	readonly settled: boolean;
}

/** How long a copy may take to be like the original, and how long an effect is awaited: in milliseconds. */
const settlingTime = 5000;
const lookEvery = 10;
const enoughLooks = 5;
export const observationTime = 1000;

/** @throws TsrunError container-status for a container that does not run. */
export function trySignal(host: Host, id: string, signal: number): readonly Trial[] {
	const { record, status, directory } = completeContainer(host, id);
	const original = status === "running" ? processSignals(record.pid) : null;
	if (original === null) {
		throw new TsrunError("container-status", `container ${id} does not run, so there is nothing to copy`, {
			object: id,
			hint: `it is ${status}: start or resume it`,
		});
	}
	const { config } = loadConfig(readStateFile(directory, "config.json") ?? "");
	const copyId = `${id.slice(0, 200)}.try${sys.getpid()}`;
	// the record has what the command line added: --init
	const annotations = { ...record.annotations };
	const text = exactJson(copyConfig({ ...config, annotations }, record.bundle));
	// what is sent to init from its own namespace is of another kind only where it has one
	const origins: readonly Origin[] = record.ownPidNamespace ? ["host", "inside"] : ["host"];
	// whoever presses ^C wants an end, but a tidy one
	const interruption = holdEndingSignals();
	try {
		return withWorkplace(host, copyId, record.rootfs, text, (bundle) => {
			const options = copyOptions(bundle, !record.ownKeyring);
			// each signal meets a copy that has not seen one before
			return origins.map((from) =>
				withCopy({ ...host, cgroupManager: "cgroupfs" }, copyId, options, (copy) =>
					observe(copy, { original, signal, from, interruption }),
				),
			);
		});
	} finally {
		releaseEndingSignals(interruption);
	}
}

function copyOptions(bundle: string, noNewKeyring: boolean): RunOptions {
	return {
		bundle,
		noNewKeyring,
		pidFile: undefined,
		consoleSocket: undefined,
		pidfdSocket: undefined,
		preserveFds: 0,
		listenFds: 0,
		noPivot: false,
		detach: false,
		keep: false,
		noSubreaper: true,
	};
}

function withCopy<T>(host: Host, id: string, options: RunOptions, use: (copy: Launched) => T): T {
	const copy = withQuietStreams(() => launchAndStart(host, id, options));
	try {
		return use(copy);
	} finally {
		killChild(copy.init);
		sys.close(copy.init.pidfd);
		if (copy.master !== null) sys.close(copy.master);
		discard(host, id);
	}
}

/** The copy's program prints into the void, and waits for input that never comes: at its end many would end, too. */
function withQuietStreams<T>(work: () => T): T {
	// the other end stays open as long as we live
	const [input] = sys.socketpair(AF_UNIX, SOCK_STREAM);
	const output = sys.openat(AT_FDCWD, "/dev/null", O_WRONLY | O_CLOEXEC, 0);
	return withStreams([input, output, output], work);
}

interface Experiment {
	readonly original: ProcessSignals;
	readonly signal: number;
	readonly from: Origin;
	readonly interruption: Fd;
}

function observe({ init }: Launched, { original, signal, from, interruption }: Experiment): Trial {
	const settled = settle(init, original, interruption);
	const before = processSignals(init.pid);
	if (before === null || before.state === "Z") throw endedEarly();
	const foretold = fateOf(before, signal, from, before.pids.length);
	if (from === "inside") signalFromInside(init, signal);
	else sys.pidfd_send_signal(init.pidfd, signal);
	const ready = waitReadable([init.pidfd, interruption], observationTime);
	const observed: Observation = ready?.includes(init.pidfd)
		? { what: "ended", status: reap(init.pid) }
		: { what: processSignals(init.pid)?.state === "T" ? "stopped" : "lives" };
	return { from, foretold, observed, agrees: agrees(foretold, observed, signal), settled };
}

/**
 * Waits until the copy is the original's program and handles signals as that does, and for a while: a program needs its
 * time to install handlers, and one that has none looks the same before it finds that it cannot go on.
 */
function settle({ pid, pidfd }: Launched["init"], original: ProcessSignals, interruption: Fd): boolean {
	let alike = 0;
	for (let looks = 0; looks < settlingTime / lookEvery && alike < enoughLooks; looks++) {
		const now = processSignals(pid);
		alike = now !== null && isAlike(now, original) ? alike + 1 : 0;
		if (waitReadable([pidfd, interruption], lookEvery) !== null) return false;
	}
	return alike >= enoughLooks;
}

function isAlike(one: ProcessSignals, other: ProcessSignals): boolean {
	// a loop around sigtimedwait(2) awaits now and blocks in between
	const held = (process: ProcessSignals) => process.blocked | process.awaited;
	return (
		one.name === other.name && held(one) === held(other) && one.ignored === other.ignored && one.caught === other.caught
	);
}

function endedEarly(): TsrunError {
	return new TsrunError("init-died", "the copy's program ended by itself, before it got the signal", {
		stage: "experiment",
		hint: "a copy has no network, and cannot write to volumes: this program does not do without",
	});
}

export function agrees(foretold: Fate, observed: Observation, signal: number): boolean {
	if (isOpen(foretold)) return true;
	if (foretold === "ends") return observed.what === "ended" && (observed.status & 0x7f) === signal;
	return observed.what === (foretold === "stops" ? "stopped" : "lives");
}
