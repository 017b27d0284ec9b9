/** `node:fs` for commander in the binary: it needs the file system only for subcommands that are programs of their own; ours are not. */
export {};
