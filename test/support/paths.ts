/** Where the tests find what they drive: the runtime, the helpers that setup.ts builds, and the root filesystem. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The CRIU that scripts/setup.mjs --peers unpacks: comes first in the tests' PATH. */
export const criuFolder = join(repository, "build/criu/bin");

/** Everything that setup.ts makes. */
export const built = join(repository, "build/test");

/** Static program that runs inside containers (test/probe/probe.c). */
export const probe = join(built, "probe");

/** Static program that has a terminal or a console socket on the host's side (test/probe/pty.c). */
export const pty = join(built, "pty");

/** Static program that kills another, or makes it fail, at a chosen system call (test/probe/stop-at.c). */
export const stopAt = join(built, "stop-at");

/** Root filesystem of busybox and the probe, copied into each test's bundle. */
export const rootfs = join(built, "rootfs");

/** The runtime under test: RUNTIME is a path or a program on the PATH ("runc", "crun"). */
export const runtimeProgram = process.env.RUNTIME ?? join(repository, "dist/tsrun");
