import { describe, expect, test } from "vitest";
import { configWith, configWithLinux, issuesOfConfig, named } from "../support.js";

const found = (members: Record<string, unknown>) => named(issuesOfConfig(configWith(members)));
const foundInMount = (mount: Record<string, unknown>) =>
	found({ mounts: [{ destination: "/x", type: "tmpfs", ...mount }] });

describe("ociVersion", () => {
	test.each([
		"1.0.0",
		"1.0.2-dev",
		"1.2.1+build.5",
		"1.3.0",
		"1.3.0-rc.1",
		"1.99.0",
		"1.3.0+dev",
		"1.3.0--.0.a-1+001.-",
	])("%s is supported", (ociVersion) => {
		expect(found({ ociVersion })).toEqual([]);
	});

	test.each([
		"",
		"1",
		"1.3",
		"v1.3.0",
		"1.03.0",
		"1.3.0 ",
		"latest",
		"1.3.0-",
		"1.3.0-a..b",
		"1.3.0-a.",
		"1.3.0-01",
		"1.3.0-a_b",
		"1.3.0+",
		"1.3.0+a+b",
		"1.3.0+a.",
		"1.3.0-a.+b",
		"1.3.0\n",
	])("%j is no version", (ociVersion) => {
		expect(found({ ociVersion })).toEqual(["CV-02 $.ociVersion"]);
	});

	test.each(["0.5.0-dev", "2.0.0"])("%s is of another major version", (ociVersion) => {
		expect(found({ ociVersion })).toEqual(["CV-03 $.ociVersion"]);
	});
});

test("the root has a path", () => {
	expect(found({ root: { path: "" } })).toEqual(["RT-02 $.root.path"]);
});

describe("mounts", () => {
	test("a destination must not be empty", () => {
		expect(foundInMount({ destination: "" })).toEqual(["MT-02 $.mounts[0].destination"]);
	});

	test("a relative destination is a warning", () => {
		expect(issuesOfConfig(configWith({ mounts: [{ destination: "data", type: "tmpfs" }] }))).toMatchObject([
			{ rule: "MT-03", severity: "warning", message: 'expected an absolute path; "data" is taken from "/"' },
		]);
	});

	test.each(["bind", "rbind"])("a %s mount needs a source", (option) => {
		expect(foundInMount({ options: ["ro", option] })).toEqual(["MT-07 $.mounts[0].source"]);
		expect(foundInMount({ options: ["ro", option], source: "data" })).toEqual([]);
	});

	test("MT-09 a new file system has a type; what is there already needs none", () => {
		for (const type of [undefined, ""])
			expect(foundInMount({ type, options: ["ro"] })).toEqual(["MT-09 $.mounts[0].type"]);
		for (const option of ["bind", "rbind", "remount"])
			expect(foundInMount({ type: undefined, source: "/a", options: [option] })).toEqual([]);
	});

	test("a mount that is not a bind mount needs none", () => {
		expect(foundInMount({ type: "tmpfs", options: ["ro"] })).toEqual([]);
	});

	test("contradictory options are legal: the last one wins", () => {
		expect(foundInMount({ type: "tmpfs", options: ["ro", "rw", "suid", "nosuid"] })).toEqual([]);
	});
});

describe("mappings of a mount", () => {
	const mapping = [{ containerID: 0, hostID: 0, size: 1 }];

	test("come in pairs", () => {
		expect(foundInMount({ uidMappings: mapping })).toEqual(["MT-14 $.mounts[0].gidMappings"]);
		expect(foundInMount({ gidMappings: mapping, uidMappings: [] })).toEqual(["MT-16 $.mounts[0].uidMappings"]);
		expect(foundInMount({ uidMappings: mapping, gidMappings: mapping })).toEqual([]);
	});

	test("are required by idmap and ridmap", () => {
		expect(foundInMount({ options: ["bind", "idmap"], source: "/a" })).toEqual(["MO-66 $.mounts[0].options"]);
		expect(foundInMount({ options: ["bind", "ridmap"], source: "/a" })).toEqual(["MO-72 $.mounts[0].options"]);
		expect(foundInMount({ options: ["idmap"], uidMappings: mapping, gidMappings: mapping })).toEqual([]);
	});

	test("may come from the container's user namespace", () => {
		const config = configWithLinux({});
		expect(issuesOfConfig({ ...config, mounts: [{ destination: "/x", type: "tmpfs", options: ["ridmap"] }] })).toEqual(
			[],
		);
	});
});

test("an annotation has a name and may have an empty value", () => {
	expect(found({ annotations: { "": "x", a: "" } })).toEqual(['AN-02 $.annotations[""]']);
});
