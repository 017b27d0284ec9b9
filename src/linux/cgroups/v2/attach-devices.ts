/** Puts a device program onto a v2 cgroup and takes off the ones before. */
import {
	AT_FDCWD,
	BPF_CGROUP_DEVICE,
	BPF_F_ALLOW_MULTI,
	BPF_PROG_TYPE_CGROUP_DEVICE,
	O_CLOEXEC,
	O_DIRECTORY,
	O_RDONLY,
	RLIM_INFINITY,
	RLIMIT_MEMLOCK,
} from "../../../sys/constants.js";
import type { Fd } from "../../../sys/door.js";
import { hasCode } from "../../../sys/errors.js";
import { withFd } from "../../../sys/files.js";
import { sys } from "../../../sys/index.js";

/**
 * Kernel errors as they come. Of several attached programs every one must agree, so the new one is attached before
 * the old ones go: at no moment is more allowed than the old or the new rules allow.
 * @param isNew a cgroup without programs, as just made: saves the question.
 */
export function attachDeviceProgram(directory: string, program: ArrayBuffer, isNew: boolean): void {
	withFd(sys.openat(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), (cgroup) => {
		const old = isNew ? [] : sys.bpf_prog_query(cgroup, BPF_CGROUP_DEVICE);
		withFd(load(program), (fd) => sys.bpf_prog_attach(cgroup, fd, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI));
		for (const id of old) detach(cgroup, id);
	});
}

function detach(cgroup: Fd, id: number): void {
	try {
		withFd(sys.bpf_prog_get_fd_by_id(id), (fd) => sys.bpf_prog_detach(cgroup, fd, BPF_CGROUP_DEVICE));
	} catch (error) {
		// gone in the meantime
		if (!hasCode(error, "ENOENT")) throw error;
	}
}

/** Before Linux 5.11 programs count as locked memory, of which a process has little by default. */
function load(program: ArrayBuffer): Fd {
	try {
		return sys.bpf_prog_load(BPF_PROG_TYPE_CGROUP_DEVICE, program, "MIT");
	} catch (error) {
		if (!hasCode(error, "EPERM")) throw error;
		return loadWithMoreMemory(program, error);
	}
}

function loadWithMoreMemory(program: ArrayBuffer, refusal: unknown): Fd {
	const { soft, hard } = sys.getrlimit(RLIMIT_MEMLOCK);
	if (soft === RLIM_INFINITY) throw refusal;
	try {
		sys.setrlimit(RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY);
	} catch {
		throw refusal;
	}
	try {
		return sys.bpf_prog_load(BPF_PROG_TYPE_CGROUP_DEVICE, program, "MIT");
	} finally {
		sys.setrlimit(RLIMIT_MEMLOCK, soft, hard);
	}
}
