/**
 * User-mode Linux: a kernel that is a process of this host. Programs run at the host's speed, system calls and forks much
 * slower. One CPU; controllers cpu, io, memory and pids; no CRIU, no pressure files, no time namespaces.
 */
export const needed = {
	"/usr/bin/linux.uml": "user-mode-linux",
	"/bin/busybox": "busybox-static",
};

/** Where the machine finds the modules of its kernel. */
export const modules = "/usr/lib/uml/modules";

export const tries = 1;

/** @returns {string[]} */
export function command(/** @type {string} */ folder, /** @type {string} */ kernel) {
	return [
		"linux.uml",
		"mem=2048M",
		"rootfstype=hostfs",
		"rootflags=/",
		"rw",
		`init=${folder}/init.sh`,
		`VM_JOB=${folder}`,
		`uml_dir=${folder}/`,
		"umid=vm",
		`ubd0=${folder}/disk`,
		"con=null",
		"con0=null,fd:1",
		"ssl=null",
		"quiet",
		"lsm=yama,apparmor,bpf",
		...kernel.split(" ").filter(Boolean),
	];
}
