import { beforeEach, describe, expect, it, vi } from "vitest";
import { execInContainer } from "../../../../src/runtime/lifecycle/exec.js";
import { door } from "../../../support/door.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/lifecycle/exec.js", () => ({ execInContainer: vi.fn(() => 0) }));

beforeEach(() => vi.clearAllMocks());

async function optionsOf(line: string) {
	expect((await call(line)).status).toBe(0);
	return vi.mocked(execInContainer).mock.lastCall?.[2];
}

describe("exec", () => {
	it("takes everything from the container unless told otherwise", async () => {
		expect(await optionsOf("exec c1 ls -l")).toEqual({
			processFile: undefined,
			args: ["ls", "-l"],
			cwd: undefined,
			env: [],
			tty: false,
			user: undefined,
			additionalGids: [],
			detach: false,
			pidFile: undefined,
			consoleSocket: undefined,
			pidfdSocket: undefined,
			processLabel: undefined,
			apparmor: undefined,
			noNewPrivileges: undefined,
			capabilities: [],
			preserveFds: 0,
			cgroups: [],
			ignorePaused: false,
		});
	});

	it("takes every flag", async () => {
		const flags = [
			"--console-socket s --pidfd-socket q --cwd /w -e A=1 --env B=2=3 -t -u 1000:100 -g 5 --additional-gids 6 -d",
			"--pid-file /p --process-label l --apparmor a --no-new-privs -c CAP_KILL --cap CAP_CHOWN --preserve-fds 1",
			"--cgroup /sub --cgroup cpu,memory:/x --ignore-paused",
		].join(" ");
		expect(await optionsOf(`exec ${flags} c1 id`)).toEqual({
			processFile: undefined,
			args: ["id"],
			cwd: "/w",
			env: ["A=1", "B=2=3"],
			tty: true,
			user: { uid: 1000, gid: 100 },
			additionalGids: [5, 6],
			detach: true,
			pidFile: "/p",
			consoleSocket: "s",
			pidfdSocket: "q",
			processLabel: "l",
			apparmor: "a",
			noNewPrivileges: true,
			capabilities: ["CAP_KILL", "CAP_CHOWN"],
			preserveFds: 1,
			cgroups: ["/sub", "cpu,memory:/x"],
			ignorePaused: true,
		});
	});

	it("takes a process file, as shim and conmon give it", async () => {
		const line = "exec --process /dev/fd/7 --console-socket /s --detach --pid-file /p c1";
		expect(await optionsOf(line)).toMatchObject({ processFile: "/dev/fd/7", detach: true, args: [] });
		expect(await optionsOf("exec -p f c1")).toMatchObject({ processFile: "f" });
	});

	it("lets a -- stand before the command, and only there", async () => {
		expect(await optionsOf("exec c1 -- ls -- -l")).toMatchObject({ args: ["ls", "--", "-l"] });
		expect(await optionsOf("exec -- c1 ls")).toMatchObject({ args: ["ls"] });
	});

	it("tells new privileges allowed from nothing said", async () => {
		expect(await optionsOf("exec --no-new-privs=false c1 ls")).toMatchObject({ noNewPrivileges: false });
	});

	it("takes a user without a group", async () => {
		expect(await optionsOf("exec -u 7 c1 ls")).toMatchObject({ user: { uid: 7, gid: undefined } });
	});

	it("fails with 255 for a user that is no number", async () => {
		for (const user of ["root", "1:wheel", "1:2:3", ":1", "-1"]) {
			door.reset();
			const { status, stdout, stderr } = await call(`exec --user=${user} c1 ls`);
			expect({ status, stdout }).toEqual({ status: 255, stdout: "" });
			expect(stderr).toBe(`exec failed: invalid user "${user}": it is uid or uid:gid, in numbers\n`);
		}
	});

	it("ends with the program's status", async () => {
		vi.mocked(execInContainer).mockReturnValueOnce(3);
		expect((await call("exec c1 false")).status).toBe(3);
	});
});
