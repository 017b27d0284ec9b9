/** `resources.unified`: files of the v2 cgroup by name (config-linux.md#unified). */
import { hasCode, TsrunError } from "../../../sys/errors.js";
import { controllerOf, whyWithout } from "../explain.js";
import { type Write, writeInOrder } from "../writes.js";

/** One write per line of a value, since the kernel takes one line at a time. @throws config-invalid for a path. */
export function unifiedWrites(unified: Readonly<Record<string, string>>): readonly Write[] {
	return Object.entries(unified).flatMap(([file, value]) => {
		if (file.includes("/")) throw invalid(file, `unified resource "${file}" must be a file name (no slashes)`);
		if (controllerOf(file) === "" || !file.includes(".")) {
			throw invalid(file, `unified resource "${file}" must be in the form CONTROLLER.PARAMETER`);
		}
		const lines = value.split("\n").filter((line) => line !== "");
		return lines.map((line) => ({ file, value: line }));
	});
}

/** The controllers that the files belong to; "cgroup" is the core, always there. */
export function unifiedControllers(unified: Readonly<Record<string, string>>): readonly string[] {
	return [...new Set(Object.keys(unified).map(controllerOf))].filter((controller) => controller !== "cgroup");
}

/** @throws cgroup-failed in the specification's sense when the controller is not there. */
export function writeUnified(directory: string, unified: Readonly<Record<string, string>>): void {
	for (const write of unifiedWrites(unified)) {
		try {
			writeInOrder(directory, [write]);
		} catch (error) {
			throw explain(directory, write.file, error);
		}
	}
}

function explain(directory: string, file: string, error: unknown): unknown {
	if (!(error instanceof TsrunError)) return error;
	const controller = controllerOf(file);
	const hint =
		hasCode(error.details.cause, "ENOENT") && controller !== "cgroup" ? whyWithout(directory, controller) : "";
	if (hint === "") {
		return new TsrunError(error.id, `unable to set unified resource "${file}": ${error.message}`, error.details);
	}
	const message = `invalid configuration: unified resource "${file}" can't be set: controller "${controller}" not available`;
	return new TsrunError("cgroup-failed", message, { ...error.details, hint });
}

function invalid(file: string, message: string): TsrunError {
	return new TsrunError("config-invalid", message, { object: file, jsonPath: "$.linux.resources.unified" });
}
