/** HN, AN: names of the machine (config.md#hostname, #domainname), annotations, unknown and invalid values. */
import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { type Patch, setting, test } from "../support/conformance.js";

const withConfig = (members: object): Patch => setting((config) => config, members);
const names = ["hostname"];

test("HN-01 hostname is the name of the container", ({ look }) => {
	expect(look(names, withConfig({ hostname: "name-of-mine" })).hostname).toBe("name-of-mine");
});

test("HN-02 without hostname the name is left as it is", ({ look }) => {
	expect(look(names, withConfig({ hostname: undefined })).hostname).toBe(hostname());
});

test("HN-03 domainname is the domain of the container", ({ look }) => {
	expect(look(names, withConfig({ domainname: "example.org" })).domainname).toBe("example.org");
});

test("HN-04 without a UTS namespace the container has the host's name, and may not change it", ({ look, refuse }) => {
	const shared: Patch = (config) => {
		config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "uts");
	};
	refuse(shared);
	const without: Patch = (config) => {
		shared(config);
		delete config.hostname;
	};
	expect(look(names, without).hostname).toBe(hostname());
});

test.for([[5], [null], [{ a: 1 }], [["x"]]])(
	"AN-01 annotations map strings to strings: %j is an error",
	([value], { refuse }) => {
		refuse(withConfig({ annotations: { key: value } }));
	},
);

test("AN-01 annotations map strings to strings: a list is an error", ({ refuse }) => {
	refuse(withConfig({ annotations: ["key"] }));
});

test("AN-02 an empty key is an error", ({ refuse }) => {
	refuse(withConfig({ annotations: { "": "value" } }));
});

test("AN-04 a value may be empty", ({ create }) => {
	const { state } = create({ patch: withConfig({ annotations: { "org.example.key": "" } }) });
	expect(state().annotations).toEqual({ "org.example.key": "" });
});

test("AN-08 annotations that nobody knows are no error", ({ create }) => {
	const annotations = { "com.example.unknown": "1", "org.opencontainers.of.tomorrow": "2" };
	expect(create({ patch: withConfig({ annotations }) }).state().annotations).toEqual(annotations);
});

test("AN-09 properties that nobody knows are no error, wherever they are", ({ output }) => {
	const patch: Patch = (config) => {
		for (const object of [
			config,
			config.process,
			config.root,
			config.linux,
			config.mounts[0],
			config.linux.resources,
		]) {
			Object.assign(object ?? {}, { ofTomorrow: { some: ["thing"] } });
		}
	};
	expect(output(["/bin/echo", "runs"], patch)).toBe("runs\n");
});

const invalid: Record<string, Patch> = {
	"a string for an object": (config) => Object.assign(config, { process: "sh" }),
	"a number for a string": (config) => Object.assign(config, { hostname: 5 }),
	"a negative id": ({ process }) => Object.assign(process.user, { uid: -1 }),
	"an id of more than 32 bits": ({ process }) => Object.assign(process.user, { uid: 2 ** 32 }),
	"a word for a truth value": ({ root }) => Object.assign(root, { readonly: "yes" }),
	"an unknown namespace": ({ linux }) => Object.assign(linux, { namespaces: [{ type: "colour" }] }),
	"an unknown propagation": ({ linux }) => Object.assign(linux, { rootfsPropagation: "open" }),
	"an unknown limit": ({ process }) =>
		Object.assign(process, { rlimits: [{ type: "RLIMIT_MAGIC", soft: 1, hard: 1 }] }),
};

test.for(Object.entries(invalid))("AN-10 an invalid value is an error: %s", ([, patch], { refuse }) => {
	refuse(patch);
});

test("AN-10 an invalid value is an error: not JSON", ({ runtime, makeBundle, newId }) => {
	const bundle = makeBundle();
	const file = join(bundle, "config.json");
	for (const text of ["", "[]", `${readFileSync(file, "utf8")}}`]) {
		writeFileSync(file, text);
		expect(runtime("create", "--bundle", bundle, newId()).status).not.toBe(0);
	}
});

test("AN-12 sections of other platforms are not acted upon", ({ output }) => {
	const others = {
		windows: { layerFolders: ["c:\\layer"] },
		solaris: { milestone: "x" },
		vm: { kernel: { path: "/k" } },
	};
	expect(output(["/bin/echo", "runs"], withConfig({ ...others, zos: {} }))).toBe("runs\n");
});
