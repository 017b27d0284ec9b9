/** DV: device nodes, listed and default (config-linux.md#devices, #default-devices). */
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { all, type Patch, setting, test } from "../support/conformance.js";
import { listenForConsole } from "../support/console-socket.js";
import { shell } from "../support/container.js";

const withDevices = (...devices: object[]): Patch => setting(({ linux }) => linux, { devices });
const describeFiles = (...paths: string[]) => shell(`stat -c '%F %a %u:%g %t:%T' ${paths.join(" ")}`);

test("DV-01 DV-03 DV-04 devices of every type are there, in /dev and outside of it", ({
	runtime,
	makeBundle,
	newId,
}) => {
	const patch = withDevices(
		{ type: "c", path: "/dev/char", major: 10, minor: 229, fileMode: 0o600, uid: 0, gid: 0 },
		{ type: "u", path: "/dev/unbuffered", major: 1, minor: 5, fileMode: 0o600, uid: 0, gid: 0 },
		{ type: "b", path: "/dev/deep/block", major: 7, minor: 300, fileMode: 0o600, uid: 0, gid: 0 },
		{ type: "p", path: "/srv/fifo", fileMode: 0o600, uid: 0, gid: 0 },
	);
	const args = describeFiles("/dev/char", "/dev/unbuffered", "/dev/deep/block", "/srv/fifo");
	expect(runtime("run", "--bundle", makeBundle({ args, patch }), newId()).stdout.split("\n")).toEqual([
		"character special file 600 0:0 a:e5",
		"character special file 600 0:0 1:5",
		"block special file 600 0:0 7:12c",
		"fifo 600 0:0 0:0",
		"",
	]);
});

test("DV-02 a device is a node of its own, or in a user namespace the host's, bound", ({ output }) => {
	const users: Patch = ({ linux }) => {
		linux.namespaces.push({ type: "user" });
		linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
		linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
	};
	const fuse = withDevices({ type: "c", path: "/dev/fuse", major: 10, minor: 229, fileMode: 0o666 });
	for (const patch of [fuse, all(users, fuse)]) {
		expect(output(["/bin/stat", "-c", "%t:%T", "/dev/fuse"], patch)).toBe("a:e5\n");
	}
});

const other: Record<string, (path: string) => void> = {
	"a file": (path) => writeFileSync(path, ""),
	"a directory": (path) => mkdirSync(path),
	"a link": (path) => symlinkSync("/dev/zero", path),
	"another device": (path) => void execFileSync("mknod", [path, "c", "1", "5"]),
};

test.for(Object.entries(other))(
	"DV-05 a file that does not match the device is an error: %s",
	([, make], { runtime, makeBundle, newId }) => {
		const bundle = makeBundle({
			args: ["/bin/true"],
			patch: withDevices({ type: "c", path: "/here", major: 1, minor: 3 }),
		});
		make(join(bundle, "rootfs/here"));
		expect(runtime("run", "--bundle", bundle, newId()).status).not.toBe(0);
	},
);

test("DV-06 major and minor have to be there, but for a FIFO, which may have them", ({ refuse, create }) => {
	refuse(withDevices({ type: "c", path: "/dev/x", major: 1 }));
	refuse(withDevices({ type: "b", path: "/dev/x", minor: 1 }));
	create({ patch: withDevices({ type: "p", path: "/dev/x" }, { type: "p", path: "/dev/y", major: 1, minor: 3 }) });
});

test("DV-07 fileMode is the device's, whatever the umask", ({ runtime, makeBundle, newId }) => {
	const patch = withDevices({ type: "c", path: "/dev/x", major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0 });
	const bundle = makeBundle({ args: ["/bin/stat", "-c", "%a", "/dev/x"], patch });
	const through = ["/bin/sh", "-c", 'umask 077; exec "$@"', "-"];
	expect(runtime.with({ through }, "run", "--bundle", bundle, newId()).stdout).toBe("666\n");
});

test("DV-08 uid and gid are the device's owner", ({ output }) => {
	const patch = withDevices({ type: "c", path: "/dev/x", major: 1, minor: 3, fileMode: 0o600, uid: 11, gid: 22 });
	expect(output(["/bin/stat", "-c", "%u:%g", "/dev/x"], patch)).toBe("11:22\n");
});

test("DV-10 a device that is neither listed nor a default one cannot be used, nor is it there", ({ output }) => {
	const script =
		"find /dev -type b -o -type c | sort | tr '\\n' ' '; mknod /dev/mem c 1 1; /probe open /dev/mem; /probe open /dev/null";
	const patch = setting(({ process }) => process, {
		capabilities: Object.fromEntries(
			["bounding", "effective", "permitted"].map((set) => [set, ["CAP_MKNOD", "CAP_SYS_RAWIO"]]),
		),
	});
	const nodes = ["full", "null", "pts/ptmx", "random", "tty", "urandom", "zero"].map((name) => `/dev/${name}`);
	expect(output(["/bin/sh", "-c", script], patch)).toBe(`${nodes.join(" ")} EPERM\nOK\n`);
});

test.for([
	["DV-11", "null", "1:3"],
	["DV-12", "zero", "1:5"],
	["DV-13", "full", "1:7"],
	["DV-14", "random", "1:8"],
	["DV-15", "urandom", "1:9"],
	["DV-16", "tty", "5:0"],
] as const)("%s /dev/%s is there, for all to use", ([, name, numbers], { output }) => {
	expect(output(describeFiles(`/dev/${name}`))).toBe(`character special file 666 0:0 ${numbers}\n`);
});

test("DV-17 with a terminal /dev/console is its pty", async ({ runtime, create, folder }) => {
	const console = await listenForConsole(folder);
	const script = "stat -L -c %t:%T /dev/console /proc/self/fd/0; echo said > /dev/console";
	const patch = setting(({ process }) => process, { terminal: true });
	const { id } = create({ args: shell(script), patch }, "--console-socket", console.path);
	await console.received();
	expect(runtime("start", id).status).toBe(0);
	const [own, stdin, said] = (await console.ended()).stdout.replaceAll("\r", "").split("\n");
	expect([own, said]).toEqual([stdin, "said"]);
	expect(own).toMatch(/^88:/);
});

test("DV-18 /dev/ptmx is that of the container's own devpts", ({ output }) => {
	const [own, linked] = output(["/bin/stat", "-L", "-c", "%d:%i", "/dev/pts/ptmx", "/dev/ptmx"]).trim().split("\n");
	expect(linked).toBe(own);
});
