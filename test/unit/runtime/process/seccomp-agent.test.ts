import { describe, expect, it } from "vitest";
import { agentOf, callAgent, connectAgent, sendListener } from "../../../../src/runtime/process/seccomp-agent.js";
import type { Seccomp, State } from "../../../../src/spec/types.js";
import { door } from "../../../support/door.js";
import { ProcessEnded } from "../../../support/door-answers.js";

const agent = { path: "/run/agent.sock", metadata: undefined };
const state: State = { ociVersion: "1.3.0", id: "c", status: "created", pid: 7, bundle: "/b", annotations: {} };

describe("agentOf", () => {
	const profile = (more: Partial<Seccomp>): Seccomp => ({ defaultAction: "SCMP_ACT_ALLOW", ...more });
	const syscalls: Seccomp["syscalls"] = [{ names: ["mkdir"], action: "SCMP_ACT_NOTIFY" }];

	it("is where listenerPath says", () => {
		expect(agentOf(profile({ syscalls, listenerPath: "/s" }))).toEqual({ path: "/s", metadata: undefined });
		expect(agentOf(profile({ syscalls, listenerPath: "/s", listenerMetadata: "m" }))?.metadata).toBe("m");
	});

	it("is nobody when no rule asks", () => {
		expect(agentOf(profile({ listenerPath: "/s" }))).toBeNull();
		expect(agentOf(undefined)).toBeNull();
	});
});

describe("callAgent", () => {
	it("returns once the runtime has reached the agent", () => {
		door.answer("recvmsg", { data: '{"type":"agent-ready"}', fds: [] });
		callAgent(5, { ...agent, metadata: "m" });
		expect(door.args("sendmsg")).toEqual([[5, '{"type":"agent","path":"/run/agent.sock","metadata":"m"}', []]]);
	});

	it("ends the process when the runtime has given up", () => {
		expect(() => callAgent(5, agent)).toThrow(ProcessEnded);
	});
});

describe("connectAgent", () => {
	it("tells the process only when the agent is there", () => {
		door.fail("connect_unix", "ECONNREFUSED");
		expect(() => connectAgent(5, agent)).toThrow(
			'failed to connect with seccomp agent "/run/agent.sock": connection refused',
		);
		expect(door.names).not.toContain("sendmsg");
	});
});

describe("sendListener", () => {
	const send = (metadata: string | undefined) => {
		sendListener(6, { ...agent, metadata }, { pid: 8, state }, 9);
		const [[connection, text, fds] = []] = door.args("sendmsg");
		return { connection, message: JSON.parse(String(text)), fds };
	};

	it("sends the container process state and the descriptor in one message, and closes the connection", () => {
		expect(send(undefined)).toEqual({
			connection: 6,
			message: { ociVersion: "1.3.0", fds: ["seccompFd"], pid: 8, state },
			fds: [9],
		});
		expect(door.args("close")).toEqual([[6]]);
	});

	it("sends the metadata along", () => {
		expect(send("opaque").message.metadata).toBe("opaque");
	});

	it("fails when the agent has gone", () => {
		door.fail("sendmsg", "EPIPE");
		expect(() => send(undefined)).toThrow('send the seccomp descriptor to agent "/run/agent.sock": broken pipe');
	});
});
