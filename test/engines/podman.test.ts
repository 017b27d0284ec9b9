/** Podman as root, with tsrun, and with runc to prove the tests. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { probe } from "../support/paths.js";
import { watch } from "../support/watched.js";
import { confinement } from "./scenarios/confinement.js";
import { ending } from "./scenarios/ending.js";
import { execution } from "./scenarios/exec.js";
import { failing } from "./scenarios/failing.js";
import { pods } from "./scenarios/pods.js";
import { running } from "./scenarios/running.js";
import { podmanSaving } from "./scenarios/saving.js";
import { cliOf } from "./support/cli.js";
import { type Scenarios, testEngine } from "./support/engine.js";
import { image } from "./support/images.js";
import { openPodman, type Podman } from "./support/podman.js";

const own: Scenarios<Podman> = {
	"play kube makes a pod of a manifest, and takes it down": async (scene) => {
		const { ok } = cliOf(scene);
		const pod = scene.newName();
		const container = (name: string, ...command: string[]) => ({ name, image, imagePullPolicy: "Never", command });
		const manifest = {
			apiVersion: "v1",
			kind: "Pod",
			metadata: { name: pod },
			spec: {
				restartPolicy: "Never",
				containers: [container("one", "/bin/sh", "-c", "echo one"), container("two", "/probe", "sleep")],
			},
		};
		const file = join(scene.engine.box.folder, `${pod}.yaml`);
		writeFileSync(file, JSON.stringify(manifest));
		await ok("play", "kube", file);
		expect(await ok("wait", `${pod}-one`)).toBe("0");
		expect(await ok("logs", `${pod}-one`)).toBe("one");
		expect(await ok("exec", `${pod}-two`, "echo", "two")).toBe("two");
		await ok("play", "kube", "--down", file);
		expect(await ok("ps", "--all", "--quiet")).toBe("");
	},

	"a user namespace with ids of its own": async (scene) => {
		const { output } = cliOf(scene);
		const script = "id -u; cat /proc/self/uid_map; stat -c %u /bin; touch /file && stat -c %u /file";
		const printed = await output(["--uidmap", "0:100000:5000"], "sh", "-c", script);
		expect(printed).toMatch(/^0\n +0 +100000 +5000\n0\n0$/);
	},

	"init makes a container without starting it": async (scene) => {
		const { ok, inspect } = cliOf(scene);
		const name = scene.newName();
		await ok("create", "--name", name, image, "echo", "started");
		await ok("init", name);
		expect(await inspect(name, ".State.Status")).toBe("initialized");
		expect(await ok("start", "--attach", name)).toBe("started");
	},

	"--sdnotify=container tells the service manager that the program is ready": async (scene) => {
		const cli = cliOf(scene);
		const { box } = scene.engine;
		const socket = join(box.folder, `${scene.newName()}.sock`);
		const manager = watch("the service manager", probe, ["manager", socket], { env: { TSRUN_E2E: box.folder } });
		await manager.prints("listening", 60_000);
		const name = scene.newName();
		const script = "/probe notify READY=1; exec /probe sleep";
		const words = ["--detach", "--name", name, "--sdnotify", "container", image, "sh", "-c", script];
		const run = await cli.with({ env: { NOTIFY_SOCKET: socket } }, "run", ...words);
		expect(run).toMatchObject({ status: 0 });
		await manager.prints(/^READY=1$/m, 60_000);
		await manager.prints(/^MAINPID=\d+$/m, 60_000);
		manager.signal("SIGKILL");
		await manager.ended();
		await cli.ok("rm", "--force", "--time", "0", name);
	},

	"build runs its steps": async (scene) => {
		const cli = cliOf(scene);
		const file = join(scene.engine.box.folder, "Containerfile");
		writeFileSync(file, `FROM ${image}\nRUN echo built >/file\nUSER 1000\nRUN id -u >/tmp/id\nCMD cat /file /tmp/id\n`);
		const built = await cli.ok("build", "--quiet", "--isolation", "oci", "--file", file, scene.engine.box.folder);
		expect(await cli.ok("run", "--rm", built)).toBe("built\n1000");
		await cli.ok("rmi", built);
	},

	"an oom_score_adj, a umask and no cgroup at all": async (scene) => {
		const { output } = cliOf(scene);
		expect(await output(["--oom-score-adj", "500"], "/probe", "oom-score")).toBe("500");
		expect(JSON.parse(await output(["--umask", "0027"], "/probe", "id"))).toMatchObject({ umask: "0027" });
	},
};

testEngine<Podman>({
	name: "Podman",
	needs: ["root", "cgroup v1", "podman", "tini", "runc", "criu"],
	open: () => openPodman(0),
	scenarios: { ...running, ...execution, ...ending, ...confinement, ...failing, ...pods, ...podmanSaving, ...own },
});
