/** buildah with tsrun, and with runc to prove the tests. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { openBox } from "./support/box.js";
import { type Engine, type Scenarios, type Scene, testEngine } from "./support/engine.js";
import { image, ociArchive } from "./support/images.js";
import { containersSettings } from "./support/podman.js";
import { runtimes } from "./support/runtimes.js";

interface Buildah extends Engine {
	readonly env: Readonly<Record<string, string>>;
}

async function openBuildah(): Promise<Buildah> {
	const box = await openBox();
	const env = containersSettings(box, 0);
	const buildah = (...args: string[]) => box.run(["buildah", ...args], { env });
	const { status, stderr } = await buildah("pull", `oci-archive:${ociArchive}`);
	if (status !== 0) {
		await box.close();
		throw new Error(`buildah pull: ${stderr}`);
	}
	return {
		box,
		env,
		states: Object.keys(runtimes).map((name) => `/run/${name}`),
		forgets: [],
		log: () => "",
		clear: async () => {
			await buildah("rm", "--all");
		},
		close: box.close,
	};
}

function buildahOf({ engine, runtime }: Scene<Buildah>) {
	const buildah = (...args: string[]) => engine.box.run(["buildah", ...args], { env: engine.env });
	const own = ["--runtime", runtimes[runtime], "--isolation", "oci"];
	return {
		from: async () => (await buildah("from", image)).stdout.trim(),
		run: (options: readonly string[], container: string, ...command: string[]) =>
			buildah("run", ...own, ...options, container, ...command),
		build: (...lines: string[]) => {
			const file = join(engine.box.folder, `Containerfile.${runtime}`);
			writeFileSync(file, [`FROM ${image}`, ...lines, ""].join("\n"));
			return buildah("bud", ...own, "--tag", `built-${runtime}`, "--file", file, engine.box.folder);
		},
		buildah,
	};
}

const scenarios: Scenarios<Buildah> = {
	"run passes on output, errors and status": async (scene) => {
		const { from, run } = buildahOf(scene);
		const result = await run([], await from(), "sh", "-c", "echo out; echo err >&2; exit 3");
		// as of release 1.2, and so here, runc warns of ambient capabilities, which buildah asks for without inheritable ones
		expect(result).toMatchObject({ status: 3, stdout: "out\n", stderr: expect.stringContaining("err\n") });
		expect(result.stderr.replace(/^time=.*can't raise ambient capability.*\n/gm, "")).toBe(
			"err\nError: while running runtime: exit status 3\n",
		);
	},

	"a user, a directory, a variable, rights and a volume": async (scene) => {
		const { from, run } = buildahOf(scene);
		const container = await from();
		const options = ["--user", "1000", "--workingdir", "/tmp", "--env", "ADDED=yes"];
		const result = await run(options, container, "sh", "-c", "id -u; pwd; echo $ADDED");
		expect(result).toMatchObject({ status: 0, stdout: "1000\n/tmp\nyes\n" });
		const { stdout } = await run(["--cap-drop", "all"], container, "/probe", "caps");
		expect(JSON.parse(stdout)).toMatchObject({ bounding: "0000000000000000" });
		const sealed = await run(["--volume", `${scene.engine.box.folder}:/data:ro`], container, "touch", "/data/new");
		expect(sealed).toMatchObject({ status: 1, stderr: expect.stringContaining("Read-only file system") });
	},

	"what run writes is in the container for the next": async (scene) => {
		const { from, run } = buildahOf(scene);
		const container = await from();
		await run([], container, "sh", "-c", "echo text >/file");
		expect((await run([], container, "cat", "/file")).stdout).toBe("text\n");
	},

	"starts that fail say why": async (scene) => {
		const { from, run } = buildahOf(scene);
		const container = await from();
		const why = {
			"/missing": /exec: \\?"\/missing\\?": stat \/missing: no such file or directory/,
			"/etc/passwd": /exec: \\?"\/etc\/passwd\\?": permission denied/,
		};
		for (const [program, text] of Object.entries(why)) {
			const result = await run([], container, program);
			expect(result).toMatchObject({ status: 1, stderr: expect.stringMatching(text) });
		}
	},

	"bud runs the steps of a file, and ends with the status of one that fails": async (scene) => {
		const { build, buildah, run } = buildahOf(scene);
		expect(await build("RUN echo built >/file", "USER 1000", "RUN id -u >/tmp/id")).toMatchObject({ status: 0 });
		const container = (await buildah("from", `built-${scene.runtime}`)).stdout.trim();
		expect((await run([], container, "cat", "/file", "/tmp/id")).stdout).toBe("built\n1000\n");
		const failed = await build("RUN exit 4");
		expect(failed).toMatchObject({ status: 4, stderr: expect.stringContaining('building at STEP "RUN exit 4"') });
	},
};

testEngine<Buildah>({
	name: "buildah",
	needs: ["root", "cgroup v1", "buildah", "tini", "runc"],
	open: openBuildah,
	scenarios,
});
