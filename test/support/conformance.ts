/**
 * `test` for what the specification asks of any runtime. So nothing here looks at messages, except that an error is told by
 * a status that is not 0, nor at what tsrun has beyond the five operations, unless the requirement is about just that.
 */
import { expect } from "vitest";
import type { Hooks } from "../../src/spec/types.js";
import type { BaseConfig, BundleOptions } from "./bundle.js";
import { test as base } from "./container.js";
import { diaryIn, type HookKind } from "./diary.js";
import type { RunResult } from "./runtime.js";
import { type PrintedState, stateOf } from "./status.js";

export type Patch = (config: BaseConfig) => void;

/** Several patches in the place of one. */
export const all =
	(...patches: readonly Patch[]): Patch =>
	(config) => {
		for (const patch of patches) patch(config);
	};

/** Sets members that the types do not allow. */
export const setting =
	(change: (config: BaseConfig) => object, members: object): Patch =>
	(config) => {
		Object.assign(change(config), members);
	};

export interface Created {
	readonly id: string;
	readonly bundle: string;
	readonly pid: number;
	readonly state: () => PrintedState;
	/** What the container's process has printed so far. */
	readonly printed: () => string;
}

export const test = base
	.extend("diary", ({ folder }) => diaryIn(folder))
	/** A patch that gives hooks, and what they write into at /diary. */
	.extend(
		"withHooks",
		({ diary }) =>
			(hooks: Hooks): Patch =>
			(config) => {
				config.hooks = hooks;
				config.mounts.push({ destination: "/diary", source: diary.directory, options: ["bind"] });
			},
	)
	/** The same with one writing hook of each of these kinds. */
	.extend(
		"withDiary",
		({ diary, withHooks }) =>
			(...kinds: readonly HookKind[]): Patch =>
				withHooks(Object.fromEntries(kinds.map((kind) => [kind, [diary.hook(kind)]]))),
	)
	/** A created container, which is deleted when the test ends. */
	.extend("create", ({ runtime, makeBundle, newId }, { onCleanup }) => {
		const ids: string[] = [];
		onCleanup(() => {
			for (const id of ids.reverse()) runtime("delete", "--force", id);
		});
		return (options: BundleOptions = {}, ...flags: string[]): Created => {
			const [id, bundle] = [newId(), makeBundle(options)];
			ids.push(id);
			const created = runtime("create", "--bundle", bundle, ...flags, id);
			expect(created.status, created.stderr).toBe(0);
			const state = () => stateOf(runtime, id);
			return { id, bundle, pid: state().pid, state, printed: () => created.later().stdout };
		};
	})
	/** The same, started. */
	.extend("start", ({ runtime, create }) => (options: BundleOptions = {}, ...flags: string[]): Created => {
		const container = create(options, ...flags);
		const { status, stderr } = runtime("start", container.id);
		expect(status, stderr).toBe(0);
		return container;
	})
	/** What a program prints, which has to succeed. */
	.extend("output", ({ container }) => (args: readonly string[], patch: Patch = () => {}): string => {
		const { status, stdout, stderr } = container.run({ args, patch });
		expect(status, stderr).toBe(0);
		return stdout;
	})
	/** What the probe sees. */
	.extend(
		"look",
		({ output }) =>
			(what: readonly string[], patch?: Patch) =>
				JSON.parse(output(["/probe", ...what], patch)),
	)
	/** Expects that `create` is an error, and that there is no container after it. */
	.extend("refuse", ({ runtime, makeBundle, newId }, { onCleanup }) => {
		const ids: string[] = [];
		onCleanup(() => {
			for (const id of ids) runtime("delete", "--force", id);
		});
		return (options: BundleOptions | Patch, ...flags: string[]): RunResult => {
			const id = newId();
			ids.push(id);
			const bundle = makeBundle(typeof options === "function" ? { patch: options } : options);
			const created = runtime("create", "--bundle", bundle, ...flags, id);
			expect(created.status, "create must fail").not.toBe(0);
			expect(runtime("state", id).status, "there must be no container").not.toBe(0);
			return created;
		};
	});
