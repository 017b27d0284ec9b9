/** Starts that fail: the text and the status that the engine's user sees. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Cli, type CliEngine, cliOf } from "../support/cli.js";
import type { Scenarios } from "../support/engine.js";
import { image } from "../support/images.js";

/** The engine's own words around the runtime's, for a program that is missing and one that may not be executed. */
const around = {
	docker: {
		create: "failed to create shim task: OCI runtime create failed: ",
		missing: ": unknown",
		forbidden: ": unknown",
		exec: "OCI runtime exec failed: ",
	},
	podman: {
		create: "",
		missing: ": OCI runtime attempted to invoke a command that was not found",
		forbidden: ": OCI permission denied",
		exec: "",
	},
};

/** As of release 1.2, and so here, runc says of an error in init that it was there. */
function message(text: string): string {
	return text.replace("error during container init: ", "");
}

async function expectFailure(
	cli: Cli,
	args: readonly string[],
	status: number,
	words: readonly string[],
): Promise<void> {
	const result = await cli.run([], ...args);
	expect(message(result.stderr)).toContain(words.join(""));
	expect(result.status).toBe(status);
}

export const failing: Scenarios<CliEngine> = {
	"a program that is not there": async (scene) => {
		const cli = cliOf(scene);
		const { create, missing } = around[cli.kind];
		const start = [create, scene.runtime, " create failed: unable to start container process: "];
		const ends = (text: string) => [...start, text, missing];
		await expectFailure(cli, ["/missing"], 127, ends('exec: "/missing": stat /missing: no such file or directory'));
		await expectFailure(cli, ["missing"], 127, ends('exec: "missing": executable file not found in $PATH'));
	},

	"a program that may not be executed": async (scene) => {
		const cli = cliOf(scene);
		const { create, forbidden } = around[cli.kind];
		const start = [create, scene.runtime, " create failed: unable to start container process: "];
		await expectFailure(cli, ["/etc/passwd"], 126, [...start, 'exec: "/etc/passwd": permission denied', forbidden]);
		// newer releases of runc say "is a directory", and older engines look for "permission denied"
		const why = scene.runtime === "runc" ? "permission denied" : "is a directory: permission denied";
		await expectFailure(cli, ["/etc"], 126, [...start, `exec: "/etc": ${why}`, forbidden]);
	},

	"a file mounted on a directory": async (scene) => {
		const { kind, run } = cliOf(scene);
		const file = join(scene.engine.box.folder, "file");
		writeFileSync(file, "");
		const result = await run(["--volume", `${file}:/etc`], "true");
		const start = `${around[kind].create}${scene.runtime} create failed: unable to start container process: `;
		expect(message(result.stderr)).toContain(`${start}error mounting "${file}" to rootfs at "/etc": `);
		expect(result.stderr).toContain("not a directory");
		// Docker has a hint for it
		if (kind === "docker") expect(result.stderr).toContain("Are you trying to mount a directory onto a file");
		expect(result.status).toBe(kind === "docker" ? 125 : 126);
	},

	"a failed start leaves the container, which a later one may start": async (scene) => {
		const cli = cliOf(scene);
		const name = scene.newName();
		const folder = join(scene.engine.box.folder, `programs of ${scene.runtime}`);
		mkdirSync(folder);
		const first = await cli("run", "--name", name, "--volume", `${folder}:/data`, image, "/data/program");
		expect(first.status).toBe(127);
		expect(await cli.inspect(name, ".State.Status")).toBe("created");
		const program = join(folder, "program");
		writeFileSync(program, "#!/bin/sh\necho now\n", { mode: 0o755 });
		expect(await cli("start", "--attach", name)).toMatchObject({ status: 0, stdout: "now\n" });
	},

	"exec that fails": async (scene) => {
		const cli = cliOf(scene);
		const { exec, missing, forbidden } = around[cli.kind];
		const name = await cli.detach([], "/probe", "sleep");
		const start = `${exec}exec failed: unable to start container process: `;
		const tries = [
			{ args: [name, "missing"], status: 127, why: `exec: "missing": executable file not found in $PATH${missing}` },
			{ args: [name, "/etc/passwd"], status: 126, why: `exec: "/etc/passwd": permission denied${forbidden}` },
			{
				args: ["--workdir", "/missing", name, "true"],
				status: 127,
				why: `chdir to cwd ("/missing") set in config.json failed: no such file or directory${missing}`,
			},
		];
		for (const { args, status, why } of tries) {
			const result = await cli("exec", ...args);
			expect(`${result.stdout}${result.stderr}`).toContain(start + why);
			// Docker has one status for all of them
			expect(result.status).toBe(cli.kind === "docker" ? 126 : status);
		}
		expect(await cli.ok("exec", name, "echo", "still here")).toBe("still here");
	},
};
