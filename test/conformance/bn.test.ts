/** BN: the bundle (bundle.md, glossary.md#json). */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { test } from "../support/conformance.js";
import { stateOf } from "../support/status.js";

const hello = { args: ["/bin/echo", "hello"] };

test("BN-01 the configuration is config.json of the bundle, and of no other name", ({ runtime, makeBundle, newId }) => {
	const bundle = makeBundle(hello);
	expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe("hello\n");
	renameSync(join(bundle, "config.json"), join(bundle, "Config.json"));
	const id = newId();
	expect(runtime("create", "--bundle", bundle, id).status).not.toBe(0);
	expect(runtime("state", id).status).not.toBe(0);
});

test("BN-02 RT-02 root.path is taken from the bundle when relative, and as it is when absolute", ({
	runtime,
	makeBundle,
	newId,
	folder,
}) => {
	const patch = (path: string) => makeBundle({ ...hello, patch: ({ root }) => Object.assign(root, { path }) });
	expect(runtime("run", "--bundle", patch("./rootfs"), newId()).stdout).toBe("hello\n");
	const elsewhere = join(folder, "elsewhere");
	const bundle = patch(elsewhere);
	renameSync(join(bundle, "rootfs"), elsewhere);
	expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe("hello\n");
});

test("BN-03 the bundle is a directory: given as a path of any form, and nothing else", ({
	runtime,
	makeBundle,
	newId,
	folder,
}) => {
	const bundle = makeBundle(hello);
	expect(runtime("run", "--bundle", bundle.slice(folder.length + 1), newId()).stdout).toBe("hello\n");
	expect(runtime("run", "--bundle", `${bundle}/`, newId()).stdout).toBe("hello\n");
	expect(runtime("run", "--bundle", join(bundle, "config.json"), newId()).status).not.toBe(0);
	expect(runtime("run", "--bundle", join(folder, "nowhere"), newId()).status).not.toBe(0);
});

test("BN-04 config.json is read as UTF-8", ({ create, output }) => {
	const text = "grün, 漢字, 🦭";
	const { state } = create({
		patch: (config) => {
			config.annotations = { [text]: text };
		},
	});
	expect(state().annotations).toMatchObject({ [text]: text });
	expect(output(["/bin/echo", text])).toBe(`${text}\n`);
});

test("BN-05 a member that is there twice is an error", ({ runtime, makeBundle, newId }) => {
	const bundle = makeBundle();
	const file = join(bundle, "config.json");
	writeFileSync(file, readFileSync(file, "utf8").replace("{", '{ "hostname": "first",'));
	expect(runtime("create", "--bundle", bundle, newId()).status).not.toBe(0);
});

test("BN-06 the order of members has no meaning", ({ runtime, makeBundle, newId }) => {
	const reversed = (value: unknown): unknown =>
		typeof value !== "object" || value === null || Array.isArray(value)
			? value
			: Object.fromEntries(
					Object.entries(value)
						.reverse()
						.map(([name, member]) => [name, reversed(member)]),
				);
	const bundle = makeBundle({ args: ["/probe", "hostname"] });
	const file = join(bundle, "config.json");
	writeFileSync(file, JSON.stringify(reversed(JSON.parse(readFileSync(file, "utf8")))));
	expect(JSON.parse(runtime("run", "--bundle", bundle, newId()).stdout).hostname).toBe("container");
});

test("ST-14 bundle in the state is absolute, however it was given", ({ runtime, makeBundle, newId, folder }) => {
	const bundle = makeBundle();
	const id = newId();
	mkdirSync(join(folder, "below"));
	runtime.with({ cwd: join(folder, "below") }, "create", "--bundle", `..${bundle.slice(folder.length)}`, id);
	expect(stateOf(runtime, id).bundle).toBe(bundle);
	runtime("delete", "--force", id);
	rmSync(join(folder, "below"), { recursive: true });
});
