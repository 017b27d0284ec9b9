/** list and ps: what scripts cut out of their tables, and their JSON. */
import { describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { failed, failureOf } from "../support/failure.js";
import { needs } from "../support/skip.js";
import { awaitStatus, stateOf } from "../support/status.js";

describe("list", () => {
	test("shows a table as wide as its cells", ({ runtime, makeBundle, newId }) => {
		const [id, bundle] = [newId(), makeBundle()];
		runtime("create", "--bundle", bundle, id);
		const { pid, created } = stateOf(runtime, id);
		const { status, stdout, stderr } = runtime("list");
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		const cells: (readonly [title: string, cell: string])[] = [
			["ID", id],
			["PID", String(pid)],
			["STATUS", "created"],
			["BUNDLE", bundle],
			["CREATED", created],
		];
		const width = ([title, cell]: readonly [string, string]) => Math.max(title.length + 3, cell.length + 3, 12);
		const row = (pick: 0 | 1) => cells.map((pair) => pair[pick].padEnd(width(pair))).join("");
		expect(stdout).toBe(`${row(0)}OWNER\n${row(1)}root\n`);
		runtime("delete", "--force", id);
	});

	test("shows as JSON what state says, with the owner's name", ({ runtime, makeBundle, newId }) => {
		const [one, two] = [newId(), newId()];
		const bundle = makeBundle();
		runtime("create", "--bundle", bundle, one);
		runtime("run", "--detach", "--bundle", bundle, two);
		const states = [one, two].map((id) => ({ ...stateOf(runtime, id), owner: "root" }));
		const { stdout } = runtime("list", "--format", "json");
		expect(JSON.parse(stdout)).toEqual(states);
		expect(stdout).toMatch(/^\[\{"ociVersion":".*\}\]\n?$/);
		for (const id of [one, two]) runtime("delete", "--force", id);
	});

	test("shows the ids alone with -q, sorted", ({ runtime, makeBundle, newId }) => {
		const ids = [newId(), newId(), newId()];
		const bundle = makeBundle();
		for (const id of [...ids].reverse()) runtime("create", "--bundle", bundle, id);
		expect(runtime("list", "-q")).toMatchObject({ status: 0, stdout: ids.map((id) => `${id}\n`).join("") });
		for (const id of ids) runtime("delete", "--force", id);
	});

	test("shows an empty root as titles alone, or null", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		runtime("delete", "--force", id);
		expect(runtime("list").stdout).toBe("ID          PID         STATUS      BUNDLE      CREATED     OWNER\n");
		expect(runtime("list", "--format", "json").stdout.trim()).toBe("null");
		expect(runtime("list", "--quiet").stdout).toBe("");
	});

	test("refuses a root that is not there and was asked for", ({ runtime, skip }) => {
		needs(skip, "tsrun"); // runc 1.1 shows an empty list
		expect(failureOf(runtime("list"))).toEqual(failed(expect.stringMatching(/state.*: no such file or directory$/)));
	});

	test("refuses a format that it does not know", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		expect(failureOf(runtime("list", "--format", "yaml"))).toEqual(failed("invalid format option"));
		runtime("delete", "--force", id);
	});
});

describe("ps", () => {
	test("shows as JSON every process of the cgroup with its pid on the host", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "sleep"] }), id);
		runtime("exec", "--detach", id, "/probe", "sleep");
		const { status, stdout, stderr } = runtime("ps", "--format", "json", id);
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		expect(stdout).toMatch(/^\[\d+,\d+\]\n?$/);
		expect(JSON.parse(stdout)).toContain(stateOf(runtime, id).pid);
		runtime("delete", "--force", id);
	});

	test("shows ps -ef, cut down to the container", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "sleep"] }), id);
		const lines = runtime("ps", id).stdout.trimEnd().split("\n");
		expect(lines.length).toBe(2);
		expect(lines[0]).toMatch(/^UID +PID +PPID +C +STIME +TTY +TIME +CMD$/);
		expect(lines[1]).toMatch(new RegExp(`^root +${stateOf(runtime, id).pid} .* /probe sleep$`));
		runtime("delete", "--force", id);
	});

	test("hands what follows the id to ps(1)", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "sleep"] }), id);
		const { pid } = stateOf(runtime, id);
		const { stdout } = runtime("ps", id, "-e", "-o", "pid,args");
		expect(stdout).toMatch(new RegExp(`^ *PID COMMAND\n *${pid} /probe sleep\n$`));
		expect(failureOf(runtime("ps", id, "-o", "args"))).toEqual(failed("couldn't find PID field in ps output"));
		runtime("delete", "--force", id);
	});

	test("shows null for a stopped container", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/bin/true"] }), id);
		await awaitStatus(runtime, id, "stopped");
		expect(runtime("ps", "--format", "json", id)).toMatchObject({ status: 0, stderr: "" });
		expect(runtime("ps", "-f", "json", id).stdout.trim()).toBe("null");
		runtime("delete", id);
	});

	test("refuses an unknown container", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		expect(failureOf(runtime("ps", newId()))).toEqual(failed("container does not exist"));
		runtime("delete", "--force", id);
	});

	test("needs no PATH for --format json", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // in passing: tsrun finds ps(1) without it as well
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const env = { PATH: undefined };
		expect(runtime.with({ env }, "ps", "--format", "json", id).stdout).toBe(`[${stateOf(runtime, id).pid}]\n`);
		expect(runtime.with({ env }, "ps", id)).toMatchObject({ status: 0, stderr: "" });
		runtime("delete", "--force", id);
	});
});
