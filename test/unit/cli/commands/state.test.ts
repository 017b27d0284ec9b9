import { expect, it, vi } from "vitest";
import { containerState } from "../../../../src/runtime/state.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/state.js", () => ({ containerState: vi.fn() }));

it("state prints the document as runc does", async () => {
	const state = {
		ociVersion: "1.3.0",
		id: "c1",
		pid: 42,
		status: "running",
		bundle: "/b",
		rootfs: "/b/rootfs",
		created: "2026-11-21T23:39:53.669212977Z",
		annotations: { "a<b": "x&y" },
		owner: "",
	};
	vi.mocked(containerState).mockReturnValue(state as ReturnType<typeof containerState>);
	expect((await call("state c1")).stdout).toBe(`{
  "ociVersion": "1.3.0",
  "id": "c1",
  "pid": 42,
  "status": "running",
  "bundle": "/b",
  "rootfs": "/b/rootfs",
  "created": "2026-11-21T23:39:53.669212977Z",
  "annotations": {
    "a\\u003cb": "x\\u0026y"
  },
  "owner": ""
}
`);
});
