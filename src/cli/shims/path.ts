/** `node:path` for commander in the binary: it needs a path only for subcommands that are programs of their own; ours are not. */
export {};
