import { expect, it } from "vitest";
import { closeBorder, openBorder } from "../../../src/linux/net-devices.js";
import { CLONE_NEWNET } from "../../../src/sys/constants.js";
import { door } from "../../support/door.js";
import { watchFds } from "../../support/open-fds.js";

/** The namespace in which we are, as setns(2) changes it. */
function namespaces(own: string, pidfd: number, theirs: string): void {
	let here = own;
	door.answer("setns", (fd) => {
		here = fd === pidfd ? theirs : own;
	});
	door.answer("readlinkat", () => here);
}

it("a socket is made on either side, and we are where we were", () => {
	namespaces("net:[1]", 7, "net:[2]");
	const open = watchFds();
	const border = openBorder({ pid: 70, pidfd: 7 });
	expect(border.pid).toBe(70);
	expect([...open]).toEqual([border.here, border.there]);
	expect(door.args("setns").map(([, flags]) => flags)).toEqual([CLONE_NEWNET, CLONE_NEWNET]);
	expect(door.args("setns")[0]?.[0]).toBe(7);
	closeBorder(border);
	expect(open.size).toBe(0);
});

it("the network of the host is no other side", () => {
	namespaces("net:[1]", 7, "net:[1]");
	const open = watchFds();
	expect(() => openBorder({ pid: 70, pidfd: 7 })).toThrow(
		"unable to move network devices into the network namespace of the host",
	);
	expect(open.size).toBe(0);
	expect(door.args("setns")).toHaveLength(2);
});

it("a namespace that may not be entered is told, and nothing stays open", () => {
	door.fail("setns", "EPERM");
	const open = watchFds();
	expect(() => openBorder({ pid: 70, pidfd: 7 })).toThrow(
		"enter the container's network namespace: operation not permitted",
	);
	expect(open.size).toBe(0);
});

it("a socket that cannot be made on the other side leaves us at home", () => {
	namespaces("net:[1]", 7, "net:[2]");
	door.fail("socket", "EMFILE", () => door.args("setns").length > 0);
	const open = watchFds();
	expect(() => openBorder({ pid: 70, pidfd: 7 })).toThrow("too many open files");
	expect(door.args("setns")).toHaveLength(2);
	expect(open.size).toBe(0);
});
