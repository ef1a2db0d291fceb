import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { docs } from "./scripts/docs.ts";

const FIRST_LOAD_LIMIT = 350 * 1024;
const gateway = process.env.SYNCLINE_GATEWAY_URL ?? "http://127.0.0.1:18000";

/** Fails the build when what the first page needs (scripts, styles and the text font) is too much to download. */
function firstLoadBudget(): Plugin {
  return {
    name: "first-load-budget",
    generateBundle(_options, bundle) {
      const first = new Set<string>();
      const add = (name: string) => {
        const chunk = bundle[name];
        if (first.has(name) || !chunk) return;
        first.add(name);
        if (chunk.type !== "chunk") return;
        for (const style of chunk.viteMetadata?.importedCss ?? []) add(style);
        for (const imported of chunk.imports) add(imported);
      };
      for (const chunk of Object.values(bundle)) if (chunk.type === "chunk" && chunk.isEntry) add(chunk.fileName);
      for (const name of Object.keys(bundle)) if (/inter-latin-wght-normal/.test(name)) add(name);
      let bytes = 0;
      for (const name of first) {
        const item = bundle[name];
        const content = item?.type === "chunk" ? item.code : (item?.source ?? "");
        bytes += name.endsWith(".woff2") ? content.length : gzipSync(content).length;
      }
      const size = `first load: ${Math.round(bytes / 1024)} KB of ${FIRST_LOAD_LIMIT / 1024} KB compressed`;
      if (bytes > FIRST_LOAD_LIMIT) this.error(`${size}; load what is not needed at once with import()`);
      this.info(size);
    },
  };
}

/** Ships the API explorer's own files beside `public/explorer`, which uses them: it works without any other host. */
function explorer(): Plugin {
  return {
    name: "explorer",
    generateBundle() {
      for (const file of ["swagger-ui.css", "swagger-ui-bundle.js"]) {
        const source = readFileSync(new URL(`./node_modules/swagger-ui-dist/${file}`, import.meta.url));
        this.emitFile({ type: "asset", fileName: `explorer/${file}`, source });
      }
    },
  };
}

/** Lets the styles hold back nothing: what index.html shows is painted before they have come. `app/styles.ts` turns them on. */
function firstSight(): Plugin {
  return {
    name: "first-sight",
    transformIndexHtml: {
      order: "post",
      handler: (html) => html.replaceAll('<link rel="stylesheet"', '<link rel="preload" as="style"'),
    },
  };
}

export default defineConfig({
  plugins: [react(), firstLoadBudget(), firstSight(), explorer(), docs()],
  resolve: { alias: { "~": fileURLToPath(new URL("./src", import.meta.url)) } },
  // No data: addresses and no inline scripts: the gateway's content security policy allows neither.
  build: {
    outDir: "../services/gateway/syncline_gateway/web",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    cssTarget: "chrome123",
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
  worker: { format: "es" },
  server: { proxy: { "/api": { target: gateway, changeOrigin: false } } },
  test: { environment: "happy-dom", include: ["tests/**/*.test.{ts,tsx}"], globals: false, testTimeout: 60_000 },
});
