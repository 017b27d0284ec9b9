/** Signals by name and number (signal(7)), as people write them: TERM, SIGTERM, sigterm, 15, RTMIN+3. */

import {
	SIGABRT,
	SIGALRM,
	SIGBUS,
	SIGCHLD,
	SIGCONT,
	SIGFPE,
	SIGHUP,
	SIGILL,
	SIGINT,
	SIGIO,
	SIGKILL,
	SIGPIPE,
	SIGPROF,
	SIGPWR,
	SIGQUIT,
	SIGRTMAX,
	SIGRTMIN,
	SIGSEGV,
	SIGSTKFLT,
	SIGSTOP,
	SIGSYS,
	SIGTERM,
	SIGTRAP,
	SIGTSTP,
	SIGTTIN,
	SIGTTOU,
	SIGURG,
	SIGUSR1,
	SIGUSR2,
	SIGVTALRM,
	SIGWINCH,
	SIGXCPU,
	SIGXFSZ,
} from "../sys/constants.js";
import { TsrunError } from "../sys/errors.js";
import { nearest } from "../sys/nearest.js";

/** Of two names for one number the first is the one we print. */
const numbers: Readonly<Record<string, number>> = {
	HUP: SIGHUP,
	INT: SIGINT,
	QUIT: SIGQUIT,
	ILL: SIGILL,
	TRAP: SIGTRAP,
	ABRT: SIGABRT,
	IOT: SIGABRT,
	BUS: SIGBUS,
	FPE: SIGFPE,
	KILL: SIGKILL,
	USR1: SIGUSR1,
	SEGV: SIGSEGV,
	USR2: SIGUSR2,
	PIPE: SIGPIPE,
	ALRM: SIGALRM,
	TERM: SIGTERM,
	STKFLT: SIGSTKFLT,
	CHLD: SIGCHLD,
	CLD: SIGCHLD,
	CONT: SIGCONT,
	STOP: SIGSTOP,
	TSTP: SIGTSTP,
	TTIN: SIGTTIN,
	TTOU: SIGTTOU,
	URG: SIGURG,
	XCPU: SIGXCPU,
	XFSZ: SIGXFSZ,
	VTALRM: SIGVTALRM,
	PROF: SIGPROF,
	WINCH: SIGWINCH,
	IO: SIGIO,
	POLL: SIGIO,
	PWR: SIGPWR,
	SYS: SIGSYS,
	RTMIN: SIGRTMIN,
	RTMAX: SIGRTMAX,
};

/** Those that a process may block, but for the two that libc keeps to itself. */
export const catchableSignals: readonly number[] = Array.from(
	{ length: SIGRTMAX },
	(_unused, index) => index + 1,
).filter((signal) => signal !== SIGKILL && signal !== SIGSTOP && (signal < 32 || signal >= SIGRTMIN));

/** The number of a signal; 0, which only asks whether the process is there, is allowed. */
export function parseSignal(text: string): number {
	const number = /^\d+$/.test(text) ? Number(text) : numberOf(text.toUpperCase().replace(/^SIG/, ""));
	if (number !== undefined && number >= 0 && number <= SIGRTMAX) return number;
	const near = nearest(text.toUpperCase().replace(/^SIG/, ""), Object.keys(numbers));
	throw new TsrunError("signal-unknown", `unknown signal ${JSON.stringify(text)}`, {
		object: text,
		hint: near ? `did you mean ${near}?` : `use a name such as TERM, KILL or RTMIN+1, or a number up to ${SIGRTMAX}`,
	});
}

/** The same for those that only a signal will do: 0 is none. */
export function parseRealSignal(text: string): number {
	const signal = parseSignal(text);
	if (signal > 0) return signal;
	throw new TsrunError("signal-unknown", "0 is no signal: it only asks whether the process is there", { object: text });
}

function numberOf(name: string): number | undefined {
	if (Object.hasOwn(numbers, name)) return numbers[name];
	const realTime = /^RT(MIN\+|MAX-)(\d{1,2})$/.exec(name);
	if (!realTime) return undefined;
	const distance = Number(realTime[2]);
	const number = realTime[1] === "MIN+" ? SIGRTMIN + distance : SIGRTMAX - distance;
	return number >= SIGRTMIN && number <= SIGRTMAX ? number : undefined;
}

/** "SIGTERM" of 15, "SIGRTMIN+1" of 35; a number without a name stays one. */
export function signalName(number: number): string {
	const name = Object.keys(numbers).find((each) => numbers[each] === number);
	if (name !== undefined) return `SIG${name}`;
	return number > SIGRTMIN && number < SIGRTMAX ? `SIGRTMIN+${number - SIGRTMIN}` : String(number);
}
