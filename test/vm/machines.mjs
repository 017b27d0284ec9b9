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

const files = ["cgroup-", "events", "lifecycle", "pause", "stats", "update"];

/** @type {Readonly<Record<string, TestMachine>>} */
export const machines = {
	v2: { ...uml, systemd: false, has: ["cgroup v2"], files },
	systemd: { ...uml, systemd: true, has: ["cgroup v2", "systemd"], files },
};
