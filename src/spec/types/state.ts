/** What the runtime tells about a container: to callers and hooks (runtime.md#state), to a seccomp agent. */

export interface State {
	/** The version of the specification that this document complies with. */
	ociVersion: string;
	/** The container's id, unique on the host. */
	id: string;
	/** Where in its life the container is. */
	status: Status;
	/**
	 * The container's first process as the reader sees it; required when created or running.
	 * @asType integer
	 * @minimum 0
	 */
	pid?: number;
	/** The bundle directory; absolute. */
	bundle: string;
	/** The configuration's annotations. */
	annotations?: Record<string, string>;
}

/** The four of the specification, and `paused` for a frozen container, which none of them describes. */
export type Status = "creating" | "created" | "running" | "paused" | "stopped";

/** Sent to `seccomp.listenerPath` together with file descriptors (config-linux.md#containerprocessstate). */
export interface ContainerProcessState {
	/** The version of the specification that this document complies with. */
	ociVersion: string;
	/** The names of the descriptors, in their order; "seccompFd" is the filter's. */
	fds?: string[];
	/**
	 * The process as the runtime sees it.
	 * @asType integer
	 * @minimum 0
	 */
	pid: number;
	/** The configuration's `listenerMetadata`. */
	metadata?: string;
	/** The container's state. */
	state: State;
}
