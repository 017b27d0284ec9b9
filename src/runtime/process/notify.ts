/**
 * Readiness (sd_notify(3)). A service manager that starts us with $NOTIFY_SOCKET wants to hear of the program, which
 * cannot reach that socket, and whose pid means nothing outside. So the program gets a socket of ours, and we pass on:
 *
 *   program                         runtime: start, run                           service manager
 *   ───────                         ───────────────────                           ───────────────
 *   "READY=1" ────────────────────▶ notify.sock of the state directory
 *   (/run/notify/notify.sock)       "READY=1", "MAINPID=…" of our pid namespace ▶ $NOTIFY_SOCKET
 *
 * Nothing else that the program says is passed on. The socket is made with the container; its process hands it to
 * whoever starts it.
 */
import type { Config } from "../../spec/types.js";
import { AF_UNIX, POLLIN, SOCK_DGRAM, SOCK_STREAM } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { environmentValue } from "../../sys/environment.js";
import { messageOf } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { waitReadable } from "../../sys/wait.js";
import type { StateDirectory } from "../state/store.js";

const name = "notify.sock";
const inContainer = `/run/notify/${name}`;

/** What a process that has ended may have left: net.unix.max_dgram_qlen of the usual systems. */
const longestQueue = 512;

/** The manager need not answer the barrier, and a container that is ready need not wait for it. */
const barrierPatience = 5_000;

/** The service manager's socket, as our environment names it. */
export function managerSocket(): string | undefined {
	return environmentValue("NOTIFY_SOCKET") || undefined;
}

/** Where the program will say that it is ready. Anybody in the container may, whatever its user. */
export function listenForReadiness({ fd: directory }: StateDirectory): Fd {
	const socket = sys.socket(AF_UNIX, SOCK_DGRAM, 0);
	const umask = sys.umask(0);
	try {
		// by the descriptor, as the start socket (start-socket.ts)
		sys.bind_unix(socket, `/proc/self/fd/${directory}/${name}`);
	} finally {
		sys.umask(umask);
	}
	return socket;
}

/** The container with that socket in it, after all of its own mounts, and its program told of it. */
export function withNotifySocket(config: Config, { path }: StateDirectory): Config {
	const { mounts = [], process } = config;
	const options = ["bind", "nosuid", "noexec", "nodev", "ro"];
	return {
		...config,
		mounts: [...mounts, { destination: inContainer, type: "bind", source: `${path}/${name}`, options }],
		...(process && { process: { ...process, env: [...(process.env ?? []), `NOTIFY_SOCKET=${inContainer}`] } }),
	};
}

/** A program's word on its way to the manager. */
export interface Readiness {
	/** Where it arrives. */
	readonly socket: Fd;
	/** $NOTIFY_SOCKET: a path, or "@" and a name of the abstract namespace. */
	readonly manager: string;
	/** The process that the manager is to watch from then on. */
	readonly mainPid: number;
}

/** null unless there is somebody at both ends. */
export function readinessOf(socket: Fd | null, manager: string | undefined, mainPid: number): Readiness | null {
	return socket === null || manager === undefined ? null : { socket, manager, mainPid };
}

/**
 * Takes the messages that have come, one at least: whether the program says that it is ready. One that goes on and on
 * keeps nobody from what else there is to do.
 */
export function saysReady(socket: Fd): boolean {
	for (let left = longestQueue; left > 0; left--) {
		// read(2) leaves behind whatever descriptors came along
		if (sys.read(socket, 4096).split("\n").includes("READY=1")) return true;
		if (!sys.poll([{ fd: socket, events: POLLIN }], 0)[0]) return false;
	}
	return false;
}

/** Waits until the program is ready and the manager knows, or the process has ended. For whoever leaves afterwards. */
export function awaitReadiness(readiness: Readiness, pidfd: Fd, warn: (message: string) => void): void {
	for (;;) {
		const readable = waitReadable([readiness.socket, pidfd], -1) ?? [];
		if (readable.includes(readiness.socket) && saysReady(readiness.socket)) {
			tellManager(readiness, true, warn);
			return;
		}
		if (readable.includes(pidfd)) return;
	}
}

/**
 * `leaving`: the manager finds out who speaks by the sender's cgroup, so that must live until the message has been
 * read. BARRIER=1 carries a descriptor, which the manager closes when it gets there.
 */
export function tellManager({ manager, mainPid }: Readiness, leaving: boolean, warn: (message: string) => void): void {
	try {
		withFd(sys.socket(AF_UNIX, SOCK_DGRAM, 0), (connection) => {
			sys.connect_unix(connection, manager.startsWith("@") ? `\0${manager.slice(1)}` : manager);
			sys.sendmsg(connection, "READY=1\n", []);
			sys.sendmsg(connection, `MAINPID=${mainPid}\n`, []);
			if (!leaving) return;
			const [ours, theirs] = sys.socketpair(AF_UNIX, SOCK_STREAM);
			sys.sendmsg(connection, "BARRIER=1", [theirs]);
			sys.close(theirs);
			withFd(ours, () => waitReadable([ours], barrierPatience));
		});
	} catch (error) {
		// the program runs: that nobody wants to know is no reason to end it
		warn(`could not tell ${manager}, the NOTIFY_SOCKET, that the container is ready: ${messageOf(error)}`);
	}
}
