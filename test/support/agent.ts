/** A seccomp agent beside the test: test/probe/agent.c. */
import { join } from "node:path";
import type { ContainerProcessState } from "../../src/spec/types.js";
import { probe } from "./paths.js";
import { type Watched, watch } from "./watched.js";

export interface Agent extends Watched {
	/** For `listenerPath`. */
	readonly path: string;
	/** What came with the connections: how many descriptors, and the state. */
	readonly told: () => readonly { readonly fds: number; readonly state: ContainerProcessState }[];
	/** The numbers of the calls that it decided. */
	readonly calls: () => readonly number[];
	/** What came after that on each connection that was closed: nothing. */
	readonly rests: () => readonly number[];
}

/** Decides for that many processes that every call fails with EOPNOTSUPP. */
export async function listenAsAgent(folder: string, connections: number): Promise<Agent> {
	const path = join(folder, "agent.sock");
	const agent = watch("the agent", probe, ["agent", path, String(connections), "95"], { env: { TSRUN_E2E: folder } });
	await agent.prints("listening\n");
	const lines = () =>
		agent
			.stdout()
			.trim()
			.split("\n")
			.slice(1)
			.map((line) => JSON.parse(line));
	return {
		...agent,
		path,
		told: () => lines().filter(({ state }) => state),
		calls: () => lines().flatMap(({ call }) => call ?? []),
		rests: () => lines().flatMap(({ rest }) => rest ?? []),
	};
}
