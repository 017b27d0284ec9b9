/**
 * The container's terminal (pty(7), config.md#process `terminal`): a pseudoterminal of the container's own devpts,
 * whose slave becomes the process's three streams, controlling terminal and /dev/console, and whose master leaves.
 */
import type { ConsoleSize } from "../spec/types.js";
import {
	AT_FDCWD,
	DEVPTS_SUPER_MAGIC,
	O_CLOEXEC,
	O_NOCTTY,
	O_NOFOLLOW,
	O_RDWR,
	ONLCR,
	S_IFCHR,
	S_IFMT,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { attempt, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { refuseInsideProc } from "./bind-mounts.js";
import { asItIs, mountApi, withPlace } from "./mount-api.js";
import { openInRoot } from "./safe-path.js";

const stage = "console";

export interface Terminal {
	readonly master: Fd;
	readonly slave: Fd;
}

/**
 * Opens a pair from the devpts at /dev/pts of `root` (the container's root, or AT_FDCWD in a process that is inside).
 * The slave comes from the master by ioctl, never by its path, which a container could swap (CVE-2025-52565).
 */
export function openTerminal(root: Fd, size: ConsoleSize | undefined): Terminal {
	return attempt(
		"console-failed",
		"open a pseudoterminal",
		() => {
			const master = openMultiplexer(root);
			sys.ioctl_unlock_pty(master);
			const slave = sys.ioctl_pty_peer(master, O_RDWR | O_NOCTTY);
			if (size) sys.ioctl_winsize_set(master, { rows: Number(size.height), columns: Number(size.width) });
			return { master, slave };
		},
		{ stage, hint: 'process.terminal needs a devpts mount at "/dev/pts"' },
	);
}

/** For a terminal that we relay: the caller's own adds the carriage returns, two of them would double; the size is its. */
export function adaptToCaller(master: Fd): void {
	const termios = sys.tcgetattr(master);
	sys.tcsetattr(master, { ...termios, oflag: termios.oflag & ~ONLCR });
	followSize(master);
}

/** Without a terminal of the caller's the size stays as it is. */
export function followSize(master: Fd): void {
	const screen = [0, 1, 2].find((fd) => sys.isatty(fd));
	if (screen !== undefined) sys.ioctl_winsize_set(master, sys.ioctl_winsize_get(screen));
}

/** From outside, /dev or /dev/pts may be links of the image (CVE-2026-41579): nothing is opened before it is proved. */
function openMultiplexer(root: Fd): Fd {
	const flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
	if (root !== AT_FDCWD) {
		return withFd(openInRoot(root, "/dev/pts/ptmx"), (fd) => {
			requireMultiplexer(fd);
			return sys.openat(AT_FDCWD, `/proc/self/fd/${fd}`, flags, 0);
		});
	}
	const master = sys.openat(AT_FDCWD, "/dev/pts/ptmx", flags | O_NOFOLLOW, 0);
	requireMultiplexer(master);
	return master;
}

/** devpts(5): ptmx is character device 5:2. */
function requireMultiplexer(fd: Fd): void {
	const { mode, major, minor } = sys.fstat(fd);
	const isMultiplexer = (mode & S_IFMT) === S_IFCHR && major === 5 && minor === 2;
	if (isMultiplexer && sys.fstatfs(fd).type === DEVPTS_SUPER_MAGIC) return;
	throw new TsrunError("console-failed", '"/dev/pts/ptmx" of the container is not the ptmx of a devpts', { stage });
}

/** DV-17: the slave is /dev/console. */
export function bindConsole(root: Fd, slave: Fd): void {
	attempt(
		"console-failed",
		'bind the terminal to "/dev/console"',
		() =>
			withPlace(root, "/dev/console", "file", (place) => {
				refuseInsideProc({ destination: "/dev/console" }, place.fd);
				sys.close(mountApi().bindTree(slave, false, place, asItIs));
			}),
		{ stage, object: "/dev/console" },
	);
}

/** The slave takes the place of the standard streams; the process must lead its session. */
export function becomeForeground(slave: Fd): void {
	attempt(
		"console-failed",
		"take the terminal",
		() => {
			sys.ioctl_set_controlling_terminal(slave);
			for (const stream of [0, 1, 2]) sys.dup2(slave, stream);
		},
		{ stage },
	);
}
