import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Debian enables and starts the services of a package: policy-rc.d keeps them from starting now, and
 * `systemctl disable` from starting at the next boot.
 */
const install = `
set -e
export DEBIAN_FRONTEND=noninteractive
if [ ! -e /usr/sbin/policy-rc.d ]; then
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
fi
apt-get -q update
apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@"
if command -v systemctl >/dev/null; then
  for package in "$@"; do systemctl disable "$package" >/dev/null 2>&1 || true; done
fi
`;

export type Need = {
  /** What the tests need it for and how else to get it, for whoever reads the error. */
  why: string;
  /** Debian's packages that bring it. */
  packages: readonly string[];
  /** What brings it with Homebrew, where something does. */
  brew?: string;
  isThere: () => Promise<boolean>;
};

/**
 * Installs what is missing: with apt-get, as root or with sudo that asks nothing, or with brew.
 * @throws with what to do where it cannot be had
 */
export const ensureInstalled = async (need: Need): Promise<void> => {
  const { why, isThere } = need;
  if (await isThere()) return;
  const [command, ...args] = await findInstaller(need);
  if (command === undefined) throw new Error(why);
  const wanted = args.includes(install) ? need.packages.join(", ") : (need.brew ?? "");
  process.stderr.write(`Installing ${wanted}.\n`);
  await run(command, args, { maxBuffer: 64_000_000 }).catch((cause: unknown) => {
    throw new Error(`Installing ${wanted} failed. ${why}`, { cause });
  });
  if (!(await isThere())) throw new Error(why);
};

const findInstaller = async ({ packages, brew }: Need): Promise<string[]> => {
  if (await works("apt-get", "--version")) {
    const script = ["sh", "-c", install, "sh", ...packages];
    if (process.getuid?.() === 0) return script;
    if (await works("sudo", "-n", "true")) return ["sudo", "-n", ...script];
  }
  return brew !== undefined && (await works("brew", "--version")) ? ["brew", "install", brew] : [];
};

/** True when a command runs and ends well. */
export const works = (command: string, ...args: string[]): Promise<boolean> =>
  run(command, args).then(
    () => true,
    () => false,
  );
