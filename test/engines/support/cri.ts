/** Kubernetes' side of containerd: a client of its CRI, and pods bound to a runtime. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Containerd, openContainerd } from "./containerd.js";
import { type CallName, calls } from "./cri-messages.js";
import type { Scene } from "./engine.js";
import { callUnary } from "./grpc.js";
import { image, ociArchive } from "./images.js";
import { decode, encode, type Values } from "./protobuf.js";

export interface Cri extends Containerd {
	readonly call: (name: CallName, request: Values) => Promise<Values>;
}

/** NamespaceMode. */
export const mode = { pod: 0, container: 1, node: 2 };

/** ContainerState. */
export const state = { created: 0, running: 1, exited: 2 };

export async function openCri(): Promise<Cri> {
	const containerd = await openContainerd();
	const { box } = containerd;
	const socket = box.path("/run/containerd/containerd.sock");
	const call = async (name: CallName, request: Values) => {
		const [requestType, responseType] = calls[name];
		const answer = await callUnary(socket, `/runtime.v1.RuntimeService/${name}`, encode(requestType, request));
		return decode(responseType, answer);
	};
	const cri: Cri = {
		...containerd,
		call,
		states: ["/run/containerd/runc/k8s.io"],
		clear: async () => {
			const { items } = await call("ListPodSandbox", {});
			for (const { id = "" } of items as readonly Values[]) {
				await call("StopPodSandbox", { pod_sandbox_id: id });
				await call("RemovePodSandbox", { pod_sandbox_id: id });
			}
		},
	};
	try {
		await box.run([
			"ctr",
			"--address",
			"/run/containerd/containerd.sock",
			"--namespace",
			"k8s.io",
			"image",
			"import",
			ociArchive,
		]);
		const first = podsOf({ engine: cri, runtime: "runc", newName: () => "first" });
		await (await first.pod()).container(["true"]);
		await cri.clear();
		return cri;
	} catch (error) {
		console.error(containerd.log());
		await box.close();
		throw error;
	}
}

export interface Container {
	readonly id: string;
	readonly exec: (...command: string[]) => Promise<{ stdout: string; stderr: string; status: number }>;
	readonly status: () => Promise<Values>;
	/** What it has printed so far, without the time and stream of each line. */
	readonly printed: () => string;
}

export interface Pod {
	readonly id: string;
	/** Creates a container in it without starting it. */
	readonly create: (command: readonly string[], config?: Values) => Promise<Container>;
	/** Creates and starts one. */
	readonly container: (command: readonly string[], config?: Values) => Promise<Container>;
}

/** Pods of one runtime. */
export function podsOf({ engine, runtime, newName }: Scene<Cri>) {
	const { call, box } = engine;

	function containerOf(id: string, log: string): Container {
		return {
			id,
			exec: async (...cmd) => {
				const { stdout, stderr, exit_code } = await call("ExecSync", { container_id: id, cmd, timeout: 30 });
				return { stdout: `${stdout}`, stderr: `${stderr}`, status: exit_code as number };
			},
			status: async () => (await call("ContainerStatus", { container_id: id })).status as Values,
			printed: () => readFileSync(log, "utf8").replace(/^\S+ (?:stdout|stderr) [FP] /gm, ""),
		};
	}

	const pod = async (namespaces: Values = {}, options: Values = {}): Promise<Pod> => {
		const name = newName();
		const logs = join(box.folder, "logs", name);
		mkdirSync(logs, { recursive: true });
		const config: Values = {
			metadata: { name, uid: `${name}-${Date.now()}`, namespace: "tests", attempt: 0 },
			// the node's with its network
			...(namespaces.network === mode.pod && { hostname: name }),
			log_directory: logs,
			linux: {
				security_context: { namespace_options: { network: mode.node, pid: mode.container, ...namespaces } },
				...options,
			},
		};
		const answer = await call("RunPodSandbox", { config, runtime_handler: runtime });
		const id = answer.pod_sandbox_id as string;
		const create = async (command: readonly string[], { linux = {}, ...more }: Values = {}) => {
			const own = newName();
			const { security_context = {}, ...others } = linux as Values;
			const container: Values = {
				metadata: { name: own, attempt: 0 },
				image: { image },
				command,
				log_path: `${own}.log`,
				...more,
				linux: {
					...others,
					security_context: {
						namespace_options: { network: mode.node, pid: mode.container, ...namespaces },
						...(security_context as Values),
					},
				},
			};
			const request = { pod_sandbox_id: id, config: container, sandbox_config: config };
			const made = await call("CreateContainer", request);
			return containerOf(made.container_id as string, join(logs, `${own}.log`));
		};
		return {
			id,
			create,
			container: async (command, more) => {
				const container = await create(command, more);
				await call("StartContainer", { container_id: container.id });
				return container;
			},
		};
	};
	return { call, pod };
}
