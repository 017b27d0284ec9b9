/** The machines that `npm run test:vm` knows, what each has that this host may lack, and which tests belong there. */

/**
 * @typedef {object} TestMachine
 * @property {"uml"} engine
 * @property {boolean} systemd
 * @property {string} kernel
 * @property {boolean} always whether it runs when no machine is named, and in CI
 * @property {readonly string[]} has what must not be missing there (test/support/skip.ts)
 * @property {readonly string[]} files of test/e2e, by parts of their names
 * @property {number} timeout in seconds
 */

const uml = { engine: /** @type {const} */ ("uml"), kernel: "", always: true, timeout: 900 };

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
		files: [...both, "cgroup-systemd", "cgroup-unit-limits", "rootless-systemd"],
	},
	/** v1 with v2 beside it, as systemd mounts them; its releases since 258 no longer can. */
	"systemd-v1": {
		...uml,
		systemd: true,
		kernel: "systemd.unified_cgroup_hierarchy=0",
		has: ["cgroup v1", "systemd"],
		files: ["cgroup-systemd"],
	},
};
