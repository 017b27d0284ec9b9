/** `node:process` for commander in the binary: where it would complain of us, and no environment that could sway it. */
import { writeText } from "../output.js";

export const env: Readonly<Record<string, string | undefined>> = {};

export const stdout = { isTTY: false, write: (text: string) => writeText(1, text) };

export const stderr = { isTTY: false, write: (text: string) => writeText(2, text) };
