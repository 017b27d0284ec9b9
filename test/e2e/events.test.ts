/** events: what a container uses and when its memory runs out, as lines of JSON in runc's shape; and the end with the container. */
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { test as base, shell } from "../support/container.js";
import { failed, failureOf } from "../support/failure.js";
import { runtimeIn } from "../support/runtime.js";
import { needs } from "../support/skip.js";
import { awaitStatus } from "../support/status.js";
import type { Watched } from "../support/watched.js";

const MiB = 1 << 20;
const silent = { status: 0, stdout: "", stderr: "" };

const limited = ({ linux }: BaseConfig) => {
	linux.resources = {
		...linux.resources,
		memory: { limit: 32 * MiB, swap: 32 * MiB },
		pids: { limit: 20 },
		cpu: { quota: 50_000, period: 100_000 },
	};
};

interface Event {
	readonly type: string;
	readonly id: string;
	// biome-ignore lint/suspicious/noExplicitAny: the document under test
	readonly data?: any;
}

const events = (text: string): Event[] =>
	text
		.split("\n")
		.slice(0, -1)
		.map((line) => JSON.parse(line));

const test = base.extend("start", ({ runtime, makeBundle, newId }) => (args = ["/probe", "sleep"]) => {
	const id = newId();
	expect(runtime("run", "--detach", "--bundle", makeBundle({ args, patch: limited }), id)).toMatchObject(silent);
	const follow = (): Watched => runtime.start({}, "events", "--interval", "200ms", id);
	const remove = () => expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stderr: "" });
	return { id, follow, remove };
});

const killed = { type: "oom" };

describe("events --stats", () => {
	test("prints one line with use and limits", ({ runtime, start }) => {
		const { id, remove } = start();
		const { status, stdout, stderr } = runtime("events", "--stats", id);
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		expect(events(stdout)).toEqual([
			{
				type: "stats",
				id,
				data: expect.objectContaining({
					cpu: expect.objectContaining({ usage: expect.objectContaining({ total: expect.any(Number) }) }),
					memory: expect.objectContaining({
						usage: expect.objectContaining({ limit: 32 * MiB, usage: expect.any(Number) }),
						swap: expect.objectContaining({ limit: 32 * MiB }),
					}),
					pids: { current: expect.any(Number), limit: 20 },
				}),
			},
		]);
		remove();
	});

	test("has runc's members and no others, of the same kinds", ({ runtime, start, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun", "runc");
		const runc = runtimeIn(folder, "runc");
		const other = newId();
		expect(runc("run", "--detach", "--bundle", makeBundle({ patch: limited }), other).status).toBe(0);
		const theirs = events(runc("events", "--stats", other).stdout)[0]?.data;
		expect(runc("delete", "--force", other).status).toBe(0);
		const { id, remove } = start();
		const ours = events(runtime("events", "--stats", id).stdout)[0]?.data;
		remove();
		// zeros are left out by both, and what is used differs: members that both have are of one kind
		const [left, right] = [kinds(theirs), kinds(ours)];
		for (const [path, kind] of left) if (right.has(path)) expect(right.get(path), path).toBe(kind);
		for (const member of always) expect([left.has(member), right.has(member)], member).toEqual([true, true]);
		expect([...left.keys()].filter((path) => !right.has(path) && !known.test(path))).toEqual([]);
		expect([...right.keys()].filter((path) => !left.has(path) && !known.test(path))).toEqual([]);
	});
});

/** Those that runc prints whatever they hold. */
const always = [
	"cpu.usage.kernel",
	"cpu.usage.user",
	"cpu.throttling",
	"cpuset.cpu_exclusive",
	"cpuset.sched_relax_domain_level",
	"memory.usage.limit",
	"memory.usage.failcnt",
	"memory.swap.limit",
	"memory.kernel.failcnt",
	"memory.kernelTCP.failcnt",
	"blkio",
	"hugetlb",
	"intel_rdt",
	"network_interfaces",
];

/**
 * Pressure is of runc 1.2 and younger, hugetlb of a hybrid's unified half is ours, and the others come and go with use:
 * what is cached, throttled, read from disk, which peaks the kernel knows.
 */
const known =
	/^(?:\w+\.psi|hugetlb\.|memory\.cache|memory\.\w+\.(?:usage|max)$|cpu\.throttling\.|cpu\.usage\.total|blkio\.)/;

/** Members by path with the kind of their value. */
function kinds(value: unknown, path = ""): Map<string, string> {
	const kind = Array.isArray(value) ? "list" : value === null ? "null" : typeof value;
	const own: [string, string][] = path === "" ? [] : [[path, kind]];
	const members = kind === "object" ? Object.entries(value as object) : [];
	const below = members.flatMap(([name, member]) => [...kinds(member, path === "" ? name : `${path}.${name}`)]);
	return new Map([...own, ...below]);
}

describe("events", () => {
	test("prints statistics at the interval, and ends with the container", async ({ runtime, start, skip }) => {
		// runc 1.1 goes on until the container is deleted
		needs(skip, "tsrun");
		const { id, follow, remove } = start();
		const watched = follow();
		await watched.prints(/(?:.*"type":"stats".*\n){2}/);
		expect(runtime("kill", id, "KILL")).toMatchObject(silent);
		const { status, stdout, stderr } = await watched.ended();
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		expect(new Set(events(stdout).map(({ type, id: whose }) => `${type} ${whose}`))).toEqual(new Set([`stats ${id}`]));
		remove();
	});

	test("tells of memory that ran out, and goes on", async ({ runtime, start }) => {
		const { id, follow, remove } = start();
		const watched = follow();
		await watched.prints("stats");
		expect(runtime("exec", id, "/probe", "alloc", String(64 * MiB)).status).toBe(137);
		await watched.prints(`{"type":"oom","id":"${id}"}\n`);
		const before = events(watched.stdout()).length;
		await watched.prints(new RegExp(`(?:.*\n){${before + 1}}`));
		remove();
		const { stdout } = await watched.ended();
		expect(events(stdout).filter(({ type }) => type === "oom")).toEqual([{ ...killed, id }]);
	});

	test("tells of the memory that the container dies of", async ({ runtime, start, skip }) => {
		// runc 1.1 can see the end first
		needs(skip, "tsrun");
		const script = `until [ -e /dev/shm/go ]; do sleep 0.02; done; exec /probe alloc ${64 * MiB}`;
		const { id, follow, remove } = start(shell(script));
		const watched = follow();
		await watched.prints("stats");
		expect(runtime("exec", id, "/bin/touch", "/dev/shm/go")).toMatchObject(silent);
		const { status, stdout, stderr } = await watched.ended();
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		// whoever is killed may take until after the next statistics to end
		expect(events(stdout).filter(({ type }) => type === "oom")).toEqual([{ ...killed, id }]);
		await awaitStatus(runtime, id, "stopped");
		remove();
	});

	test("ends when nobody reads any more", ({ runtime, start, skip }) => {
		// runc writes on until the pipe kills it
		needs(skip, "tsrun");
		const { id, remove } = start();
		const through = ["sh", "-c", '"$0" "$@" | head -n 1'];
		const { status, stdout } = runtime.with({ through }, "events", "--interval", "100ms", id);
		expect({ status, types: events(stdout).map(({ type }) => type) }).toEqual({ status: 0, types: ["stats"] });
		remove();
	});

	test("of a paused container are told", ({ runtime, start }) => {
		const { id, remove } = start();
		expect(runtime("pause", id)).toMatchObject(silent);
		expect(events(runtime("events", "--stats", id).stdout)[0]?.data.pids.current).toBe(1);
		remove();
	});

	test("of a stopped one are refused", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/bin/true"] }), id);
		await awaitStatus(runtime, id, "stopped");
		expect(failureOf(runtime("events", id))).toEqual(failed(`container with id ${id} is not running`));
		runtime("delete", id);
	});

	test("refuse an interval of nothing", ({ runtime, start }) => {
		const { id, remove } = start();
		expect(failureOf(runtime("events", "--interval", "0s", id)).message).toBe(
			"duration interval must be greater than 0",
		);
		expect(runtime("events", "--interval", "soon", id).status).toBe(1);
		remove();
	});
});
