import { describe, expect, it } from "vitest";
import { idMapHelperArgs, idMapText, toHostId, writeIdMaps } from "../../../src/linux/id-maps.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";

const mappings = [
	{ containerID: 0, hostID: 1000, size: 1 },
	{ containerID: 1, hostID: 100000, size: 65535 },
];

describe("idMapText", () => {
	it("is a line for each range", () => {
		expect(idMapText(mappings)).toBe("0 1000 1\n1 100000 65535\n");
		expect(idMapText([])).toBe("");
	});

	it("holds the whole range of ids", () => {
		expect(idMapText([{ containerID: 0, hostID: 0, size: 4294967295 }])).toBe("0 0 4294967295\n");
	});
});

describe("idMapHelperArgs", () => {
	it("is the command line of newuidmap(1)", () => {
		expect(idMapHelperArgs("newuidmap", 77, mappings).join(" ")).toBe("newuidmap 77 0 1000 1 1 100000 65535");
		expect(idMapHelperArgs("newgidmap", 1, [])).toEqual(["newgidmap", "1"]);
	});
});

describe("toHostId", () => {
	it.each([
		[0, 1000],
		[1, 100000],
		[65535, 165534],
	])("of %i is %i", (inside, outside) => {
		expect(toHostId(mappings, inside)).toBe(outside);
	});

	it.each([65536, 4294967294])("of %i, which is not mapped, is undefined", (inside) => {
		expect(toHostId(mappings, inside)).toBeUndefined();
	});

	it("of host id 0 is 0, not nothing", () => {
		expect(toHostId([{ containerID: 5, hostID: 0, size: 1 }], 5)).toBe(0);
	});
});

describe("writeIdMaps", () => {
	const maps = { uidMappings: mappings, gidMappings: [{ containerID: 0, hostID: 1000, size: 1 }] };

	it("writes each map in one go", () => {
		door.files({ "/proc/77/uid_map": "", "/proc/77/gid_map": "", "/proc/77/setgroups": "allow" });
		writeIdMaps(door.open("/proc"), 77, maps, "allow");
		expect(door.writes).toEqual([
			{ path: "/proc/77/gid_map", data: "0 1000 1\n" },
			{ path: "/proc/77/uid_map", data: "0 1000 1\n1 100000 65535\n" },
		]);
	});

	it("gives up setgroups before the map of groups, where that is the price", () => {
		door.files({ "/proc/77/uid_map": "", "/proc/77/gid_map": "", "/proc/77/setgroups": "allow" });
		writeIdMaps(door.open("/proc"), 77, maps, "deny");
		expect(door.writes.map(({ path }) => path)).toEqual(["/proc/77/setgroups", "/proc/77/gid_map", "/proc/77/uid_map"]);
		expect(door.content("/proc/77/setgroups")).toBe("deny");
	});

	it("writes nothing for a map that is empty", () => {
		door.files({ "/proc/77/uid_map": "", "/proc/77/gid_map": "" });
		writeIdMaps(door.open("/proc"), 77, { uidMappings: [], gidMappings: [] }, "allow");
		expect(door.writes).toEqual([]);
	});

	it("names the file and what was to be written", () => {
		door.files({ "/proc/77/uid_map": "", "/proc/77/gid_map": "" });
		door.fail("write", "EPERM");
		try {
			writeIdMaps(door.open("/proc"), 77, maps, "allow");
			expect.unreachable();
		} catch (error) {
			expect(error).toBeInstanceOf(TsrunError);
			expect(error).toMatchObject({
				id: "id-map-failed",
				message: 'write "0 1000 1" to "/proc/77/gid_map": operation not permitted',
				details: { object: "/proc/77/gid_map", hint: expect.stringContaining("newuidmap") },
			});
		}
	});
});
