/** Two hundred whole lives, eight at a time: the machine and the caller are afterwards what they were before. */
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect } from "vitest";
import { callAside } from "../support/aside.js";
import { test } from "../support/e2e.js";
import { containersIn, describeLeaks, findLeaks } from "../support/leaks.js";
import { waitFor } from "../support/wait.js";

const lives = 200;
const atATime = 8;

/** Keys and keyrings of the test's containers; /proc/keys shows those that root may view. */
function keyrings(mark: string): readonly string[] {
	return readFileSync("/proc/keys", "utf8")
		.split("\n")
		.filter((line) => line.includes(mark));
}

test("leave no process, mount, cgroup, file, descriptor or keyring", async ({ runtime, makeBundle, newId, folder }) => {
	const mark = basename(folder);
	const bundle = makeBundle();
	const live = async (id: string) => {
		for (const args of [
			["create", "--bundle", bundle, id],
			["start", id],
			["kill", id, "KILL"],
		]) {
			expect(await callAside(runtime, folder, args), args.join(" ")).toMatchObject({
				status: 0,
				stdout: "",
				stderr: "",
			});
		}
		// the signal is on its way: until it has arrived the container runs
		const deleted = async () => (await callAside(runtime, folder, ["delete", id])).status === 0;
		await waitFor(deleted, { what: `${id} to be deleted` });
	};

	const first = newId();
	await callAside(runtime, folder, ["create", "--bundle", bundle, first]);
	expect(keyrings(mark)).not.toEqual([]);
	await callAside(runtime, folder, ["delete", "--force", first]);

	const ids = Array.from({ length: lives }, newId);
	const descriptors = readdirSync("/proc/self/fd").length;
	await Promise.all(
		Array.from({ length: atATime }, async () => {
			for (let id = ids.pop(); id !== undefined; id = ids.pop()) await live(id);
		}),
	);

	// the kernel forgets a keyring a moment after its last process
	await waitFor(() => keyrings(mark).length === 0, { what: "the session keyrings to be gone" });
	await waitFor(() => readdirSync("/proc/self/fd").length <= descriptors, { what: "our descriptors to be closed" });
	expect(describeLeaks(findLeaks(folder))).toEqual([]);
	expect(containersIn(runtime.root)).toEqual([]);
});
