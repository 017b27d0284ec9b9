/** `linux.seccomp` of config.json (config-linux.md#seccomp), with libseccomp's names. */
import type { Uint32, Uint64 } from "./scalars.js";

export interface Seccomp {
	/** What happens to a call that no rule matches. */
	defaultAction: SeccompAction;
	/** The errno of a default action that takes one; EPERM when absent. */
	defaultErrnoRet?: Uint32;
	/** Architectures the filter covers; the native one when absent. */
	architectures?: SeccompArch[];
	/** Flags of seccomp(2). */
	flags?: SeccompFlag[];
	/** UNIX stream socket of the agent that answers SCMP_ACT_NOTIFY. */
	listenerPath?: string;
	/** Opaque text for the agent; only together with listenerPath. */
	listenerMetadata?: string;
	/** What happens to calls that are named. */
	syscalls?: SeccompRule[];
}

export interface SeccompRule {
	/**
	 * System calls by name; unknown ones are skipped.
	 * @minItems 1
	 */
	names: string[];
	/** What happens to them. */
	action: SeccompAction;
	/** The errno of an action that takes one; EPERM when absent. */
	errnoRet?: Uint32;
	/** Conditions on the arguments, all of which must hold. */
	args?: SeccompArg[];
}

export interface SeccompArg {
	/**
	 * Which argument, counted from 0.
	 * @asType integer
	 * @minimum 0
	 * @maximum 5
	 */
	index: number;
	/** What the argument is compared with; the mask of SCMP_CMP_MASKED_EQ. */
	value: Uint64;
	/** What the masked argument is compared with, for SCMP_CMP_MASKED_EQ. */
	valueTwo?: Uint64;
	/** How argument and value are compared. */
	op: SeccompOperator;
}

export type SeccompAction =
	| "SCMP_ACT_KILL"
	| "SCMP_ACT_KILL_PROCESS"
	| "SCMP_ACT_KILL_THREAD"
	| "SCMP_ACT_TRAP"
	| "SCMP_ACT_ERRNO"
	| "SCMP_ACT_TRACE"
	| "SCMP_ACT_ALLOW"
	| "SCMP_ACT_LOG"
	| "SCMP_ACT_NOTIFY";

export type SeccompOperator =
	| "SCMP_CMP_NE"
	| "SCMP_CMP_LT"
	| "SCMP_CMP_LE"
	| "SCMP_CMP_EQ"
	| "SCMP_CMP_GE"
	| "SCMP_CMP_GT"
	| "SCMP_CMP_MASKED_EQ";

export type SeccompFlag =
	| "SECCOMP_FILTER_FLAG_TSYNC"
	| "SECCOMP_FILTER_FLAG_LOG"
	| "SECCOMP_FILTER_FLAG_SPEC_ALLOW"
	| "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV";

export type SeccompArch =
	| "SCMP_ARCH_X86"
	| "SCMP_ARCH_X86_64"
	| "SCMP_ARCH_X32"
	| "SCMP_ARCH_ARM"
	| "SCMP_ARCH_AARCH64"
	| "SCMP_ARCH_LOONGARCH64"
	| "SCMP_ARCH_M68K"
	| "SCMP_ARCH_MIPS"
	| "SCMP_ARCH_MIPS64"
	| "SCMP_ARCH_MIPS64N32"
	| "SCMP_ARCH_MIPSEL"
	| "SCMP_ARCH_MIPSEL64"
	| "SCMP_ARCH_MIPSEL64N32"
	| "SCMP_ARCH_PARISC"
	| "SCMP_ARCH_PARISC64"
	| "SCMP_ARCH_PPC"
	| "SCMP_ARCH_PPC64"
	| "SCMP_ARCH_PPC64LE"
	| "SCMP_ARCH_RISCV64"
	| "SCMP_ARCH_S390"
	| "SCMP_ARCH_S390X"
	| "SCMP_ARCH_SH"
	| "SCMP_ARCH_SHEB";
