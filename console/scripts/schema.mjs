// Writes src/api/schema.d.ts from the gateway's OpenAPI document, when that has changed.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const [source, target] = [path("../../docs/openapi.json"), path("../src/api/schema.d.ts")];
if (!existsSync(target) || statSync(target).mtimeMs < statSync(source).mtimeMs) {
  const made = spawnSync("npx", ["openapi-typescript", source, "--output", target], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  process.exitCode = made.status ?? 1;
}
