/** `process` of config.json (config.md#process), which is also exec's process.json. */
import type { Int32, Uint32, Uint64 } from "./scalars.js";

export interface Process {
	/** Gives the process a new pty as controlling terminal and as stdin, stdout and stderr. Default false. */
	terminal?: boolean;
	/** The terminal's size; ignored without `terminal`. */
	consoleSize?: ConsoleSize;
	/** Who the process runs as; root when absent. */
	user?: User;
	/** The working directory; absolute, inside the container. */
	cwd: string;
	/** The whole environment, NAME=value. */
	env?: string[];
	/** The whole argv; its first entry is looked up in PATH unless it has a slash. At least one entry. */
	args?: string[];
	/** Resource limits, each type at most once. */
	rlimits?: Rlimit[];
	/** The AppArmor profile to run under. */
	apparmorProfile?: string;
	/** The capability sets; an absent set is empty. */
	capabilities?: Capabilities;
	/** Sets no_new_privs. Default false. */
	noNewPrivileges?: boolean;
	/**
	 * Written to oom_score_adj; left alone when absent.
	 * @asType integer
	 */
	oomScoreAdj?: number;
	/** CPU scheduling policy and parameters. */
	scheduler?: Scheduler;
	/** The SELinux label to run under. */
	selinuxLabel?: string;
	/** I/O scheduling class and level. */
	ioPriority?: IoPriority;
	/** CPUs of a process made by exec; without effect on the container's init. */
	execCPUAffinity?: ExecCpuAffinity;
}

/** In characters. */
export interface ConsoleSize {
	/** Rows. */
	height: Uint64;
	/** Columns. */
	width: Uint64;
}

/** Numbers of the container's user namespace; names are not looked up. */
export interface User {
	/** User id of the process. */
	uid: Uint32;
	/** Group id of the process. */
	gid: Uint32;
	/** File mode creation mask. */
	umask?: Uint32;
	/** The supplementary groups; no others remain. */
	additionalGids?: Uint32[];
}

/** Names of capabilities(7), such as CAP_CHOWN. Unknown ones are a warning, so any string is legal here. */
export interface Capabilities {
	/** The most that an execve can gain. */
	bounding?: string[];
	/** What the kernel asks for. */
	effective?: string[];
	/** What is kept across execve by files that name it. */
	inheritable?: string[];
	/** What the process may make effective. */
	permitted?: string[];
	/** What is kept across execve of ordinary programs. */
	ambient?: string[];
}

export interface Rlimit {
	/** What is limited. */
	type: RlimitType;
	/** What the kernel enforces. */
	soft: Uint64;
	/** How far the process itself may raise the soft limit. */
	hard: Uint64;
}

/** getrlimit(2). */
export type RlimitType =
	| "RLIMIT_AS"
	| "RLIMIT_CORE"
	| "RLIMIT_CPU"
	| "RLIMIT_DATA"
	| "RLIMIT_FSIZE"
	| "RLIMIT_LOCKS"
	| "RLIMIT_MEMLOCK"
	| "RLIMIT_MSGQUEUE"
	| "RLIMIT_NICE"
	| "RLIMIT_NOFILE"
	| "RLIMIT_NPROC"
	| "RLIMIT_RSS"
	| "RLIMIT_RTPRIO"
	| "RLIMIT_RTTIME"
	| "RLIMIT_SIGPENDING"
	| "RLIMIT_STACK";

/** sched_setattr(2). Absent numbers are 0. */
export interface Scheduler {
	/** How the process is scheduled. */
	policy: SchedulerPolicy;
	/** -20 (gets most) to 19. */
	nice?: Int32;
	/** Static priority of SCHED_FIFO and SCHED_RR, 1 to 99. */
	priority?: Int32;
	/** Flags of sched_setattr(2). */
	flags?: SchedulerFlag[];
	/** SCHED_DEADLINE: nanoseconds of CPU time in each period. */
	runtime?: Uint64;
	/** SCHED_DEADLINE: nanoseconds from the start of a period. */
	deadline?: Uint64;
	/** SCHED_DEADLINE: nanoseconds. */
	period?: Uint64;
}

export type SchedulerPolicy =
	| "SCHED_OTHER"
	| "SCHED_FIFO"
	| "SCHED_RR"
	| "SCHED_BATCH"
	| "SCHED_ISO"
	| "SCHED_IDLE"
	| "SCHED_DEADLINE";

export type SchedulerFlag =
	| "SCHED_FLAG_RESET_ON_FORK"
	| "SCHED_FLAG_RECLAIM"
	| "SCHED_FLAG_DL_OVERRUN"
	| "SCHED_FLAG_KEEP_POLICY"
	| "SCHED_FLAG_KEEP_PARAMS"
	| "SCHED_FLAG_UTIL_CLAMP_MIN"
	| "SCHED_FLAG_UTIL_CLAMP_MAX";

/** ioprio_set(2). */
export interface IoPriority {
	/** Real-time, best effort, or only when nobody else asks. */
	class: IoPriorityClass;
	/**
	 * Level within the class, 0 (served first) to 7.
	 * @asType integer
	 * @minimum 0
	 * @maximum 7
	 */
	priority: number;
}

export type IoPriorityClass = "IOPRIO_CLASS_RT" | "IOPRIO_CLASS_BE" | "IOPRIO_CLASS_IDLE";

/** CPU lists such as "0-3,7". */
export interface ExecCpuAffinity {
	/** CPUs before the process enters the container's cgroup. */
	initial?: string;
	/** CPUs once it is there; the kernel decides when absent. */
	final?: string;
}
