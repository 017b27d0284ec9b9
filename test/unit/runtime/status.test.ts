import { expect, describe as group, it } from "vitest";
import { describe } from "../../../src/runtime/status.js";
import { door } from "../../support/door.js";

const path = "/run/tsrun/c1";
const creator = `${JSON.stringify({ creator: { pid: 500, startTime: 9 } })}\n`;
const alive = { "/proc/500/stat": `500 (tsrun) S 1 ${Array(17).fill(0).join(" ")} 9 0\n` };
const record = JSON.stringify({ id: "c1", pid: 600, startTime: 3, cgroup: null });

const look = () => describe({ id: "c1", path, fd: door.open(path) });

group("a container without state.json", () => {
	it("is being created while its creator lives", () => {
		door.files({ [`${path}/journal`]: creator, ...alive });
		expect(look()).toMatchObject({ record: null, status: "creating" });
	});

	it("has stopped when its creator has died", () => {
		door.files({ [`${path}/journal`]: creator, "/proc/1/": "" });
		expect(look()).toMatchObject({ record: null, status: "stopped" });
	});

	it("may have been completed while we looked: its creator ends when all is written", () => {
		door.files({ [`${path}/journal`]: creator, "/proc/1/": "" });
		let looks = 0;
		door.fail("openat", "ENOENT", (_fd, name) => {
			if (name === "state.json" && looks++ === 0) {
				door.files({ [`${path}/state.json`]: record });
				return true;
			}
			return false;
		});
		expect(look()).toMatchObject({ record: { pid: 600 }, status: "stopped" });
		expect(looks).toBe(2);
	});

	it("is none when it is deleted while we look", () => {
		door.files({ [`${path}/journal`]: "", "/proc/1/": "" });
		const fd = door.open(path);
		door.native.renameat2(-100, path, -100, `${path}~500.9`, 0);
		expect(describe({ id: "c1", path, fd })).toBeNull();
	});
});
