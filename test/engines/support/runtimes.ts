/** The runtimes that engines are given, by the names that they know them by. */
import { runtimeProgram } from "../../support/paths.js";

export const runtimes = { tsrun: runtimeProgram, runc: "/usr/sbin/runc" } as const;

export type RuntimeName = keyof typeof runtimes;

/** Programs by name. */
export type Runtimes = Readonly<Record<string, string>>;
