/** Preloaded into a server that runs with --expose-gc: it collects its garbage when it is sent SIGUSR2. */
process.on("SIGUSR2", () => globalThis.gc?.());
