import { describe, expect, it } from "vitest";
import { escapeName, placeOf, slicePath } from "../../../../../src/linux/cgroups/systemd/unit.js";

describe("placeOf", () => {
	it("reads slice:prefix:name", () => {
		expect(placeOf("machine.slice:libpod:abc", "id", false)).toEqual({
			unit: "libpod-abc.scope",
			slice: "machine.slice",
			path: "/machine.slice/libpod-abc.scope",
		});
		expect(placeOf("kubepods-besteffort-pod1.slice:cri-containerd:abc", "id", false).path).toBe(
			"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/cri-containerd-abc.scope",
		);
	});

	it("has defaults: the id, and the slice of the system or the user", () => {
		expect(placeOf(undefined, "web", false).path).toBe("/system.slice/tsrun-web.scope");
		expect(placeOf("", "web", true).path).toBe("/user.slice/tsrun-web.scope");
		expect(placeOf(":p:n", "web", true).path).toBe("/user.slice/p-n.scope");
	});

	it("keeps an empty prefix as runc does, and takes - for the top", () => {
		expect(placeOf("system.slice::n", "id", false).unit).toBe("-n.scope");
		expect(placeOf("-:p:n", "id", false)).toEqual({ unit: "p-n.scope", slice: "-.slice", path: "/p-n.scope" });
	});

	it("takes a name that ends with .slice for the unit", () => {
		expect(placeOf("a.slice:ignored:a-b.slice", "id", false)).toMatchObject({
			unit: "a-b.slice",
			path: "/a.slice/a-b.slice",
		});
	});

	it("escapes what no unit's name may have", () => {
		expect(placeOf(undefined, "a+b", false).unit).toBe("tsrun-a\\x2bb.scope");
	});

	for (const path of ["/containers/web", "a:b", "a.slice:b:c:d", "web"]) {
		it(`refuses ${path} in the words that runc has`, () => {
			expect(() => placeOf(path, "id", false)).toThrow(
				`expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "${path}" instead`,
			);
		});
	}

	for (const slice of [
		"user.slice/user-1000.slice",
		"system",
		"a--b.slice",
		"-a.slice",
		"a-.slice",
		".slice",
		"..slice/x",
	]) {
		it(`refuses the slice ${slice}`, () => {
			expect(() => placeOf(`${slice}:p:n`, "id", false)).toThrow(`invalid slice name: "${slice}"`);
		});
	}

	it("refuses a name that is too long, which systemd would call invalid", () => {
		expect(placeOf(`:p:${"x".repeat(247)}`, "id", false).unit).toHaveLength(255);
		expect(() => placeOf(`:p:${"x".repeat(248)}`, "id", false)).toThrow("longer than 255 characters");
	});
});

describe("escapeName", () => {
	it("writes as systemd-escape does what is not allowed, and no more", () => {
		expect(escapeName("a-b_c:d.e@f\\x2dg")).toBe("a-b_c:d.e@f\\x2dg");
		expect(escapeName("a b/ü!")).toBe("a\\x20b\\x2f\\xc3\\xbc\\x21");
	});
});

describe("slicePath", () => {
	it("makes each dash a level", () => {
		expect(slicePath("a-b-c.slice")).toBe("/a.slice/a-b.slice/a-b-c.slice");
		expect(slicePath("-.slice")).toBe("");
	});
});
