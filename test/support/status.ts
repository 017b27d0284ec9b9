/** What `state` says of a container, and waiting until it says something else. */
import { readFileSync } from "node:fs";
import type { Runtime } from "./runtime.js";
import { waitFor } from "./wait.js";

export interface PrintedState {
	readonly ociVersion: string;
	readonly id: string;
	readonly pid: number;
	readonly status: string;
	readonly bundle: string;
	readonly rootfs: string;
	readonly created: string;
	readonly owner: string;
	readonly annotations?: Readonly<Record<string, string>>;
}

export function stateOf(runtime: Runtime, id: string): PrintedState {
	const { status, stdout, stderr } = runtime("state", id);
	if (status !== 0) throw new Error(`state ${id}: ${stderr}`);
	return JSON.parse(stdout) as PrintedState;
}

export function awaitStatus(runtime: Runtime, id: string, status: string): Promise<PrintedState> {
	const look = () => {
		const state = stateOf(runtime, id);
		return state.status === status && state;
	};
	return waitFor(look, { what: `${id} to be ${status}` });
}

/** A zombie counts as dead: whoever adopted it has only not looked yet. */
export function isAlive(pid: number): boolean {
	try {
		return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
	} catch {
		return false;
	}
}
