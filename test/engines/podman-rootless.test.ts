/** Podman of a user without privileges, with tsrun, and with runc to prove the tests. */
import { expect } from "vitest";
import { confinement } from "./scenarios/confinement.js";
import { ending } from "./scenarios/ending.js";
import { execution } from "./scenarios/exec.js";
import { failing } from "./scenarios/failing.js";
import { pods } from "./scenarios/pods.js";
import { running } from "./scenarios/running.js";
import { cliOf } from "./support/cli.js";
import { type Scenarios, testEngine, without } from "./support/engine.js";
import { openPodman, type Podman } from "./support/podman.js";

/** What a user has no right to: cgroups of version 1, and with them limits, pauses and numbers; devices. */
const beyond: readonly string[] = [
	"top and stats see its processes",
	"rm --force takes a running one away, and a paused one",
	"pause freezes, unpause goes on",
	"a program that eats more memory than it may is killed, and it is told",
	"--device with its rights",
	"limits of cgroups, and update changes them",
	"--cgroupns private and host",
	// Podman binds the host's /dev/mqueue, and not every host has one
	"the host's namespaces",
];

const own: Scenarios<Podman> = {
	"root in the container is the user outside": async (scene) => {
		const { detach, inspect, ok } = cliOf(scene);
		const name = await detach([], "/probe", "sleep");
		const pid = await inspect(name, ".State.Pid");
		const outside = await scene.engine.box.run(["grep", "^Uid:", `/proc/${pid}/status`]);
		expect(outside.stdout).toMatch(new RegExp(`^Uid:\\t${scene.engine.uid}\\t`));
		expect(await ok("exec", name, "id", "-u")).toBe("0");
	},
};

testEngine<Podman>({
	name: "Podman without root",
	needs: ["root", "cgroup v1", "podman", "newuidmap", "tini", "runc"],
	open: () => openPodman(1234),
	scenarios: without(beyond, { ...running, ...execution, ...ending, ...confinement, ...failing, ...pods, ...own }),
});
