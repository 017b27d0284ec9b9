/** Docker with tsrun, and with runc to prove the tests. */
import { expect } from "vitest";
import { confinement } from "./scenarios/confinement.js";
import { ending } from "./scenarios/ending.js";
import { execution } from "./scenarios/exec.js";
import { failing } from "./scenarios/failing.js";
import { running } from "./scenarios/running.js";
import { dockerSaving } from "./scenarios/saving.js";
import { cliOf } from "./support/cli.js";
import { type Docker, openDocker } from "./support/docker.js";
import { type Scenarios, testEngine } from "./support/engine.js";
import { image } from "./support/images.js";

const own: Scenarios<Docker> = {
	"the bridge's network is set up by a hook": async (scene) => {
		const { output } = cliOf(scene);
		const interfaces = JSON.parse(await output([], "/probe", "interfaces"));
		expect(interfaces).toMatchObject({ lo: { up: true }, eth0: { up: true } });
		expect(Object.keys(JSON.parse(await output(["--network", "none"], "/probe", "interfaces")))).toEqual(["lo"]);
	},

	"build runs its steps": async (scene) => {
		const cli = cliOf(scene);
		const file = `FROM ${image}\nRUN echo built >/file\nUSER 1000\nRUN id -u\nCMD cat /file\n`;
		// the builder takes the default runtime: that RUN works is seen by its output alone
		const built = await cli.with({ input: file, env: { DOCKER_BUILDKIT: "0" } }, "build", "--quiet", "-");
		expect(built).toMatchObject({ status: 0 });
		expect(await cli.ok("run", "--rm", built.stdout.trim())).toBe("built");
		await cli.ok("rmi", built.stdout.trim());
	},

	"containers go on while dockerd is killed and started again": async (scene) => {
		const { detach, ok, inspect } = cliOf(scene);
		const name = await detach([], "/probe", "trap", "TERM=5");
		const pid = await inspect(name, ".State.Pid");
		await scene.engine.crashAndRestart();
		expect(await inspect(name, ".State.Pid")).toBe(pid);
		expect(await ok("exec", name, "echo", "still here")).toBe("still here");
		await ok("stop", name);
		expect(await inspect(name, ".State.ExitCode")).toBe("5");
	},
};

testEngine<Docker>({
	name: "Docker",
	needs: ["root", "cgroup v1", "docker", "tini", "runc", "criu"],
	open: openDocker,
	scenarios: { ...running, ...execution, ...ending, ...confinement, ...failing, ...dockerSaving, ...own },
});
