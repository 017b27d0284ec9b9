import { describe, expect, it } from "vitest";
import { type EngineName, engineArea } from "../../../../src/runtime/doctor/engines.js";
import type { Finding } from "../../../../src/runtime/doctor/finding.js";
import { door } from "../../../support/door.js";

/** What is said of the engine's configuration, which is looked at last. */
function configuration(engine: EngineName, files: Readonly<Record<string, string>>): readonly Finding[] {
	door.files({ "/opt/": "", ...files });
	door.answer("readlinkat", () => "/opt/tsrun");
	const found = engineArea(engine).checks.at(-1)?.() ?? [];
	return "verdict" in found ? [found] : found;
}

const daemon = (settings: unknown) => ({ "/etc/docker/daemon.json": JSON.stringify(settings) });

describe("an engine", () => {
	it("without a configuration does not know the runtime, and the cure names its place", () => {
		expect(configuration("docker", {})).toEqual([
			{
				name: "runtime",
				verdict: "limited",
				detail: "there is no /etc/docker/daemon.json",
				cure: 'write {"runtimes": {"tsrun": {"path": "/opt/tsrun"}}} to /etc/docker/daemon.json, and reload dockerd',
			},
		]);
	});

	it("that names others only is told the line", () => {
		const [finding] = configuration("docker", daemon({ runtimes: { crun: { path: "/usr/bin/crun" } } }));
		expect(finding).toMatchObject({ verdict: "limited", detail: "/etc/docker/daemon.json names no tsrun" });
	});

	it("that names it is right, by whatever name", () => {
		const settings = { runtimes: { mine: { path: "/opt/tsrun" } }, "default-runtime": "mine" };
		expect(configuration("docker", { ...daemon(settings), "/opt/tsrun": "" })).toEqual([
			{ name: "runtime", verdict: "works", detail: '"mine" is /opt/tsrun, for every container' },
			{ name: "cgroups", verdict: "works", detail: "dockerd has them made without systemd" },
		]);
	});

	it("that names a program which is not there cannot start a container", () => {
		door.fail("faccessat2", "ENOENT", (_fd, path) => path === "/gone/tsrun");
		const [finding] = configuration("docker", daemon({ runtimes: { tsrun: { path: "/gone/tsrun" } } }));
		expect(finding).toMatchObject({ verdict: "missing", needed: true });
	});

	it("cannot have systemd make cgroups where systemd is not init", () => {
		const text = '[plugins.x.containerd.runtimes.tsrun.options]\nBinaryName = "/opt/tsrun"\nSystemdCgroup = true\n';
		const findings = configuration("containerd", { "/etc/containerd/config.toml": text, "/opt/tsrun": "" });
		expect(findings[1]).toMatchObject({ name: "cgroups", verdict: "missing", needed: true });
	});

	it("whose configuration is damaged is told so", () => {
		const [finding] = configuration("docker", { "/etc/docker/daemon.json": "{" });
		expect(finding).toMatchObject({ detail: "/etc/docker/daemon.json cannot be understood", needed: true });
	});

	it("may have several files, of which the last counts", () => {
		const files = {
			"/usr/share/containers/containers.conf": '[engine.runtimes]\ntsrun = ["/old/tsrun"]\n',
			"/etc/containers/containers.conf": '[engine]\nruntime = "tsrun"\n[engine.runtimes]\ntsrun = ["/opt/tsrun"]\n',
			"/opt/tsrun": "",
		};
		expect(configuration("podman", files)[0]).toMatchObject({
			detail: '"tsrun" is /opt/tsrun, for every container',
		});
	});
});
