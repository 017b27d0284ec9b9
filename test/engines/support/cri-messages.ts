/** What the tests use of the CRI's messages (kubernetes/cri-api, runtime.v1): fields and their numbers. */
import type { Message } from "./protobuf.js";

const int64Value: Message = { value: [1, "int"] };
const idOf = (name: string): Message => ({ [name]: [1, "string"] });
const nothing: Message = {};

const namespaceOption: Message = { network: [1, "int"], pid: [2, "int"], ipc: [3, "int"], target_id: [4, "string"] };

const securityProfile: Message = { profile_type: [1, "int"], localhost_ref: [2, "string"] };

const resources: Message = {
	cpu_period: [1, "int"],
	cpu_quota: [2, "int"],
	cpu_shares: [3, "int"],
	memory_limit_in_bytes: [4, "int"],
	oom_score_adj: [5, "int"],
	cpuset_cpus: [6, "string"],
};

const podSandboxConfig: Message = {
	metadata: [1, { name: [1, "string"], uid: [2, "string"], namespace: [3, "string"], attempt: [4, "int"] }],
	hostname: [2, "string"],
	log_directory: [3, "string"],
	linux: [
		8,
		{
			cgroup_parent: [1, "string"],
			security_context: [2, { namespace_options: [1, namespaceOption], privileged: [6, "bool"] }],
			sysctls: [3, "map"],
		},
	],
};

const containerConfig: Message = {
	metadata: [1, { name: [1, "string"], attempt: [2, "int"] }],
	image: [2, { image: [1, "string"] }],
	command: [3, ["string"]],
	args: [4, ["string"]],
	working_dir: [5, "string"],
	envs: [6, [{ key: [1, "string"], value: [2, "string"] }]],
	mounts: [
		7,
		[
			{
				container_path: [1, "string"],
				host_path: [2, "string"],
				readonly: [3, "bool"],
				propagation: [5, "int"],
			},
		],
	],
	devices: [8, [{ container_path: [1, "string"], host_path: [2, "string"], permissions: [3, "string"] }]],
	log_path: [11, "string"],
	stdin: [12, "bool"],
	tty: [14, "bool"],
	linux: [
		15,
		{
			resources: [1, resources],
			security_context: [
				2,
				{
					capabilities: [1, { add_capabilities: [1, ["string"]], drop_capabilities: [2, ["string"]] }],
					privileged: [2, "bool"],
					namespace_options: [3, namespaceOption],
					run_as_user: [5, int64Value],
					run_as_group: [12, int64Value],
					readonly_rootfs: [7, "bool"],
					supplemental_groups: [8, ["int"]],
					no_new_privs: [11, "bool"],
					masked_paths: [13, ["string"]],
					readonly_paths: [14, ["string"]],
					seccomp: [15, securityProfile],
				},
			],
		},
	],
};

/** Request and response of each call. */
export const calls = {
	RunPodSandbox: [{ config: [1, podSandboxConfig], runtime_handler: [2, "string"] }, idOf("pod_sandbox_id")],
	StopPodSandbox: [idOf("pod_sandbox_id"), nothing],
	RemovePodSandbox: [idOf("pod_sandbox_id"), nothing],
	ListPodSandbox: [nothing, { items: [1, [{ id: [1, "string"], state: [3, "int"] }]] }],
	PodSandboxStatus: [
		idOf("pod_sandbox_id"),
		{ status: [1, { id: [1, "string"], state: [3, "int"], network: [5, { ip: [1, "string"] }] }] },
	],
	CreateContainer: [
		{ pod_sandbox_id: [1, "string"], config: [2, containerConfig], sandbox_config: [3, podSandboxConfig] },
		idOf("container_id"),
	],
	StartContainer: [idOf("container_id"), nothing],
	StopContainer: [{ container_id: [1, "string"], timeout: [2, "int"] }, nothing],
	RemoveContainer: [idOf("container_id"), nothing],
	ContainerStatus: [
		idOf("container_id"),
		{ status: [1, { state: [3, "int"], exit_code: [7, "int"], reason: [10, "string"], message: [11, "string"] }] },
	],
	UpdateContainerResources: [{ container_id: [1, "string"], linux: [2, resources] }, nothing],
	ExecSync: [
		{ container_id: [1, "string"], cmd: [2, ["string"]], timeout: [3, "int"] },
		{ stdout: [1, "bytes"], stderr: [2, "bytes"], exit_code: [3, "int"] },
	],
	ContainerStats: [
		idOf("container_id"),
		{ stats: [1, { memory: [3, { timestamp: [1, "int"], working_set_bytes: [2, int64Value] }] }] },
	],
} as const satisfies Record<string, readonly [Message, Message]>;

export type CallName = keyof typeof calls;
