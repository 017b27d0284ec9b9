/** The log: one line per event, as text (`time="…" level=error msg="…"`) or as JSON, to the file of `--log` or to stderr. */
import type { LogFields, Logger } from "../runtime/host.js";
import { AT_FDCWD, F_DUPFD_CLOEXEC, O_APPEND, O_CLOEXEC, O_CREAT, O_WRONLY } from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { attempt, isSysError } from "../sys/errors.js";
import { sys } from "../sys/index.js";
import { writeText } from "./output.js";

export type LogFormat = "text" | "json";

interface LogSettings {
	/** The file, or undefined for stderr. */
	readonly log: string | undefined;
	readonly logFormat: LogFormat;
	readonly debug: boolean;
}

type Level = "debug" | "warning" | "error";

const STDERR: Fd = 2;

/**
 * Opens the log at once: a file that cannot be written is told before anything is done, and the child of clone
 * writes into it from inside the container's root, where the path would be the container's. Descriptors below
 * `firstFreeFd` are the container's (`--preserve-fds`): the log must not be taken for one of them.
 */
export function openLog(settings: LogSettings, firstFreeFd: Fd): Logger {
	const fd = settings.log === undefined ? STDERR : openFile(settings.log, firstFreeFd);
	const format = settings.logFormat === "json" ? jsonLine : textLine;
	const write = (level: Level, message: string, fields: LogFields) => {
		try {
			writeText(fd, format(level, message, rfc3339(new Date()), fields));
		} catch (error) {
			// a full disk: what is told of goes on all the same, and an error is on stderr too
			if (!isSysError(error)) throw error;
		}
	};
	return {
		debug: settings.debug ? (message) => write("debug", message, {}) : () => {},
		warning: (message) => write("warning", message, {}),
		error: (message, fields = {}) => write("error", message, fields),
	};
}

function openFile(path: string, firstFreeFd: Fd): Fd {
	const fd = attempt(
		"file-failed",
		`open ${path}`,
		() => sys.openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644),
		{ object: path, hint: "--log takes a file in a directory that exists" },
	);
	if (fd >= firstFreeFd) return fd;
	const moved = sys.fcntl(fd, F_DUPFD_CLOEXEC, firstFreeFd);
	sys.close(fd);
	return moved;
}

/** Engines parse `time` as RFC 3339 and show `msg`; the rest is ours. */
function jsonLine(level: Level, message: string, time: string, fields: LogFields): string {
	return `${JSON.stringify({ level, msg: message, time, ...fields })}\n`;
}

/** The text format of logrus: bare words stay bare, everything else is quoted. */
function textLine(level: Level, message: string, time: string, fields: LogFields): string {
	const pairs = Object.entries({ time, level, msg: message, ...fields });
	return `${pairs.map(([key, value]) => `${key}=${quote(String(value))}`).join(" ")}\n`;
}

function quote(value: string): string {
	return /^[A-Za-z0-9._/@^+-]+$/.test(value) ? value : JSON.stringify(value);
}

/** UTC to the second: "2026-01-02T03:04:05Z". */
function rfc3339(date: Date): string {
	return `${date.toISOString().slice(0, 19)}Z`;
}
