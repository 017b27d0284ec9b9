/** Who called tsrun: for the history, when somebody asks later who it was that asked. */
import { AT_FDCWD } from "../../sys/constants.js";
import { environmentValue } from "../../sys/environment.js";
import { isSysError } from "../../sys/errors.js";
import { readFileAt } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import type { Actor } from "./life.js";

export function actor(): Actor {
	const parent = sys.getppid();
	const sudo = environmentValue("SUDO_USER");
	const behind = sudo === "" ? "" : `${sudo}, through sudo, from `;
	return { uid: sys.getuid(), by: `${behind}${nameOf(parent)} (${parent})` };
}

/** A parent outside our pid namespace has the number 0, and no name. */
function nameOf(pid: number): string {
	try {
		return readFileAt(AT_FDCWD, `/proc/${pid}/comm`).trim();
	} catch (error) {
		if (isSysError(error)) return "a process";
		throw error;
	}
}
