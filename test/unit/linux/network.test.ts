import { expect, it } from "vitest";
import { bringLoopbackUp } from "../../../src/linux/network.js";
import { AF_INET, IFF_UP, SOCK_DGRAM } from "../../../src/sys/constants.js";
import { door } from "../../support/door.js";
import { watchFds } from "../../support/open-fds.js";

it("the loopback interface is brought up, with the flags that it has", () => {
	door.answer("ioctl_get_interface_flags", 8);
	const open = watchFds();
	bringLoopbackUp();
	expect(door.args("socket")).toEqual([[AF_INET, SOCK_DGRAM, 0]]);
	expect(door.args("ioctl_set_interface_flags").map(([, ...rest]) => rest)).toEqual([["lo", 8 | IFF_UP]]);
	expect(open.size).toBe(0);
});

it("an error says what was tried", () => {
	door.fail("ioctl_set_interface_flags", "EPERM");
	const open = watchFds();
	expect(() => bringLoopbackUp()).toThrow("bring the loopback interface up: operation not permitted");
	expect(open.size).toBe(0);
});
