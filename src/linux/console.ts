/**
 * The container's terminal (pty(7), config.md#process `terminal`): a pseudoterminal of the container's own devpts,
 * whose slave becomes the process's three streams, controlling terminal and /dev/console, and whose master leaves.
 */
import type { ConsoleSize } from "../spec/types.js";
import { AT_FDCWD, DEVPTS_SUPER_MAGIC, O_CLOEXEC, O_NOCTTY, O_NOFOLLOW, O_RDWR, ONLCR } from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { attempt, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { attach, cloneTree } from "./detached-mount.js";
import { openOrMakeInRoot } from "./safe-path.js";

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
			const ptmx = root === AT_FDCWD ? "/dev/pts/ptmx" : "dev/pts/ptmx";
			const master = sys.openat(root, ptmx, O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC, 0);
			if (sys.fstatfs(master).type !== DEVPTS_SUPER_MAGIC) {
				throw new TsrunError("console-failed", '"/dev/pts/ptmx" of the container is not on a devpts', { stage });
			}
			sys.ioctl_unlock_pty(master);
			const slave = sys.ioctl_pty_peer(master, O_RDWR | O_NOCTTY);
			// the terminal that shows the output adds the carriage returns; two of them would double
			const termios = sys.tcgetattr(slave);
			sys.tcsetattr(slave, { ...termios, oflag: termios.oflag & ~ONLCR });
			if (size) sys.ioctl_winsize_set(master, { rows: Number(size.height), columns: Number(size.width) });
			return { master, slave };
		},
		{ stage, hint: 'process.terminal needs a devpts mount at "/dev/pts"' },
	);
}

/** DV-17: the slave is /dev/console. */
export function bindConsole(root: Fd, slave: Fd): void {
	attempt(
		"console-failed",
		'bind the terminal to "/dev/console"',
		() =>
			withFd(openOrMakeInRoot(root, "/dev/console", "file"), (place) =>
				withFd(cloneTree(slave, false), (tree) => attach(tree, place)),
			),
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
