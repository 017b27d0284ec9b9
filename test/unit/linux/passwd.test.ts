import { expect, it } from "vitest";
import { homeDirectory } from "../../../src/linux/passwd.js";

const passwd = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
1000:x:500:500::/home/named-1000:/bin/sh
app:x:1000:1000:App,,,:/srv/app:/bin/sh
twin:x:1000:1000::/srv/twin:/bin/sh
broken:x:7
homeless:x:8:8:::/bin/sh
short:x:9:9:x:/short`;

it.each([
	[0, "/root"],
	[1, "/usr/sbin"],
	[9, "/short"],
])("uid %i lives in %s", (uid, home) => {
	expect(homeDirectory(passwd, uid)).toBe(home);
});

it("the first entry of a uid counts", () => {
	expect(homeDirectory(passwd, 1000)).toBe("/srv/app");
});

it("a number in the name is not a uid", () => {
	expect(homeDirectory(passwd, 500)).toBe("/home/named-1000");
});

it.each([7, 8, 12345])("uid %i has no home: cut short, empty or missing", (uid) => {
	expect(homeDirectory(passwd, uid)).toBeUndefined();
});

it("an empty file has no homes", () => {
	expect(homeDirectory("", 0)).toBeUndefined();
});
