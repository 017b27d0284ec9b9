/** What a container may do and have: rights, limits, devices, files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type CliEngine, cliOf } from "../support/cli.js";
import type { Scenarios } from "../support/engine.js";

export const confinement: Scenarios<CliEngine> = {
	"--cap-drop and --cap-add": async (scene) => {
		const { output } = cliOf(scene);
		const caps = JSON.parse(await output(["--cap-drop", "ALL", "--cap-add", "CHOWN"], "/probe", "caps"));
		expect(caps).toEqual({
			bounding: "0000000000000001",
			effective: "0000000000000001",
			permitted: "0000000000000001",
			inheritable: "0000000000000000",
			ambient: "0000000000000000",
		});
	},

	"--security-opt no-new-privileges and seccomp profiles": async (scene) => {
		const { output, run } = cliOf(scene);
		expect(await output(["--security-opt", "no-new-privileges"], "/probe", "nnp")).toBe("1");
		expect(await output([], "/probe", "seccomp")).toBe("2");
		expect(await output(["--security-opt", "seccomp=unconfined"], "/probe", "seccomp")).toBe("0");
		const profile = join(scene.engine.box.folder, "profile.json");
		const rule = { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" };
		writeFileSync(profile, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [rule] }));
		const made = await run(["--security-opt", `seccomp=${profile}`], "mkdir", "/new");
		expect(made).toMatchObject({ status: 1, stderr: expect.stringContaining("Operation not permitted") });
	},

	"--ulimit": async (scene) => {
		const { output } = cliOf(scene);
		// Podman raises the number of processes unless told, which not every machine's root may
		const options = ["--ulimit", "nofile=100:200", "--ulimit", "nproc=1000:1000"];
		expect(await output(options, "sh", "-c", "ulimit -n; ulimit -Hn")).toBe("100\n200");
	},

	"--device with its rights": async (scene) => {
		const { run } = cliOf(scene);
		const script = "/probe open /dev/ours r; /probe open /dev/ours w; ls /dev/fuse 2>/dev/null";
		const result = await run(["--device", "/dev/fuse:/dev/ours:r"], "sh", "-c", script);
		expect(result.stdout).toBe("OK\nEPERM\n");
	},

	"limits of cgroups, and update changes them": async (scene) => {
		const { kind, detach, ok } = cliOf(scene);
		const limits = ["--pids-limit", "50", "--cpus", "0.5", "--cpuset-cpus", "0", "--memory", "32m"];
		const name = await detach(limits, "/probe", "sleep");
		const files = ["pids/pids.max", "cpu/cpu.cfs_quota_us", "cpuset/cpuset.cpus", "memory/memory.limit_in_bytes"];
		const look = () => ok("exec", name, "sh", "-c", `cd /sys/fs/cgroup; cat ${files.join(" ")}`);
		expect(await look()).toBe("50\n50000\n0\n33554432");
		await ok("update", "--memory", "48m", "--memory-swap", "96m", name);
		await ok("update", "--cpus", "0.25", name);
		expect(await look()).toBe("50\n25000\n0\n50331648");
		await ok("update", "--memory", "40m", "--memory-swap", "64m", name);
		expect(await look()).toBe("50\n25000\n0\n41943040");
		if (kind === "docker") await ok("update", "--pids-limit", "60", name);
		expect(await look()).toBe(`${kind === "docker" ? 60 : 50}\n25000\n0\n41943040`);
	},

	"--cgroupns private and host": async (scene) => {
		const { output } = cliOf(scene);
		const paths = async (kind: string) =>
			(await output(["--cgroupns", kind], "cat", "/proc/self/cgroup")).split("\n").map((line) => line.split(":")[2]);
		expect(new Set(await paths("private"))).toEqual(new Set(["/"]));
		expect((await paths("host")).filter((path) => /docker|libpod/.test(path ?? "")).length).toBeGreaterThan(5);
	},

	"--read-only but for volumes and tmpfs": async (scene) => {
		const { output, ok } = cliOf(scene);
		const volume = scene.newName();
		const options = ["--read-only", "--tmpfs", "/scratch:size=1m,mode=700", "--volume", `${volume}:/data`];
		const script =
			"touch /file || echo refused; touch /data/file /scratch/file && echo written; stat -c %a /scratch; df -k /scratch | tail -1";
		expect(await output(options, "sh", "-c", `(${script}) 2>/dev/null`)).toMatch(/^refused\nwritten\n700\n\S+ +1024 /);
		expect(await output(["--volume", `${volume}:/data`], "ls", "/data")).toBe("file");
		await ok("volume", "rm", volume);
	},

	"bind mounts, read-only and with propagation": async (scene) => {
		const { detach, run, ok } = cliOf(scene);
		const { box } = scene.engine;
		const folder = join(box.folder, scene.newName());
		mkdirSync(join(folder, "sub"), { recursive: true });
		writeFileSync(join(folder, "file"), "text");
		const sealed = await run(["--volume", `${folder}:/data:ro`], "sh", "-c", "cat /data/file; touch /data/new");
		expect(sealed).toMatchObject({ status: 1, stdout: "text", stderr: expect.stringContaining("Read-only") });
		await box.run(["mount", "--bind", "--make-shared", folder, folder]);
		const name = await detach(["--volume", `${folder}:/data:rslave`], "/probe", "sleep");
		await box.run(["mount", "-t", "tmpfs", "late", join(folder, "sub")]);
		expect(await ok("exec", name, "grep", "-c", "^late /data/sub ", "/proc/mounts")).toBe("1");
		await box.run(["umount", "--recursive", folder]);
		expect((await ok("exec", name, "cat", "/proc/mounts")).includes("late")).toBe(false);
		await ok("rm", "--force", name);
	},

	"--sysctl, --hostname, --shm-size, --workdir": async (scene) => {
		const { output } = cliOf(scene);
		const options = [
			"--sysctl",
			"net.ipv4.ip_default_ttl=33",
			"--hostname",
			"ours",
			"--shm-size",
			"1m",
			"--workdir",
			"/tmp",
		];
		const script =
			"cat /proc/sys/net/ipv4/ip_default_ttl; hostname; df -k /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2; pwd";
		expect(await output(options, "sh", "-c", script)).toBe("33\nours\n1024\n/tmp");
	},

	"the host's namespaces": async (scene) => {
		const { output } = cliOf(scene);
		const options = ["--pid", "host", "--network", "host", "--ipc", "host", "--uts", "host"];
		const look = (name: string) => ["readlink", `/proc/self/ns/${name}`];
		for (const name of ["pid", "net", "ipc", "uts"]) {
			const { stdout } = await scene.engine.box.run(look(name));
			expect(await output(options, ...look(name))).toBe(stdout.trimEnd());
		}
	},
};
