/**
 * cfmakeraw(3) as arithmetic on termios(3) flags, but for the output: a line still becomes CR LF here, on the terminal
 * that shows it, since the container's own terminal leaves it alone.
 */
import {
	BRKINT,
	CS8,
	CSIZE,
	ECHO,
	ECHONL,
	ICANON,
	ICRNL,
	IEXTEN,
	IGNBRK,
	IGNCR,
	INLCR,
	ISIG,
	ISTRIP,
	IXON,
	OPOST,
	PARENB,
	PARMRK,
} from "../sys/constants.js";
import type { Termios } from "../sys/door.js";

export function rawTermios(termios: Termios): Termios {
	return {
		iflag: termios.iflag & ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON),
		oflag: termios.oflag | OPOST,
		lflag: termios.lflag & ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN),
		cflag: (termios.cflag & ~(CSIZE | PARENB)) | CS8,
		cc: termios.cc,
	};
}
