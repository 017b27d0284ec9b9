/**
 * No path below a container's root filesystem is given to the kernel as a string: links in it lead the caller out, and
 * what was checked is not what is used (most CVEs of the field are this one). Every call that takes
 * a path is looked at, by what its path is. Pure: sources in, findings out.
 *
 * - "" and "." are the descriptor itself. An absolute constant names a file of the host, or after pivot_root of the container.
 * - A name relative to a descriptor is one component whose link is not followed; only safe-path.ts resolves more.
 * - Any other path is a variable. The table below says of each file whose paths those are; a new file has to say it too.
 */
import { argumentsAt, lineOf, withoutComments } from "./code.mjs";

/** Files and folders that give variables as paths, and what they lead to: never to something below the root. */
const paths = {
	"src/cli/": "files of the caller",
	"src/sys/files.ts": "its callers are looked at",
	"src/sys/trace.ts": "the trace file",
	"src/runtime/bundle.ts": "the bundle, and the root filesystem's own directory",
	"src/runtime/doctor/": "files of the host",
	"src/runtime/experiment/workplace.ts": "a bundle of our own, and the root filesystem's own directory",
	"src/runtime/history/": "the state directory, and the root of all of them",
	"src/runtime/explain/": "the bundle; other files are only looked at, through no link, and nothing is done with them",
	"src/runtime/hooks/run.ts": 'the bundle as the directory of hooks, "/" for those in the container',
	"src/runtime/init/identity.ts": "inside: process.cwd",
	"src/runtime/init/start-socket.ts": "the socket in the state directory",
	"src/runtime/lifecycle/checkpoint.ts": "namespaces, and the directory of an earlier checkpoint",
	"src/runtime/lifecycle/checkpoint-files.ts": "the caller's directories for images and logs",
	"src/runtime/lifecycle/container-cgroup.ts": "cgroups",
	"src/runtime/lifecycle/delete.ts": "the state directory and the bundle",
	"src/runtime/lifecycle/exec.ts": "the process file of the caller",
	"src/runtime/lifecycle/launch.ts": "the state directory",
	"src/runtime/lifecycle/restore.ts": "the state directory",
	"src/runtime/lifecycle/restored-mounts.ts": "the root filesystem's own directory, and the state directory",
	"src/runtime/lifecycle/spawn-init.ts": "/proc/PID/oom_score_adj",
	"src/runtime/lifecycle/update.ts": "the state directory",
	"src/runtime/pods/pause-bundle.ts": "a bundle of our own",
	"src/runtime/process/criu.ts": "CRIU's log in the caller's directory",
	"src/runtime/process/hand-over.ts": "the console socket",
	"src/runtime/process/helper.ts": "programs of the host",
	"src/runtime/process/notify.ts": "the socket in the state directory, and the service manager's",
	"src/runtime/process/pid-file.ts": "the pid file",
	"src/runtime/process/seccomp-agent.ts": "linux.seccomp.listenerPath",
	"src/runtime/state/": "the state directory",
	"src/linux/bind-mounts.ts": "sources of bind mounts, of the host",
	"src/linux/cgroups/": "cgroups",
	"src/linux/classic-mount.ts": "sources of bind mounts, and descriptors as /proc/self/fd/N",
	"src/linux/detached-mount.ts": "sources of bind mounts",
	"src/linux/mapped-mounts.ts": "namespaces",
	"src/linux/namespaces.ts": "namespaces",
	"src/linux/process-signals.ts": "/proc/PID",
	"src/linux/proc-file.ts": "below a procfs, through no link and onto no other mount",
	"src/linux/net-devices.ts": "namespaces",
	"src/linux/own-program.ts": "the root filesystem's own directory, a file on a tmpfs of our own, and its descriptor",
	"src/linux/program.ts": "inside: the program of the process",
	"src/linux/resctrl/": "resctrl groups",
	"src/linux/rootfs.ts": "the root filesystem's own directory, and mounts of the host",
	"src/linux/safe-path.ts": "the one that resolves",
	"src/linux/seccomp/cache.ts": "the filter cache in the state directory",
	"src/linux/systemd/": "sockets of the message bus and of systemd",
};

/** Files that work in the root filesystem by descriptor and single name. */
const names = [
	"src/linux/cgroup-mount.ts",
	"src/linux/copy-up.ts",
	"src/linux/devices.ts",
	"src/linux/filesystem-mounts.ts",
	"src/linux/proc-file.ts",
	"src/linux/safe-path.ts",
];

/** What keeps the kernel from following a link in the last component; the other calls never do. */
const withoutFollowing = {
	openat: /\bO_NOFOLLOW\b|\bO_EXCL\b/,
	openat2: /\bresolve\b|\bRESOLVE_IN_ROOT\b/,
	fstatat: /\bAT_SYMLINK_NOFOLLOW\b/,
	fchownat: /\bAT_SYMLINK_NOFOLLOW\b/,
	statx_mount_id: /\bAT_SYMLINK_NOFOLLOW\b/,
	faccessat2: null,
	open_tree: null,
	fspick: null,
	mount_setattr: null,
	move_mount: null,
};

const pathParameters = ["path", "target", "source", "from", "to", "newRoot", "putOld"];

/** The text that a symbolic link will have is no path yet. */
const notPaths = ["symlinkat.target"];

/**
 * @typedef {{ readonly path: number, readonly directory: number | null }} PathArgument
 * @typedef {{ readonly file: string, readonly text: string }} Source
 */

/**
 * @param {readonly Source[]} sources of src/, the door's interface among them
 * @returns {import("./layers.mjs").Finding[]}
 */
export function rootPathFindings(sources) {
	const textOf = (/** @type {string} */ name) => sources.find(({ file }) => file === name)?.text ?? "";
	const takers = new Map([
		...signatures(textOf("src/sys/door.ts"), /^\t(\w+)\(/gm, "sys."),
		...signatures(textOf("src/sys/files.ts"), /^export function (\w+)\(/gm, ""),
	]);
	return sources.flatMap(({ file, text }) => {
		const code = withoutComments(text);
		return [...callFindings(file, code, takers), ...derivedFindings(code)].map(({ index, rule }) => ({
			file,
			line: lineOf(text, index),
			rule,
		}));
	});
}

/**
 * Rows of the table that no file needs any more, and which would let the next one pass unseen.
 *
 * @param {readonly Source[]} sources all of src/
 */
export function staleRows(sources) {
	const without = (/** @type {string} */ place) => {
		const covered = sources.filter(({ file }) => file === place || file.startsWith(place));
		const door = sources.filter(({ file }) => file.startsWith("src/sys/"));
		const renamed = covered.map(({ file, text }) => ({ file: `elsewhere/${file}`, text }));
		return rootPathFindings([...door, ...renamed]).some(({ file }) => file.startsWith("elsewhere/"));
	};
	return [...Object.keys(paths), ...names]
		.filter((place) => !without(place))
		.map((place) => ({ file: "scripts/checks/root-paths.mjs", line: 1, rule: `nothing in ${place} needs its row` }));
}

/**
 * Functions that take a path: which arguments they are, and which is the directory that each is relative to.
 *
 * @param {string} text
 * @param {RegExp} heads
 * @param {string} prefix
 * @returns {(readonly [name: string, found: readonly PathArgument[]])[]}
 */
function signatures(text, heads, prefix) {
	const code = withoutComments(text);
	return [...code.matchAll(heads)].flatMap((head) => {
		const parameters = argumentsAt(code, head.index + head[0].length).filter(Boolean);
		const name = (/** @type {string | undefined} */ parameter) => /^\w+/.exec(parameter ?? "")?.[0] ?? "";
		const found = parameters.flatMap((parameter, index) => {
			const isPath = /:\s*string\b/.test(parameter) && pathParameters.includes(name(parameter));
			if (!isPath || notPaths.includes(`${head[1]}.${name(parameter)}`)) return [];
			return [{ path: index, directory: /[dD]ir(fd)?$/.test(name(parameters[index - 1])) ? index - 1 : null }];
		});
		return found.length === 0 ? [] : [[`${prefix}${head[1]}`, found]];
	});
}

/**
 * @param {string} file
 * @param {string} code
 * @param {ReadonlyMap<string, readonly PathArgument[]>} takers
 */
function callFindings(file, code, takers) {
	return [...code.matchAll(/(?<![\w.])(?:sys\.)?\w+(?=\()/g)].flatMap(({ 0: name, index }) => {
		if (/function\s+$/.test(code.slice(0, index))) return [];
		const given = argumentsAt(code, index + name.length + 1);
		const rules = (takers.get(name) ?? []).map((argument) => ruleOf(file, name, given, argument));
		return rules.flatMap((rule) => (rule === null ? [] : [{ index, rule: `${rule}: ${name}(${given.join(", ")})` }]));
	});
}

/**
 * @param {string} file
 * @param {string} call
 * @param {readonly string[]} given
 * @param {PathArgument} argument
 */
function ruleOf(file, call, given, argument) {
	const path = given[argument.path] ?? "";
	const directory = argument.directory === null ? "AT_FDCWD" : given[argument.directory];
	if (directory === "AT_FDCWD" ? isConstant(path) : /^"\.?"$/.test(path)) return null;
	if (directory !== "AT_FDCWD" && names.includes(file)) {
		const guard = withoutFollowing[call.replace("sys.", "")];
		if (guard === undefined || guard?.test(given.join())) return null;
		return "in the root filesystem a name is given with O_NOFOLLOW or AT_SYMLINK_NOFOLLOW, or safe-path.ts resolves it";
	}
	if (Object.keys(paths).some((place) => file === place || (place.endsWith("/") && file.startsWith(place))))
		return null;
	return "a path in the root filesystem is resolved by safe-path.ts; of another, scripts/checks/root-paths.mjs must say whose it is";
}

/**
 * Written down here, whole or as a place of the kernel's own file systems. What follows on another's root, directory or
 * descriptor (`/proc/self/fd/${root}/etc`) is a path below it.
 *
 * @param {string} path
 */
function isConstant(path) {
	if (path === "null" || /^"[^"]*"$/.test(path)) return true;
	return /^`\/(?:proc|sys)\/[^`]*`$/.test(path) && !/\/(?:root|cwd|fd\/\$\{[^}]*\})\/./.test(path);
}

/**
 * The root filesystem's directory as the beginning of another path.
 *
 * @param {string} code
 */
function derivedFindings(code) {
	const derived = /\$\{[^}]*\brootfs\b[^}]*\}\/|\brootfs\s*\+|\bconcat\([^)]*\brootfs\b/g;
	return [...code.matchAll(derived)].map(({ index }) => ({
		index,
		rule: "no path is made of the root filesystem's: open it once, and let safe-path.ts resolve what is below",
	}));
}
