/** Containers saved by their engine, and going on where they were. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { isUnified } from "../../support/cgroups.js";
import { counter, numbers, sequence } from "../../support/checkpoints.js";
import { waitFor } from "../../support/wait.js";
import { type Cli, type CliEngine, cliOf } from "../support/cli.js";
import type { Scenarios } from "../support/engine.js";

/** Waits until it has counted on, past what it had said before. */
async function countsOn(cli: Cli, name: string, past: number): Promise<readonly number[]> {
	return await waitFor(
		async () => {
			const said = numbers((await cli("logs", name)).stdout);
			return said.length > past + 2 && said;
		},
		{ what: `${name} to count on`, deadline: 60_000 },
	);
}

/**
 * Not where v1 and v2 are mounted together: runc has no cgroup in the unified hierarchy then, so CRIU saves all that others have
 * there, and makes it anew when it restores.
 */
const savesAlone = (cli: Cli): boolean => cli.runtime !== "runc" || isUnified();

async function goesOn(cli: Cli, verb: string, ...args: string[]): Promise<void> {
	await waitFor(
		async () => {
			const { status, stderr } = await cli(verb, ...args);
			if (status === 0) return true;
			// Docker may still have the images of a moment ago, which it wants to store again
			if (!/content \S+: already exists/.test(stderr)) throw new Error(stderr);
			return false;
		},
		{ what: `${verb} to restore the container`, deadline: 60_000 },
	);
}

export const podmanSaving: Scenarios<CliEngine> = {
	"a checkpoint stops a container, and a restore lets it go on": async (scene) => {
		const cli = cliOf(scene);
		if (!savesAlone(cli)) return;
		const name = await cli.detach([], ...counter);
		await countsOn(cli, name, 0);
		await cli.ok("container", "checkpoint", name);
		expect(await cli.inspect(name, ".State.Running")).toBe("false");
		const before = numbers((await cli("logs", name)).stdout);
		await goesOn(cli, "container", "restore", name);
		const said = await countsOn(cli, name, before.length);
		expect(said).toEqual(sequence(1, said.length));
		expect(await cli.ok("exec", name, "echo", "here")).toBe("here");
	},
};

export const dockerSaving: Scenarios<CliEngine> = {
	"a checkpoint stops a container, and start --checkpoint lets it go on": async (scene) => {
		const cli = cliOf(scene);
		if (!savesAlone(cli)) return;
		const name = await cli.detach(["--network", "none"], ...counter);
		await countsOn(cli, name, 0);
		await cli.ok("checkpoint", "create", name, "saved");
		await waitFor(async () => (await cli.inspect(name, ".State.Running")) === "false", {
			what: "the container to stop",
		});
		const before = numbers((await cli("logs", name)).stdout);
		await goesOn(cli, "start", "--checkpoint", "saved", name);
		// Docker's containerd forgets its copies of the images
		const temporary = join(scene.engine.box.folder, "tmp");
		for (const copy of readdirSync(temporary).filter((each) => each.startsWith("ctrd-checkpoint")))
			rmSync(join(temporary, copy), { recursive: true });
		const said = await countsOn(cli, name, before.length);
		expect(said).toEqual(sequence(1, said.length));
		expect(await cli.ok("exec", name, "echo", "here")).toBe("here");
	},
};
