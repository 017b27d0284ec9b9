import { beforeEach, describe, expect, it } from "vitest";
import { takeTrees } from "../../../src/linux/mapped-mounts.js";
import type { Config, Linux, Mount } from "../../../src/spec/types.js";
import * as c from "../../../src/sys/constants.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";
import type { ProcessEnded } from "../../support/door-answers.js";
import { watchFds } from "../../support/open-fds.js";

const users: Linux = { namespaces: [{ type: "mount" }, { type: "user" }] };
const mapping = [{ containerID: 0, hostID: 1000, size: 10 }];
const mappings = { uidMappings: mapping, gidMappings: mapping };

beforeEach(() => {
	door.files({
		"/proc/1001/uid_map": "",
		"/proc/1001/gid_map": "",
		"/proc/1001/setgroups": "",
		"/proc/1001/ns/user": "",
		"/proc/7/ns/user": "",
	});
});

function take(mounts: readonly Mount[], linux: Linux = {}): ReadonlyMap<Mount, number> {
	const config: Config = { ociVersion: "1.3.0", root: { path: "rootfs" }, mounts: [...mounts], linux };
	return takeTrees(config, "/bundle");
}

const bind = (...options: string[]): Mount => ({ destination: "/a", source: "/host", options: ["rbind", ...options] });

function errorOf(step: () => void): TsrunError {
	try {
		step();
	} catch (error) {
		if (error instanceof TsrunError) return error;
		throw error;
	}
	throw new Error("nothing was thrown");
}

/** What happened to the trees: flags, attributes set and cleared, propagation. */
const changes = () =>
	door
		.args("mount_setattr")
		.map(([, , flags, set, clear, propagation, namespace]) => ({
			recursive: (flags & c.AT_RECURSIVE) !== 0,
			set,
			clear,
			propagation,
			namespace,
		}))
		.filter(({ set, clear, propagation }) => set + clear + propagation !== 0);

describe("which trees are taken early", () => {
	it("none of an ordinary container: it binds its sources itself", () => {
		expect(take([bind(), bind("rprivate"), { destination: "/b", type: "tmpfs", source: "tmpfs" }]).size).toBe(0);
		expect(door.names).not.toContain("open_tree");
	});

	it("all bind sources of one with a user namespace, whose root may not reach them", () => {
		const mounts = [bind(), { destination: "/b", type: "tmpfs" }, bind("remount"), bind("ro")];
		expect([...take(mounts, users).keys()]).toEqual([mounts[0], mounts[3]]);
	});

	it("none when the caller has no privilege outside that namespace", () => {
		door.answer("geteuid", 1000);
		expect(take([bind()], users).size).toBe(0);
	});

	it.each(["shared", "rshared", "slave", "rslave"])("one that stays tied to the host by %s", (option) => {
		expect(take([bind(option)]).size).toBe(1);
	});

	it("one with id mappings", () => {
		expect(take([{ ...bind(), ...mappings }]).size).toBe(1);
	});

	it("none where the kernel has no detached mounts", () => {
		door.fail("mount_setattr", "ENOSYS");
		expect(take([bind("rshared")], users).size).toBe(0);
	});
});

describe("a taken tree", () => {
	it("is complete: attributes as mount(8) gives them", () => {
		take([bind("rslave", "ro", "rnoexec")]);
		const [own, tree] = changes();
		expect(own).toMatchObject({ recursive: false, set: c.MOUNT_ATTR_RDONLY });
		expect((own?.clear ?? 0) & c.MOUNT_ATTR_NOSUID).not.toBe(0);
		expect(tree).toMatchObject({ recursive: true, set: c.MOUNT_ATTR_NOEXEC });
	});

	it("of a user namespace keeps the flags that would be locked there", () => {
		take([bind("ro")], users);
		expect(changes()[0]).toMatchObject({ set: c.MOUNT_ATTR_RDONLY, clear: 0 });
	});

	it.each<[string, Linux, string[], number | undefined]>([
		["a plain one is the host's slave", users, [], c.MS_SLAVE],
		["a plain one is private with a private root", { ...users, rootfsPropagation: "rprivate" }, [], c.MS_PRIVATE],
		["rslave is the host's slave, whatever the root", { rootfsPropagation: "private" }, ["rslave"], c.MS_SLAVE],
		["rshared stays the host's peer", {}, ["rshared"], undefined],
		["rshared is no peer of the host's from a user namespace", users, ["rshared"], c.MS_SLAVE],
	])("%s", (_, linux, options, propagation) => {
		take([bind(...options)], linux);
		expect(changes().find((change) => change.propagation !== 0)?.propagation).toBe(propagation);
	});

	it("is the only thing left open", () => {
		const open = watchFds();
		const trees = take([{ ...bind(), ...mappings }, bind("rslave")], users);
		expect([...open].sort()).toEqual([...trees.values()].sort());
	});
});

describe("id mappings", () => {
	const mapped = () => changes().find(({ set }) => set === c.MOUNT_ATTR_IDMAP);

	it("come from a user namespace made for them alone, whose process is waited for", () => {
		take([{ ...bind(), ...mappings }]);
		expect(door.args("clone3")).toEqual([[c.CLONE_NEWUSER, c.SIGCHLD, -1]]);
		expect(door.content("/proc/1001/uid_map")).toBe("0 1000 10\n");
		expect(door.content("/proc/1001/gid_map")).toBe("0 1000 10\n");
		expect(door.args("wait4")).toEqual([[1001, 0]]);
		expect(mapped()).toMatchObject({ recursive: false, namespace: expect.any(Number) });
	});

	it("whose process does nothing but wait for the runtime", () => {
		door.answer("clone3", { pid: 0, pidfd: -1 });
		let ended: unknown;
		try {
			take([{ ...bind(), ...mappings }]);
		} catch (error) {
			ended = error;
		}
		expect(ended as ProcessEnded).toMatchObject({ syscall: "exit", args: [0] });
		expect(door.names.slice(door.names.indexOf("clone3") + 1).slice(0, 3)).toEqual(["close", "recvmsg", "exit"]);
	});

	it("hold for all below with ridmap", () => {
		take([{ ...bind("ridmap"), ...mappings }]);
		expect(mapped()?.recursive).toBe(true);
	});

	it("are the container's, when the mount has none", () => {
		take([bind("idmap")], { ...users, uidMappings: mapping, gidMappings: mapping });
		expect(door.content("/proc/1001/uid_map")).toBe("0 1000 10\n");
	});

	it("are those of a user namespace that is joined, when nobody names any", () => {
		take([bind("idmap")], { namespaces: [{ type: "user", path: "/proc/7/ns/user" }] });
		expect(door.names).not.toContain("clone3");
		expect(mapped()).toMatchObject({ namespace: expect.any(Number) });
	});

	it("are refused on anything but a bind mount", () => {
		const error = errorOf(() => take([{ destination: "/a", type: "tmpfs", source: "tmpfs", ...mappings }]));
		expect(error.message).toBe('error mounting "tmpfs" to rootfs at "/a": only bind mounts can have id mappings');
		expect(error.id).toBe("config-unsupported");
	});

	it.each([
		["EINVAL", "invalid argument", "the source's file system may not support id-mapped mounts"],
		["EPERM", "operation not permitted", "the source's file system may not support id-mapped mounts"],
		["ENOSYS", "function not implemented", "id-mapped mounts need Linux 5.12"],
	] as const)("%s says why, and closes what was taken", (code, words, hint) => {
		door.fail("mount_setattr", code, (...[, , , set]) => set === c.MOUNT_ATTR_IDMAP);
		const open = watchFds();
		const error = errorOf(() => take([bind("rslave"), { ...bind(), ...mappings }]));
		expect(error.message).toBe(`error mounting "/host" to rootfs at "/a": ${words}`);
		expect(error.details).toMatchObject({ hint, jsonPath: "$.mounts[1]" });
		expect(open.size).toBe(0);
	});
});

it("a source that is not there is named", () => {
	door.fail("open_tree", "ENOENT");
	const error = errorOf(() => take([bind()], users));
	expect(error.message).toBe(
		'error mounting "/host" to rootfs at "/a": bind source "/host": no such file or directory',
	);
});
