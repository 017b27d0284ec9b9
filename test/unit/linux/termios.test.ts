import { describe, expect, it } from "vitest";
import { rawTermios } from "../../../src/linux/termios.js";
import { CS8, ECHO, ICANON, ICRNL, IEXTEN, ISIG, IXON, ONLCR, OPOST, PARENB } from "../../../src/sys/constants.js";

describe("the raw mode of the caller's terminal", () => {
	const cc = new ArrayBuffer(19);
	const raw = rawTermios({
		iflag: ICRNL | IXON,
		oflag: OPOST | ONLCR,
		lflag: ECHO | ICANON | ISIG | IEXTEN,
		cflag: PARENB,
		cc,
	});

	it("hands keys on as they are: no echo, no lines, no signals", () => {
		expect(raw).toMatchObject({ iflag: 0, lflag: 0, cflag: CS8 });
	});

	it("still turns a line feed into CR LF, which the container's terminal leaves to it", () => {
		expect(raw.oflag).toBe(OPOST | ONLCR);
	});

	it("keeps the control characters", () => {
		expect(raw.cc).toBe(cc);
	});
});
