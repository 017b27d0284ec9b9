/**
 * Intel RDT (config-linux.md#intelrdt): a container's share of caches and memory bandwidth is a directory of the resctrl
 * file system. Its control group says what its tasks get, a monitoring group below it counts what they use.
 */
import type { IntelRdt } from "../../spec/types.js";
import { AT_FDCWD, AT_REMOVEDIR } from "../../sys/constants.js";
import { attempt, errnoText, failure, hasCode, isSysError, TsrunError } from "../../sys/errors.js";
import { readFile, writeFileAt } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { readMountinfo } from "../mountinfo.js";
import { comparedLines, firstDifference, linesToWrite, schemataLines } from "./schemata.js";

const stage = "resctrl";
const jsonPath = "$.linux.intelRdt";

/** Where a container's tasks are; kept as long as it exists. */
export interface ResctrlGroups {
	/** The mounted file system. */
	readonly root: string;
	/** The control group's directory. */
	readonly control: string;
	/** The monitoring group's, with enableMonitoring. */
	readonly monitor: string | null;
	/** Directories that go with the container, each after what is in it. */
	readonly own: readonly string[];
}

/** What has to be made, before anything is. */
export interface ResctrlPlan extends ResctrlGroups {
	readonly rdt: IntelRdt;
	/** The control group is there: somebody else's, or an administrator's. */
	readonly exists: boolean;
}

/** What is to be removed of a container that was never completed. */
export type MadeGroups = Pick<ResctrlPlan, "control" | "monitor" | "exists">;

type AddUndo = (what: string, step: () => void) => void;

/** @throws TsrunError config-unsupported without resctrl, resctrl-failed for a class of service that is not there. */
export function planResctrl(rdt: IntelRdt, id: string): ResctrlPlan {
	const root = findResctrl();
	const { closID, enableMonitoring = false } = rdt;
	const control = closID === "/" ? root : `${root}/${closID || id}`;
	const exists = isThere(control);
	if (closID && !exists && schemataLines(rdt).length === 0) {
		throw new TsrunError(
			"resctrl-failed",
			`there is no class of service ${JSON.stringify(closID)}, and nothing to make one of`,
			{
				stage,
				object: control,
				jsonPath: `${jsonPath}.closID`,
				hint: "make the directory beforehand, or give schemata for a new one",
			},
		);
	}
	const monitor = enableMonitoring ? `${control}/mon_groups/${id}` : null;
	const own = [...(monitor === null ? [] : [monitor]), ...(closID || exists ? [] : [control])];
	return { root, control, monitor, own, rdt, exists };
}

function findResctrl(): string {
	const mounted = readMountinfo().find(({ type, root }) => type === "resctrl" && root === "/");
	if (mounted) return mounted.point;
	throw new TsrunError("config-unsupported", "Intel RDT is asked for, but no resctrl file system is mounted", {
		stage,
		jsonPath,
		hint: "where CPU and kernel have it: mount -t resctrl resctrl /sys/fs/resctrl",
	});
}

/** Makes the groups and sets the control group's shares. */
export function makeGroups({ root, control, monitor, rdt, exists }: ResctrlPlan, undo: AddUndo): void {
	if (exists) refuseDifferent(control, rdt);
	else {
		makeGroup(control, "no class of service is left: info/*/num_closids says how many there are");
		undo(`remove the resctrl group ${control}`, () => removeIfUnused(control));
	}
	const lines = schemataLines(rdt);
	if (lines.length > 0) setShares(root, control, lines, exists ? undo : undefined);
	if (monitor === null) return;
	makeGroup(monitor, "no monitoring group is left: info/L3_MON/num_rmids says how many there are");
	undo(`remove the monitoring group ${monitor}`, () => removeGroup(monitor));
}

/** Writes each line, told with the kernel's own words when it is refused. With `undo`, the shares come back. */
export function setShares(root: string, control: string, lines: readonly string[], undo?: AddUndo): void {
	const file = `${control}/schemata`;
	if (undo) {
		const before = linesToWrite(
			attempt("resctrl-failed", `read ${file}`, () => readFile(file), { stage, object: file }),
		);
		undo(`restore ${file}`, () => {
			for (const line of before) writeLine(root, file, line);
		});
	}
	for (const line of lines) writeLine(root, file, line);
}

function writeLine(root: string, file: string, line: string): void {
	try {
		writeFileAt(AT_FDCWD, file, `${line}\n`);
	} catch (error) {
		if (!isSysError(error)) throw error;
		const what = `write ${JSON.stringify(line)} to ${file}: ${errnoText(error)}`;
		throw new TsrunError("resctrl-failed", what + kernelsWords(root), {
			stage,
			syscall: error.syscall,
			errno: error.code,
			object: file,
			jsonPath,
			hint: `info/* below ${root} tells what the CPU can do`,
			cause: error,
		});
	}
}

/** The kernel keeps a line about the last command, such as "Mask out of range". */
function kernelsWords(root: string): string {
	try {
		return ` (${readFile(`${root}/info/last_cmd_status`).trim()})`;
	} catch {
		return "";
	}
}

/** Puts a process, and all that it starts, into the groups. The kernel wants the control group first. */
export function joinGroups(
	{ control, monitor }: ResctrlGroups,
	pid: number,
	{ mayHaveEnded = false }: { readonly mayHaveEnded?: boolean } = {},
): void {
	for (const directory of monitor === null ? [control] : [control, monitor]) {
		const file = `${directory}/tasks`;
		try {
			writeFileAt(AT_FDCWD, file, `${pid}\n`);
		} catch (error) {
			if (mayHaveEnded && hasCode(error, "ESRCH")) return;
			throw failure("resctrl-failed", `write ${pid} to ${file}`, error, { stage, object: file });
		}
	}
}

/** What goes with the container. Its processes have ended. */
export function removeGroups({ own }: ResctrlGroups): void {
	own.forEach(removeGroup);
}

/** What a creation that was cut short had made, or was about to make. */
export function removeMadeGroups({ control, monitor, exists }: MadeGroups): void {
	if (monitor !== null) removeGroup(monitor);
	if (!exists) removeIfUnused(control);
}

function refuseDifferent(control: string, rdt: IntelRdt): void {
	const lines = comparedLines(rdt);
	if (lines.length === 0) return;
	const file = `${control}/schemata`;
	const present = attempt("resctrl-failed", `read ${file}`, () => readFile(file), { stage, object: file });
	const different = firstDifference(lines, present);
	if (different === undefined) return;
	throw new TsrunError("resctrl-failed", `${JSON.stringify(different)} is not what ${file} says`, {
		stage,
		object: file,
		jsonPath,
		hint: `the class of service is there already; it has ${linesToWrite(present).join(", ")}`,
	});
}

function makeGroup(path: string, whenFull: string): void {
	try {
		sys.mkdirat(AT_FDCWD, path, 0o755);
	} catch (error) {
		const hint = hasCode(error, "ENOSPC") ? whenFull : "the kernel or the CPU may lack this part of RDT";
		throw failure("resctrl-failed", `make the resctrl group ${path}`, error, { stage, object: path, jsonPath, hint });
	}
}

/** A class of service may have been taken up by others since it was made. */
function removeIfUnused(path: string): void {
	if (isThere(path) && readFile(`${path}/tasks`).trim() === "") removeGroup(path);
}

function removeGroup(path: string): void {
	try {
		sys.unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
	} catch (error) {
		if (hasCode(error, "ENOENT")) return;
		throw failure("resctrl-failed", `remove the resctrl group ${path}`, error, { stage, object: path });
	}
}

function isThere(path: string): boolean {
	try {
		sys.fstatat(AT_FDCWD, path, 0);
		return true;
	} catch (error) {
		if (hasCode(error, "ENOENT")) return false;
		throw failure("resctrl-failed", `look at ${path}`, error, { stage, object: path });
	}
}
