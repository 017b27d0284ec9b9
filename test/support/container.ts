/**
 * `test` with a container that runs to its end in one line: most tests look at what its program prints.
 *
 * ```ts
 * test("the hostname is the configuration's", ({ container }) => {
 *   expect(container.output({ args: ["/bin/hostname"] })).toBe("container\n");
 * });
 * ```
 */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { expect } from "vitest";
import type { BaseConfig, BundleOptions } from "./bundle.js";
import { test as base } from "./e2e.js";
import { failureOf } from "./failure.js";
import type { RunResult } from "./runtime.js";

export interface Container {
	/** `run` of a new bundle, however it ends. */
	readonly run: (options: BundleOptions) => RunResult;
	/** What the program prints: it must succeed, and the runtime must say nothing. */
	readonly output: (options: BundleOptions) => string;
	/** What the runtime says when it refuses to make the container: status 1, and nothing has run. */
	readonly refusal: (options: BundleOptions) => string;
}

/** How mount_namespaces(7) lets mounts of the host reach others. */
type Propagation = "private" | "shared";

/** Makes a tmpfs on the host, at a new directory of the test's folder; it is gone when the test ends. */
export type MountOnHost = (directory: string, options?: readonly string[], propagation?: Propagation) => void;

export const test = base
	.extend("container", ({ runtime, makeBundle, newId }): Container => {
		const run = (options: BundleOptions) => runtime("run", "--bundle", makeBundle(options), newId());
		return {
			run,
			output: (options) => {
				const result = run(options);
				expect(result).toMatchObject({ status: 0, stderr: "" });
				return result.stdout;
			},
			refusal: (options) => {
				const { status, stdout, message } = failureOf(run(options));
				expect({ status, stdout, message }).toEqual({ status: 1, stdout: "", message: expect.stringMatching(/./) });
				return message;
			},
		};
	})
	.extend("mountOnHost", async ({ folder }, { onCleanup }): Promise<MountOnHost> => {
		const made: string[] = [];
		onCleanup(() => {
			for (const directory of made.reverse()) execFileSync("umount", ["--lazy", directory]);
		});
		return (directory, options = [], propagation = "private") => {
			if (!directory.startsWith(`${folder}/`)) throw new Error(`${directory} is not in the test's folder`);
			mkdirSync(directory, { recursive: true });
			execFileSync("mount", ["-t", "tmpfs", "-o", ["size=1m", ...options].join(","), "tmpfs", directory]);
			made.push(directory);
			execFileSync("mount", [`--make-${propagation}`, directory]);
		};
	});

type Mounts = BaseConfig["mounts"];

/** A patch that adds mounts after the default ones. */
export const withMounts =
	(...mounts: Mounts) =>
	(config: BaseConfig): void => {
		config.mounts.push(...mounts);
	};

/** A patch that lets the program mount, in a file system that it may write to. */
export const asAdministrator = ({ process: { capabilities }, root, linux }: BaseConfig): void => {
	for (const set of ["bounding", "effective", "permitted"] as const) capabilities[set]?.push("CAP_SYS_ADMIN");
	root.readonly = false;
	linux.maskedPaths = [];
	linux.readonlyPaths = [];
};

/** A program of the container's shell. */
export const shell = (script: string): string[] => ["/bin/sh", "-ec", script];
