/** `node:child_process` for commander in the binary: it needs a child process only for subcommands that are programs of their own; ours are not. */
export {};
