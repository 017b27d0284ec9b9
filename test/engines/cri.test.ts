/** Pods as the kubelet makes them, through containerd's CRI, with tsrun, and with runc to prove the tests. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { waitFor } from "../support/wait.js";
import { type Container, type Cri, mode, openCri, podsOf, state } from "./support/cri.js";
import { manyFor, type Scenarios, testEngine } from "./support/engine.js";
import type { Values } from "./support/protobuf.js";

async function ended(container: Container): Promise<Values> {
	const look = async () => {
		const status = await container.status();
		return status.state === state.exited && status;
	};
	return waitFor(look, { what: "the container's end", deadline: 60_000 });
}

const tells = (container: Container, text: string) =>
	waitFor(() => container.printed().includes(text), { what: `the log to have "${text}"`, deadline: 60_000 });

const scenarios: Scenarios<Cri> = {
	"a container prints into its log and ends with its status": async (scene) => {
		const { pod } = podsOf(scene);
		const { container } = await pod();
		const one = await container(["sh", "-c", "echo out; echo err >&2; exit 7"]);
		expect(await ended(one)).toMatchObject({ exit_code: 7, reason: "Error" });
		expect(one.printed().split("\n").filter(Boolean).sort()).toEqual(["err", "out"]);
	},

	"containers of a pod share what the pod says": async (scene) => {
		const { pod } = podsOf(scene);
		const look = ["sh", "-c", "for one in net ipc uts pid; do readlink /proc/self/ns/$one; done"];
		for (const pid of [mode.pod, mode.container]) {
			const { container } = await pod({ network: mode.pod, pid });
			const both = [await container(["/probe", "sleep"]), await container(["/probe", "sleep"])];
			const [one = [], two = []] = await Promise.all(
				both.map(async (each) => (await each.exec(...look)).stdout.trim().split("\n")),
			);
			expect(one.slice(0, 3)).toEqual(two.slice(0, 3));
			expect(one[3] === two[3]).toBe(pid === mode.pod);
		}
	},

	"the pod's network comes from its plugins": async (scene) => {
		const { pod, call } = podsOf(scene);
		const { id, container } = await pod({ network: mode.pod });
		const { status } = await call("PodSandboxStatus", { pod_sandbox_id: id });
		expect(status).toMatchObject({ network: { ip: expect.stringMatching(/^10\.88\./) } });
		const one = await container(["/probe", "sleep"]);
		expect(JSON.parse((await one.exec("/probe", "interfaces")).stdout)).toMatchObject({
			lo: { up: true },
			eth0: { up: true },
		});
	},

	"exec answers with output, errors and status": async (scene) => {
		const { pod } = podsOf(scene);
		const one = await (await pod()).container(["/probe", "sleep"]);
		expect(await one.exec("sh", "-c", "echo out; echo err >&2; exit 3")).toEqual({
			stdout: "out\n",
			stderr: "err\n",
			status: 3,
		});
		await expect(one.exec("missing")).rejects.toThrow(
			/exec failed: unable to start container process: exec: "missing": executable file not found in \$PATH/,
		);
	},

	"probes leave nothing in the container": async (scene) => {
		const { pod } = podsOf(scene);
		const one = await (await pod()).container(["/probe", "sleep"]);
		for (let probe = 0; probe < manyFor(scene.runtime, 100); probe += 5) {
			const results = await Promise.all(Array.from({ length: 5 }, () => one.exec("true")));
			expect(results.every(({ status }) => status === 0)).toBe(true);
		}
		expect((await one.exec("ps", "-o", "pid,args")).stdout.trim().split("\n").length).toBe(3);
	},

	"an exec that takes too long is ended": async (scene) => {
		const { pod, call } = podsOf(scene);
		const one = await (await pod()).container(["/probe", "sleep"]);
		const request = { container_id: one.id, cmd: ["/probe", "sleep"], timeout: 1 };
		await expect(call("ExecSync", request)).rejects.toThrow(/timeout 1s exceeded/);
		expect((await one.exec("ps", "-o", "args")).stdout.match(/probe sleep/g)?.length).toBe(1);
	},

	"stop asks, and kills what does not listen": async (scene) => {
		const { pod, call } = podsOf(scene);
		const { container } = await pod();
		const polite = await container(["/probe", "trap", "TERM=5"]);
		await tells(polite, "ready");
		await call("StopContainer", { container_id: polite.id, timeout: 30 });
		expect(await polite.status()).toMatchObject({ state: state.exited, exit_code: 5 });
		const deaf = await container(["/probe", "deaf", "/probe", "print-ready-then-wait"]);
		await tells(deaf, "ready");
		await call("StopContainer", { container_id: deaf.id, timeout: 1 });
		expect(await deaf.status()).toMatchObject({ state: state.exited, exit_code: 137 });
	},

	"stop reaches all of a container that shares the pod's processes": async (scene) => {
		const { pod, call } = podsOf(scene);
		const { container } = await pod({ pid: mode.pod });
		const one = await container(["sh", "-c", "/probe deaf /probe sleep & echo ready; exec /probe sleep"]);
		const two = await container(["/probe", "sleep"]);
		await tells(one, "ready");
		await call("StopContainer", { container_id: one.id, timeout: 1 });
		const left = async () => !(await two.exec("ps", "-o", "args")).stdout.includes("deaf");
		await waitFor(left, { what: "the container's other process to end", deadline: 60_000 });
	},

	"limits, their update, and statistics": async (scene) => {
		const { pod, call } = podsOf(scene);
		const { container } = await pod();
		const resources = { cpu_period: 100_000, cpu_quota: 50_000, cpu_shares: 512, memory_limit_in_bytes: 64 << 20 };
		const one = await container(["/probe", "sleep"], { linux: { resources } });
		const files = ["cpu/cpu.cfs_quota_us", "cpu/cpu.shares", "memory/memory.limit_in_bytes"];
		const look = async () => (await one.exec("sh", "-c", `cd /sys/fs/cgroup; cat ${files.join(" ")}`)).stdout;
		expect(await look()).toBe(`50000\n512\n${64 << 20}\n`);
		const linux = { cpu_quota: 25_000, memory_limit_in_bytes: 96 << 20 };
		await call("UpdateContainerResources", { container_id: one.id, linux });
		expect(await look()).toBe(`25000\n512\n${96 << 20}\n`);
		const { stats } = await call("ContainerStats", { container_id: one.id });
		expect(((stats as Values).memory as Values).working_set_bytes).toMatchObject({ value: expect.any(Number) });
	},

	"one that eats more memory than it may has been OOMKilled": async (scene) => {
		const { pod } = podsOf(scene);
		const { container } = await pod();
		const linux = { resources: { memory_limit_in_bytes: 16 << 20 } };
		const script = "until [ -e /go ]; do sleep 0.1; done; exec /probe alloc 60000000";
		const one = await container(["sh", "-c", script], { linux });
		await one.exec("touch", "/go");
		expect(await ended(one)).toMatchObject({ exit_code: 137, reason: "OOMKilled" });
	},

	"a security context": async (scene) => {
		const { pod } = podsOf(scene);
		const { container } = await pod();
		const security_context = {
			run_as_user: { value: 1000 },
			run_as_group: { value: 5 },
			supplemental_groups: [7],
			readonly_rootfs: true,
			no_new_privs: true,
			capabilities: { drop_capabilities: ["ALL"] },
			seccomp: { profile_type: 0 },
			masked_paths: ["/etc/hosts", "/usr"],
			readonly_paths: ["/proc/sys"],
		};
		const one = await container(["/probe", "sleep"], { linux: { security_context } });
		const look = async (...command: string[]) => (await one.exec("/probe", ...command)).stdout.trim();
		expect(JSON.parse(await look("id"))).toMatchObject({ euid: 1000, egid: 5, groups: expect.arrayContaining([7]) });
		expect(JSON.parse(await look("caps"))).toMatchObject({ bounding: "0000000000000000" });
		expect([await look("nnp"), await look("seccomp")]).toEqual(["1", "2"]);
		expect((await one.exec("sh", "-c", "wc -c </etc/hosts; ls /usr; touch /tmp/x")).stdout).toBe("0\n");
	},

	"mounts with propagation, and devices": async (scene) => {
		const { pod } = podsOf(scene);
		const { box } = scene.engine;
		const { container } = await pod();
		const folder = join(box.folder, scene.newName());
		mkdirSync(join(folder, "sub"), { recursive: true });
		writeFileSync(join(folder, "file"), "text");
		await box.run(["mount", "--bind", "--make-shared", folder, folder]);
		const one = await container(["/probe", "sleep"], {
			mounts: [{ container_path: "/data", host_path: folder, readonly: true, propagation: 1 }],
			devices: [{ container_path: "/dev/ours", host_path: "/dev/fuse", permissions: "r" }],
		});
		expect((await one.exec("sh", "-c", "cat /data/file; touch /data/new")).stdout).toBe("text");
		await box.run(["mount", "-t", "tmpfs", "late", join(folder, "sub")]);
		expect((await one.exec("grep", "-c", "^late /data/sub ", "/proc/mounts")).stdout).toBe("1\n");
		await box.run(["umount", "--recursive", folder]);
		expect((await one.exec("/probe", "open", "/dev/ours", "r")).stdout).toBe("OK\n");
		expect((await one.exec("/probe", "open", "/dev/ours", "w")).stdout).toBe("EPERM\n");
	},

	"a start that fails is told in the status": async (scene) => {
		const { pod, call } = podsOf(scene);
		const one = await (await pod()).create(["/missing"]);
		const why = 'exec: "/missing": stat /missing: no such file or directory';
		await expect(call("StartContainer", { container_id: one.id })).rejects.toThrow(why);
		expect(await one.status()).toMatchObject({
			exit_code: 128,
			reason: "StartError",
			message: expect.stringContaining(why),
		});
	},

	"pods go on while containerd is killed and started again": async (scene) => {
		const { pod, call } = podsOf(scene);
		const one = await (await pod()).container(["/probe", "trap", "TERM=5"]);
		await tells(one, "ready");
		await scene.engine.crashAndRestart();
		const answers = async () => (await one.exec("true").catch(() => ({ status: 1 }))).status === 0;
		await waitFor(answers, { what: "the CRI to be ready again", deadline: 60_000 });
		expect(await one.status()).toMatchObject({ state: state.running });
		await call("StopContainer", { container_id: one.id, timeout: 30 });
		expect(await one.status()).toMatchObject({ state: state.exited, exit_code: 5 });
	},

	"many pods at once": async (scene) => {
		const { pod } = podsOf(scene);
		const pods = await Promise.all(Array.from({ length: manyFor(scene.runtime, 10) }, () => pod()));
		const containers = await Promise.all(pods.map(({ container }) => container(["sh", "-c", "echo $HOSTNAME"])));
		for (const one of containers) expect(await ended(one)).toMatchObject({ exit_code: 0 });
	},
};

testEngine<Cri>({
	name: "containerd's CRI",
	needs: ["root", "cgroup v1", "containerd", "CNI plugins", "tini", "runc"],
	open: openCri,
	scenarios,
});
