/**
 * What the suite finds wrong although the runtime is right: the test's name, the failures that are meant, and why. Whatever
 * else fails is a failure of ours.
 */
interface Explained {
	readonly failures: readonly RegExp[];
	readonly because: string;
}

const machine = "this machine's kernel";

export const explained: Readonly<Record<string, Explained>> = {
	delete: {
		failures: [/attempting to `delete` a container that is not `stopped` MUST/],
		because:
			"as runc and crun do, delete ends a container that was created and never started: containerd deletes its tasks so (docs/conformance.md, OP-27)",
	},
	hooks: {
		failures: [/Hooks MUST be called in the listed order/],
		because:
			'it writes "post-start1 called" and expects "post-start1"; without that, it would call a method of a null error',
	},
	hooks_stdin: {
		failures: [/passed to "prestart" hook over stdin/],
		because: 'the status in a prestart hook is "creating" since 1.0.2; it wants the "created" of before',
	},
	killsig: {
		failures: [/`kill` operation MUST send the specified signal/],
		because:
			'it kills as soon as the status is "running": a shell that is PID 1 and has not set its trap yet does not get the signal (pid_namespaces(7))',
	},
	linux_cgroups_blkio: {
		failures: [/blkio\.leaf_weight: no such file/, /exit status 1/],
		because: `${machine} has no blkio.leaf_weight: it was the CFQ scheduler's`,
	},
	linux_cgroups_relative_blkio: {
		failures: [/exit status 1$/],
		because: `${machine} has no blkio.leaf_weight: it was the CFQ scheduler's`,
	},
	linux_cgroups_hugetlb: {
		failures: [/MUST take the path to be relative to the cgroups mount point/],
		because: `${machine} has the hugetlb controller in cgroup v2, where the suite does not look`,
	},
	linux_cgroups_relative_hugetlb: {
		failures: [/get hugetlb cgroup data/],
		because: `${machine} has the hugetlb controller in cgroup v2, where the suite does not look`,
	},
	linux_cgroups_memory: {
		failures: [/memory kernel is set correctly/],
		because: "Linux 6.1 took memory.kmem.limit_in_bytes away; the specification says not to use it",
	},
	linux_cgroups_relative_memory: {
		failures: [/memory kernel is set correctly/],
		because: "Linux 6.1 took memory.kmem.limit_in_bytes away; the specification says not to use it",
	},
	linux_cgroups_network: {
		failures: [/linux\.resources\.network\.classID/, /exit status 1/],
		because: `${machine} has neither net_cls nor net_prio`,
	},
	linux_cgroups_relative_network: {
		failures: [/exit status 1$/],
		because: `${machine} has neither net_cls nor net_prio`,
	},
	linux_mount_label: {
		failures: [/error mounting "tmpfs" to rootfs at "\/dev"/],
		because: `${machine} runs no SELinux`,
	},
	linux_process_apparmor_profile: {
		failures: [/apparmor not supported/],
		because: `${machine} runs no AppArmor`,
	},
	misc_props: {
		failures: [/MUST NOT generate an error if they encounter an unknown annotation key/],
		because: "it asks for /runtimetest as the program and does not copy it into the root filesystem",
	},
	mounts: {
		failures: [/mounts\[\d+\] \(\/mnt\/etc-\w+\) found in order/],
		because:
			"it takes the lines of mountinfo for the order of mounting; since Linux 6.8 they have the order in which mounts were made, and a bind mount's tree is taken before the container has a mount namespace",
	},
	pidfile: {
		failures: [/create with '--pid-file' option works/],
		because: "it kills a program that has ended by then, and takes kill's error for one of --pid-file",
	},
	poststart: {
		failures: [/post-start hooks MUST be called after the user-specified process is executed/],
		because:
			"the hook runs once the program has been executed, and may write its line before the program writes its own",
	},
	poststart_fail: {
		failures: [/if any poststart hook fails/],
		because: "a failing poststart hook fails start since 1.3; it wants the warning of before",
	},
	prestart: {
		failures: [/Pre-start hooks MUST be called after the `start` operation is called/],
		because: "prestart hooks run during create since 1.0.2",
	},
	process_capabilities: {
		failures: [/expected \w+ capability CAP_SYS_RESOURCE set/],
		because: "a container cannot be given what this machine's root does not have",
	},
	process_capabilities_fail: {
		failures: [/cannot be mapped to a relevant kernel interface MUST cause an error/],
		because: "capabilities that are unknown are ignored with a warning since 1.1",
	},
	process_rlimits: {
		failures: [/has expected soft RLIMIT_NOFILE/],
		because:
			"it asks for a soft limit above the hard one for its program, then lets Go raise the soft limit before it looks",
	},
	start: {
		failures: [/MUST generate an error if `process` was not set/, /timeout in waiting for the container status/],
		because:
			"it takes the error that it wants to see from start for a failure of its own, and waits for a program that cannot run",
	},
};
