/** A process that `exec` puts into a container, from clone3 to execve: what is left of create-init.ts when the container stands. */
import { becomeForeground, openTerminal } from "../../linux/console.js";
import { joinSessionKeyring } from "../../linux/keyring.js";
import { cloneFlag } from "../../linux/namespaces.js";
import { applyCpuAffinity } from "../../linux/scheduling.js";
import type { NamespaceType } from "../../spec/types.js";
import { AT_FDCWD, PR_SET_PDEATHSIG } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { attempt } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import type { ExecPlan } from "../lifecycle/exec.js";
import { closeAllBut } from "../process/streams.js";
import { assumeIdentity, execute, setLabels } from "./identity.js";
import { becomeRootOfOwnUsers, dieWithTheRuntime } from "./own-users.js";
import { expect, send, tell } from "./sync.js";

export function runExecInit(plan: ExecPlan, proc: Fd, socket: Fd): never {
	const { process, config, record, seccomp } = plan;
	const has = (wanted: NamespaceType) => config.linux?.namespaces?.some(({ type }) => type === wanted) ?? false;
	try {
		sys.prctl_set_name("tsrun:exec");
		dieWithTheRuntime();
		expect(socket, "go");
		if (has("cgroup")) joinCgroupNamespace(plan);
		if (has("user")) becomeRootOfOwnUsers();
		sys.setsid();
		if (record.ownKeyring) joinSessionKeyring(record.id);
		const { initial, final } = process.execCPUAffinity ?? {};
		if (final) applyCpuAffinity(final);
		if (process.terminal) {
			const { master, slave } = openTerminal(AT_FDCWD, process.consoleSize);
			becomeForeground(slave);
			send(socket, { type: "terminal" }, [master]);
			sys.close(master);
			sys.close(slave);
		}
		closeAllBut(plan.preserveFds, [socket, proc]);
		setLabels(proc, process);
		const umask = sys.umask(0);
		const warn = (text: string) => send(socket, { type: "warning", text });
		const hasAffinity = Boolean(initial || final);
		const { linux, annotations } = config;
		const ready = assumeIdentity({ process, linux, annotations, seccomp, umask, hasAffinity, warn });
		sys.prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
		send(socket, { type: "ready" });
		expect(socket, "start");
		execute(ready, socket, plan.preserveFds);
	} catch (error) {
		tell(socket, error);
	}
	sys.exit(1);
}

function joinCgroupNamespace({ initPidfd, record }: ExecPlan): void {
	attempt(
		"namespace-failed",
		`join the cgroup namespace of process ${record.pid}`,
		() => sys.setns(initPidfd, cloneFlag("cgroup")),
		{ stage: "namespaces", object: record.id },
	);
}
