import { describe, expect, it, vi } from "vitest";
import { examine, limited, missing, needed, works } from "../../../../src/runtime/doctor/finding.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/doctor/finding.js", async (original) => ({
	...(await original<typeof import("../../../../src/runtime/doctor/finding.js")>()),
	examine: vi.fn(),
}));

const found = [
	{ title: "kernel", findings: [works("openat2"), limited("mount API", "ENOSYS: mount(2)", "boot 5.2")] },
	{ title: "nothing", findings: [] },
	{ title: "cgroups", findings: [missing("swap", "not counted")] },
];

describe("doctor", () => {
	it("tells area by area, with the cures", async () => {
		vi.mocked(examine).mockReturnValue(found);
		expect(await call("doctor")).toMatchObject({
			status: 0,
			stdout: [
				"kernel",
				"  works    openat2",
				"  limited  mount API  ENOSYS: mount(2)",
				"           cure: boot 5.2",
				"",
				"cgroups",
				"  missing  swap       not counted",
				"",
				"containers run here: 1 things work, 1 are limited, 1 are missing",
				"",
			].join("\n"),
		});
	});

	it("fails when something is missing that every container needs", async () => {
		vi.mocked(examine).mockReturnValue([...found, { title: "rights", findings: [needed(missing("pidfd", "ENOSYS"))] }]);
		const { status, stdout } = await call("doctor");
		expect([status, stdout.trimEnd().split("\n").at(-1)]).toEqual([1, "no container runs here without: pidfd"]);
	});

	it("tells the same as JSON", async () => {
		vi.mocked(examine).mockReturnValue(found);
		const { status, stdout } = await call("doctor --json");
		expect([status, JSON.parse(stdout)]).toEqual([
			0,
			{
				ready: true,
				findings: [
					{ area: "kernel", name: "openat2", verdict: "works", needed: false, detail: "" },
					{
						area: "kernel",
						name: "mount API",
						verdict: "limited",
						needed: false,
						detail: "ENOSYS: mount(2)",
						cure: "boot 5.2",
					},
					{ area: "cgroups", name: "swap", verdict: "missing", needed: false, detail: "not counted" },
				],
			},
		]);
	});
});
