/** The machines that `npm run test:vm` knows, what each has that this host may lack, and which tests belong there. */

/**
 * @typedef {object} TestMachine
 * @property {"uml" | "qemu"} engine
 * @property {boolean} systemd
 * @property {string} kernel
 * @property {boolean} always whether it runs when no machine is named, and in CI
 * @property {readonly string[]} has what must not be missing there (test/support/skip.ts)
 * @property {readonly string[]} files of test/e2e, by parts of their names
 * @property {string} [titles] a pattern, when not all tests of the files belong there
 * @property {number} timeout in seconds
 */

const uml = { engine: /** @type {const} */ ("uml"), kernel: "", always: true, timeout: 900 };

/** What every machine with cgroup v2 runs. */
const both = ["cgroup-start", "lifecycle", "pause", "update"];

/** @type {Readonly<Record<string, TestMachine>>} */
export const machines = {
	v2: {
		...uml,
		systemd: false,
		has: ["cgroup v2", "apparmor"],
		files: [...both, "apparmor", "cgroup-settings", "events", "stats"],
	},
	systemd: {
		...uml,
		systemd: true,
		has: ["cgroup v2", "systemd"],
		files: [...both, "cgroup-systemd", "cgroup-unit-limits", "notify", "rootless-systemd"],
	},
	/** v1 with v2 beside it, as systemd mounts them; its releases since 258 no longer can. */
	"systemd-v1": {
		...uml,
		systemd: true,
		kernel: "systemd.unified_cgroup_hierarchy=0",
		has: ["cgroup v1", "systemd"],
		files: ["cgroup-systemd"],
	},
	/** The other kernel of Debian: what user-mode Linux has no controllers, pressure files or devices for. */
	qemu: {
		...uml,
		engine: "qemu",
		systemd: false,
		has: ["cgroup v2", "pressure", "criu", "memory tracking", "sockets for criu"],
		files: ["cgroup-settings", "checkpoint.test", "checkpoint-errors", "rootless.test", "stats"],
		titles:
			"cpu: .*(CPU|node)|blockIO: |hugepageLimits: |rdma: |pressure|handed over|goes on at the same|in steps is saved|TCP conn|with pipes",
	},
	/** Everything of systemd's with every controller. */
	"qemu-systemd": {
		...uml,
		engine: "qemu",
		systemd: true,
		always: false,
		has: ["cgroup v2", "systemd"],
		files: ["cgroup-systemd", "cgroup-unit-limits"],
	},
};
