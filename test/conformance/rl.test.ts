/** RL, CV, RT: descriptors and links of /dev (runtime-linux.md), the version (config.md#specification-version), the root. */
import { closeSync, existsSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { setting, test } from "../support/conformance.js";
import { shell } from "../support/container.js";

const open = ["/probe", "fds"];

test("RL-01 the program finds three descriptors open, whatever the runtime's caller had open", ({
	runtime,
	makeBundle,
	newId,
	folder,
}) => {
	writeFileSync(join(folder, "secret"), "");
	const fd = openSync(join(folder, "secret"), "r");
	const { stdout } = runtime.with({ fds: [fd, fd, fd] }, "run", "--bundle", makeBundle({ args: open }), newId());
	closeSync(fd);
	expect(Object.keys(JSON.parse(stdout))).toEqual(["0", "1", "2"]);
});

test("RL-02 further descriptors are handed on when that is asked for", ({ runtime, makeBundle, newId, folder }) => {
	writeFileSync(join(folder, "given"), "");
	const fd = openSync(join(folder, "given"), "r");
	const words = ["run", "--preserve-fds", "2", "--bundle", makeBundle({ args: open }), newId()];
	const { stdout } = runtime.with({ fds: [fd, fd, fd] }, ...words);
	closeSync(fd);
	expect(Object.keys(JSON.parse(stdout))).toEqual(["0", "1", "2", "3", "4"]);
});

test("RL-03 a stream that is the host's /dev/null becomes the container's own", ({ output }) => {
	const [own, stdin] = output(["/bin/stat", "-L", "-c", "%d", "/dev/null", "/proc/self/fd/0"]).trim().split("\n");
	expect(stdin).toBe(own);
});

test.for([
	["RL-04", "/dev/fd", "/proc/self/fd"],
	["RL-05", "/dev/stdin", "/proc/self/fd/0"],
	["RL-06", "/dev/stdout", "/proc/self/fd/1"],
	["RL-07", "/dev/stderr", "/proc/self/fd/2"],
] as const)("%s %s is a link to %s, after the mounts", ([, link, target], { output }) => {
	expect(output(["/bin/readlink", link])).toBe(`${target}\n`);
});

test("CV-01 a configuration without ociVersion is an error", ({ refuse }) => {
	refuse((config) => void delete (config as { ociVersion?: string }).ociVersion);
});

test.for(["", "1", "1.0", "v1.0.0", "1.0.0.0", "01.0.0", "one"])(
	"CV-02 an ociVersion that is not SemVer 2.0.0 is an error: %j",
	(ociVersion, { refuse }) => {
		refuse(setting((config) => config, { ociVersion }));
	},
);

test.for(["1.0.0", "1.0.2-dev", "1.1.0+build.7", "1.2.1", "1.3.0"])(
	"CV-03 every version up to that of the specification is accepted: %s",
	(ociVersion, { create }) => {
		create({ patch: setting((config) => config, { ociVersion }) });
	},
);

test("RT-01 a configuration without root is an error", ({ refuse }) => {
	refuse((config) => void delete (config as { root?: unknown }).root);
});

test("RT-03 the root filesystem may have another name than rootfs: even the bundle itself is one", ({ output }) => {
	const patch = setting(({ root }) => root, { path: "." });
	expect(output(["/rootfs/bin/busybox", "ls", "/config.json"], patch)).toBe("/config.json\n");
});

test("RT-04 a root filesystem that does not exist is an error", ({ refuse }) => {
	refuse(setting(({ root }) => root, { path: "nowhere" }));
	refuse(setting(({ root }) => root, { path: "config.json" }));
});

test("RT-05 with readonly the root filesystem cannot be written to", ({ output }) => {
	const patch = setting(({ root }) => root, { readonly: true });
	expect(output(["/bin/sh", "-c", "touch /new 2>/dev/null || echo refused"], patch)).toBe("refused\n");
});

test("RT-06 without readonly it can", ({ runtime, makeBundle, newId }) => {
	const bundle = makeBundle({
		args: shell("touch /new"),
		patch: ({ root }) => void delete (root as { readonly?: boolean }).readonly,
	});
	expect(runtime("run", "--bundle", bundle, newId()).status).toBe(0);
	expect(existsSync(join(bundle, "rootfs/new"))).toBe(true);
});
