import { beforeEach, describe, expect, it, vi } from "vitest";
import { type StopReport, type StopWatcher, stopContainers } from "../../../../src/runtime/lifecycle/stop.js";
import { TsrunError } from "../../../../src/sys/errors.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/lifecycle/stop.js", () => ({ stopContainers: vi.fn() }));

beforeEach(() => vi.resetAllMocks());

function stopsAs(tell: (watcher: StopWatcher) => void): void {
	vi.mocked(stopContainers).mockImplementation((_host, _ids, _options, watcher) => tell(watcher));
}

const report: StopReport = { id: "c1", outcome: "ended", signal: 15, seconds: 0.0042, status: null, leftBehind: 0 };

describe("stop", () => {
	it.each([
		["stop c1", ["c1"], { time: 10, signal: undefined }],
		["stop -t 1.5 -s QUIT c1 c2", ["c1", "c2"], { time: 1.5, signal: 3 }],
		["stop --time -1 --signal RTMIN+3 c1", ["c1"], { time: null, signal: 37 }],
		["stop --time=0 c1", ["c1"], { time: 0, signal: undefined }],
	])("%s", async (line, ids, options) => {
		expect((await call(line)).status).toBe(0);
		expect(stopContainers).toHaveBeenCalledWith(expect.anything(), ids, options, expect.anything());
	});

	it.each<[Partial<StopReport>, number, string]>([
		[{}, 0, "c1: ended, 4 ms after SIGTERM\n"],
		[{ status: 3 << 8, seconds: 2.34 }, 0, "c1: ended with exit status 3, 2.3 s after SIGTERM\n"],
		[{ status: 9, signal: 9 }, 0, "c1: ended by SIGKILL, 4 ms after SIGKILL\n"],
		[
			{ outcome: "killed", seconds: 10.02 },
			124,
			"c1: did not end within 10 s of SIGTERM and was killed, 10.0 s after it\n",
		],
		[{ outcome: "already" }, 0, "c1: had stopped before\n"],
		[
			{ outcome: "unstarted", leftBehind: 2 },
			0,
			"c1: had not been started, and was ended at once; 2 process(es) that outlived its first one were killed\n",
		],
	])("%o: status %i", async (some, status, stdout) => {
		stopsAs((watcher) => watcher.done({ ...report, ...some }));
		expect(await call("stop c1")).toMatchObject({ status, stdout, stderr: "" });
	});

	it("warns, tells each failure with its container, and fails in the end", async () => {
		stopsAs((watcher) => {
			watcher.concern("c1", "it is odd");
			watcher.failed("c2", new TsrunError("container-missing", "container does not exist"));
			watcher.failed("c3", new TsrunError("container-missing", "container does not exist"));
			watcher.done({ ...report, outcome: "killed" });
		});
		expect(await call("stop c1 c2 c3")).toMatchObject({
			status: 1,
			stderr: "warning: c1: it is odd\nc3: container does not exist\nc2: container does not exist\n",
		});
	});
});
