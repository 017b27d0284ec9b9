/** libseccomp's names in config.json (config-linux.md#seccomp) and the numbers behind them. */
import type { SeccompAction, SeccompArch, SeccompFlag, SeccompOperator } from "../../spec/types.js";
import {
	SCMP_ACT_ALLOW,
	SCMP_ACT_ERRNO_BASE,
	SCMP_ACT_KILL,
	SCMP_ACT_KILL_PROCESS,
	SCMP_ACT_KILL_THREAD,
	SCMP_ACT_LOG,
	SCMP_ACT_NOTIFY,
	SCMP_ACT_TRACE_BASE,
	SCMP_ACT_TRAP,
	SCMP_CMP_EQ,
	SCMP_CMP_GE,
	SCMP_CMP_GT,
	SCMP_CMP_LE,
	SCMP_CMP_LT,
	SCMP_CMP_MASKED_EQ,
	SCMP_CMP_NE,
	SECCOMP_FILTER_FLAG_LOG,
	SECCOMP_FILTER_FLAG_SPEC_ALLOW,
	SECCOMP_FILTER_FLAG_TSYNC,
	SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
} from "../../sys/constants.js";

/** ERRNO and TRACE have room for an errno in their lower 16 bits. */
export const actions: Readonly<Record<SeccompAction, number>> = {
	SCMP_ACT_ALLOW,
	SCMP_ACT_ERRNO: SCMP_ACT_ERRNO_BASE,
	SCMP_ACT_KILL,
	SCMP_ACT_KILL_PROCESS,
	SCMP_ACT_KILL_THREAD,
	SCMP_ACT_LOG,
	SCMP_ACT_NOTIFY,
	SCMP_ACT_TRACE: SCMP_ACT_TRACE_BASE,
	SCMP_ACT_TRAP,
};

export const operators: Readonly<Record<SeccompOperator, number>> = {
	SCMP_CMP_EQ,
	SCMP_CMP_GE,
	SCMP_CMP_GT,
	SCMP_CMP_LE,
	SCMP_CMP_LT,
	SCMP_CMP_MASKED_EQ,
	SCMP_CMP_NE,
};

export const flags: Readonly<Record<SeccompFlag, number>> = {
	SECCOMP_FILTER_FLAG_TSYNC,
	SECCOMP_FILTER_FLAG_LOG,
	SECCOMP_FILTER_FLAG_SPEC_ALLOW,
	SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
};

/** Every architecture the specification names; a libseccomp may know fewer. */
export const architectures: readonly SeccompArch[] = [
	"SCMP_ARCH_AARCH64",
	"SCMP_ARCH_ARM",
	"SCMP_ARCH_LOONGARCH64",
	"SCMP_ARCH_M68K",
	"SCMP_ARCH_MIPS",
	"SCMP_ARCH_MIPS64",
	"SCMP_ARCH_MIPS64N32",
	"SCMP_ARCH_MIPSEL",
	"SCMP_ARCH_MIPSEL64",
	"SCMP_ARCH_MIPSEL64N32",
	"SCMP_ARCH_PARISC",
	"SCMP_ARCH_PARISC64",
	"SCMP_ARCH_PPC",
	"SCMP_ARCH_PPC64",
	"SCMP_ARCH_PPC64LE",
	"SCMP_ARCH_RISCV64",
	"SCMP_ARCH_S390",
	"SCMP_ARCH_S390X",
	"SCMP_ARCH_SH",
	"SCMP_ARCH_SHEB",
	"SCMP_ARCH_X32",
	"SCMP_ARCH_X86",
	"SCMP_ARCH_X86_64",
];

/** libseccomp's own name of an architecture: "x86_64" of "SCMP_ARCH_X86_64". */
export function libseccompName(architecture: string): string {
	return architecture.replace(/^SCMP_ARCH_/, "").toLowerCase();
}
