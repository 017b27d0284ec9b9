/** Pods of Podman, whose infra container holds the namespaces. */
import { expect } from "vitest";
import { cliOf } from "../support/cli.js";
import type { Scenarios } from "../support/engine.js";
import { image } from "../support/images.js";
import type { Podman } from "../support/podman.js";

export const pods: Scenarios<Podman> = {
	"a pod shares its infra container's namespaces": async (scene) => {
		const { ok } = cliOf(scene);
		const pod = scene.newName();
		const infra = ["--infra-image", image, "--infra-command", "/probe sleep"];
		await ok("pod", "create", "--name", pod, ...infra, "--share", "pid,ipc,uts,net");
		expect(await ok("run", "--rm", "--pod", pod, image, "ps")).toMatch(/^ +1 root +\/probe sleep$/m);
		await ok("run", "--detach", "--pod", pod, "--name", `${pod}-guest`, image, "/probe", "trap", "TERM=0");
		await ok("pod", "stop", "--time", "1", pod);
		expect(await ok("pod", "inspect", "--format", "{{.State}}", pod)).toBe("Exited");
		await ok("pod", "start", pod);
		await ok("pod", "rm", "--force", "--time", "0", pod);
	},
};
